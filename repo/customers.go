package repo

import (
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"doorstep/domain"
)

// customerRow is a customer without their people and places, and with the key
// by which their name is found.
type customerRow struct {
	domain.Meta
	Name               string
	NameKey            string
	Language           string
	RegisteredCentreID *domain.ID
	MergedIntoID       *domain.ID
	NumberChanges      domain.JSONList[domain.NumberChange]
}

type siteRow struct {
	domain.Site
	Position  int
	PlaceKey  string // see domain.PlaceKey
	PlaceLike string
}

// nameKey is how names are compared; the same on both engines.
func nameKey(name string) string { return strings.ToLower(name) }

func newCustomerRow(c *domain.Customer) *customerRow {
	return &customerRow{Meta: c.Meta, Name: c.Name, NameKey: nameKey(c.Name), Language: c.Language, RegisteredCentreID: c.RegisteredCentreID,
		MergedIntoID: c.MergedIntoID, NumberChanges: c.NumberChanges}
}

// customerSteps reads the people and places of customers.
func customerSteps(db *DB, of clause.Expression) (steps []*step, join func([]customerRow) []domain.Customer, err error) {
	contacts, people, err := query[domain.Contact](db.table("contacts").Where(of).Order("customer_id, position, id"))
	if err != nil {
		return nil, nil, err
	}
	sites, places, err := query[siteRow](db.table("sites").Where(of).Order("customer_id, position, id"))
	if err != nil {
		return nil, nil, err
	}
	join = func(rows []customerRow) []domain.Customer { return joinCustomers(rows, *people, *places) }
	return []*step{contacts, sites}, join, nil
}

// joinCustomers joins customers with their people and places.
func joinCustomers(rows []customerRow, people []domain.Contact, places []siteRow) []domain.Customer {
	at := make(map[domain.ID]int, len(rows))
	out := make([]domain.Customer, len(rows))
	for i, r := range rows {
		at[r.ID] = i
		out[i] = domain.Customer{Meta: r.Meta, Name: r.Name, Language: r.Language, RegisteredCentreID: r.RegisteredCentreID,
			MergedIntoID: r.MergedIntoID, NumberChanges: r.NumberChanges, Contacts: []domain.Contact{}, Sites: []domain.Site{}}
	}
	for _, c := range people {
		if i, ok := at[c.CustomerID]; ok {
			out[i].Contacts = append(out[i].Contacts, c)
		}
	}
	for _, s := range places {
		if i, ok := at[s.CustomerID]; ok {
			out[i].Sites = append(out[i].Sites, s.Site)
		}
	}
	return out
}

// customer reads a whole customer in one flight; name is that of the query of
// its head.
func (t *tx) customer(name string, head func(*gorm.DB) *gorm.DB, id domain.ID) (*domain.Customer, error) {
	first, rows, err := known[customerRow](t.db, name, func(q *gorm.DB) *gorm.DB { return head(q).Where("id = ?", id) }, "customers", id)
	if err != nil {
		return nil, err
	}
	of := func(q *gorm.DB) *gorm.DB { return q.Where("customer_id = ?", id).Order("customer_id, position, id") }
	second, people, err := known[domain.Contact](t.db, "contacts of customer", of, "contacts", id)
	if err != nil {
		return nil, err
	}
	third, places, err := known[siteRow](t.db, "sites of customer", of, "sites", id)
	if err != nil {
		return nil, err
	}
	if err := t.send(first, second, third); err != nil {
		return nil, err
	}
	if len(*rows) == 0 {
		return nil, domain.NotFound("customer")
	}
	return &joinCustomers(*rows, *people, *places)[0], nil
}

func (t *tx) Customer(id domain.ID) (*domain.Customer, error) {
	if c, ok := t.ahead.made[id]; ok {
		return copyOf(&c), nil
	}
	if c, ok := take(t.ahead.customers, id); ok {
		return &c, nil
	}
	return t.customer("customer", func(q *gorm.DB) *gorm.DB { return q }, id)
}

func (t *tx) LockCustomer(id domain.ID) (*domain.Customer, error) {
	if c, ok := t.ahead.made[id]; ok { // nobody else sees it yet
		return copyOf(&c), nil
	}
	return t.customer("lock.customer", lock, id)
}

func (t *tx) InsertCustomer(c *domain.Customer) error {
	if err := t.insert("customers", newCustomerRow(c)); err != nil {
		return err
	}
	if c.RegisteredCentreID != nil {
		if err := t.show(c.ID, *c.RegisteredCentreID); err != nil {
			return err
		}
	}
	if err := t.putCustomer(c); err != nil {
		return err
	}
	t.ahead.made[c.ID] = *copyOf(c)
	return nil
}

// copyOf is a customer that may be changed while the other stays.
func copyOf(c *domain.Customer) *domain.Customer {
	out := *c
	out.Contacts, out.Sites = slices.Clone(c.Contacts), slices.Clone(c.Sites)
	for i := range out.Contacts {
		out.Contacts[i].Phones, out.Contacts[i].InvalidPhones = slices.Clone(out.Contacts[i].Phones), slices.Clone(out.Contacts[i].InvalidPhones)
	}
	return &out
}

// show lets a centre see a customer.
func (t *tx) show(customer, centre domain.ID) error {
	return t.exec("INSERT INTO customer_centres (customer_id, centre_id, created_at) SELECT id, ?, created_at FROM customers WHERE id = ? ON CONFLICT DO NOTHING", centre, customer)
}

func (t *tx) SaveCustomer(c *domain.Customer) error {
	clear(t.ahead.customers)
	clear(t.ahead.made)
	row := newCustomerRow(c)
	if err := t.save("customers", &row.Meta, row); err != nil {
		return err
	}
	c.Version = row.Version
	t.customerChanged(c.ID, c.Meta)
	if err := t.putCustomer(c); err != nil {
		return err
	}
	people, places := make([]domain.ID, len(c.Contacts)), make([]domain.ID, len(c.Sites))
	for i := range c.Contacts {
		people[i] = c.Contacts[i].ID
	}
	for i := range c.Sites {
		places[i] = c.Sites[i].ID
	}
	if len(people) > 0 && c.MergedIntoID == nil { // of people who go, see putCustomer
		args := []any{people[0], c.ID}
		for _, id := range people {
			args = append(args, id)
		}
		if err := t.exec("INSERT INTO contact_phones (contact_id, phone, customer_id, struck) SELECT contacts.id, contact_phones.phone, "+
			"contact_phones.customer_id, min(CAST(contact_phones.struck AS integer)) = 1 FROM contact_phones JOIN contacts ON contacts.id = ? WHERE contact_phones.customer_id = ? AND "+
			"contact_phones.contact_id NOT IN (?"+strings.Repeat(", ?", len(people)-1)+") AND "+somethingLies+" GROUP BY contacts.id, "+
			"contact_phones.phone, contact_phones.customer_id ON CONFLICT DO NOTHING",
			args...); err != nil {
			return err
		}
	}
	gone := t.table("contacts").Where("customer_id = ?", c.ID).Not(t.db.in("id", people)).
		Where("NOT EXISTS (SELECT 1 FROM jobs WHERE contact_id = contacts.id)").
		Where("NOT EXISTS (SELECT 1 FROM attempts WHERE contact_id = contacts.id)")
	if err := t.write(gone.Delete(nil), nil); err != nil {
		return err
	}
	gone = t.table("sites").Where("customer_id = ?", c.ID).Not(t.db.in("id", places)).
		Where("NOT EXISTS (SELECT 1 FROM jobs WHERE site_id = sites.id)").
		Where("NOT EXISTS (SELECT 1 FROM appliances WHERE site_id = sites.id)").
		Where("NOT EXISTS (SELECT 1 FROM holds WHERE site_id = sites.id)").
		Where("NOT EXISTS (SELECT 1 FROM flags WHERE site_id = sites.id)")
	return t.write(gone.Delete(nil), nil)
}

// putCustomer writes contacts, sites, the index of numbers and what the household is looked for by.
func (t *tx) putCustomer(c *domain.Customer) error {
	fresh := c.Version == 1
	if !fresh {
		// What lies over a household goes on lying over the numbers that it had.
		if err := t.exec("DELETE FROM contact_phones WHERE customer_id = ? AND NOT ("+somethingLies+")", c.ID); err != nil {
			return err
		}
		lies := strings.ReplaceAll(somethingLies, "contact_phones.", "sites.") // and over its places
		if err := t.exec("INSERT INTO former_places (customer_id, place_key) SELECT customer_id, place_key FROM sites WHERE customer_id = ? AND "+
			"place_key NOT LIKE '~%' AND "+lies+" ON CONFLICT DO NOTHING", c.ID); err != nil {
			return err
		}
	}
	if err := t.putCustomerText(c); err != nil {
		return err
	}
	for i := range c.Contacts {
		p := &c.Contacts[i]
		p.CustomerID, p.Position = c.ID, i
		if err := t.put("contacts", p, "name", "relation", "phones", "email", "language", "voice_only", "position", "struck"); err != nil {
			return err
		}
		known := map[string]bool{}
		for k, n := range slices.Concat(p.Phones, p.InvalidPhones) {
			if !known[n] && c.MergedIntoID == nil { // else it is found by what it is part of
				known[n] = true
				then := "NOTHING"
				if k < len(p.Phones) {
					then = "UPDATE SET struck = FALSE"
				}
				if err := t.exec("INSERT INTO contact_phones (contact_id, phone, customer_id, struck) VALUES (?, ?, ?, ?) ON CONFLICT "+
					"(contact_id, phone) DO "+then, p.ID, n, c.ID, k >= len(p.Phones)); err != nil {
					return err
				}
			}
		}
	}
	for i := range c.Sites {
		s := &c.Sites[i]
		s.CustomerID = c.ID
		if err := t.put("sites", &siteRow{*s, i, domain.PlaceKey(s.Address, s.PostalCode), domain.PlaceLike(s.Address)}, "label", "address",
			"landmark", "postal_code", "zone",
			"lat", "lon", "occupant",
			"position", "place_key", "place_like"); err != nil {
			return err
		}
	}
	if err := t.markPlaces(c.Sites, fresh); err != nil {
		return err
	}
	if c.MergedIntoID != nil {
		return nil
	}
	return t.pairUp(c.ID, fresh)
}

// put writes a row of a customer: new, or over the one with its id. A row of
// another customer is left alone and refused.
func (t *tx) put(table string, row any, columns ...string) error {
	return t.insertOver(table, row, &clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.AssignmentColumns(columns),
		Where: clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: table + ".customer_id = excluded.customer_id"}}}},
		domain.IDTaken())
}

func (t *tx) CustomersByPhone(phone string, struck bool) ([]domain.ID, error) {
	rows, err := all[idRow](t, t.table("customers").Where("id IN (SELECT customer_id FROM contact_phones WHERE phone = ? AND (NOT struck OR ?))",
		phone, struck).Order("created_at, id"))
	return ids(rows), err
}

func (t *tx) Appliance(id domain.ID) (*domain.Appliance, error) {
	if a, ok := t.ahead.appliances[id]; ok {
		return &a, nil
	}
	return single[domain.Appliance](t, "appliance", t.table("appliances").Where("id = ?", id))
}

func (t *tx) InsertAppliance(a *domain.Appliance) error {
	t.ahead.appliances[a.ID] = *a
	t.customerChanged(a.CustomerID, a.Meta)
	return t.insert("appliances", a)
}

func (t *tx) SaveAppliance(a *domain.Appliance) error {
	clear(t.ahead.appliances)
	t.customerChanged(a.CustomerID, a.Meta)
	return t.save("appliances", &a.Meta, a)
}
