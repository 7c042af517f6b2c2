package repo

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"doorstep/domain"
)

// accepted is the outcome of a dispatch that must not be repeated.
const accepted = "accepted"

// Deliveries loads pending notices with everything a sender needs; the number of
// statements does not grow with theirs.
func (db *DB) Deliveries(ctx context.Context, ids []domain.ID) ([]domain.Delivery, error) {
	r := db.reader()
	notices, err := list[domain.Notice](ctx, r, db.table("notices").Where("state = 'pending' AND NOT waits").Where(db.in("id", ids)).
		Order("created_at, id"))
	if err != nil || len(notices) == 0 {
		return []domain.Delivery{}, err
	}
	around, err := db.aroundNotices(ctx, r, notices)
	if err != nil {
		return nil, err
	}
	calls, err := db.alarmCalls(ctx, r, notices)
	if err != nil {
		return nil, err
	}
	out := make([]domain.Delivery, len(notices))
	for i := range notices {
		out[i] = around.delivery(&notices[i])
		out[i].Call = calls[notices[i].ID]
	}
	return out, nil
}

// aroundNotices is what the deliveries of some notices are made of.
type aroundNotices struct {
	devices  *[]domain.Device
	done     *[]domain.Dispatch
	links    *[]domain.Link
	contacts *[]domain.Contact
	changes  *[]changedNumbers
	wanted   *[]wantedContact
	phones   *[]staffPhone
}

// changedNumbers are those of a household that staff changed.
type changedNumbers struct {
	ID            domain.ID
	NumberChanges domain.JSONList[domain.NumberChange]
}

// wantedContact is whom a job wants reached first.
type wantedContact struct{ ID, ContactID *domain.ID }

// staffPhone is where a code for a user goes as a text.
type staffPhone struct {
	ID    domain.ID
	Phone string
}

func (db *DB) aroundNotices(ctx context.Context, r *reader, notices []domain.Notice) (*aroundNotices, error) {
	var users, customers, jobs, pendingIDs []domain.ID
	for i := range notices {
		n := &notices[i]
		pendingIDs = append(pendingIDs, n.ID)
		if n.UserID != nil {
			users = append(users, *n.UserID)
		}
		if n.CustomerID != nil {
			customers = append(customers, *n.CustomerID)
		}
		if n.JobID != nil {
			jobs = append(jobs, *n.JobID)
		}
	}
	out := &aroundNotices{phones: &[]staffPhone{}}
	var steps []*step
	u, c := db.in("user_id", users), db.in("customer_id", customers)
	taken := db.table("dispatches").Where("outcome = ? AND (installation_id IS NOT NULL OR channel = ?)", accepted, domain.AlarmChannel)
	err := errors.Join(
		ask(&steps, &out.devices, db.table("devices").Where("dropped_at IS NULL AND ("+u.SQL+" OR "+c.SQL+")", u.Vars[0],
			c.Vars[0]).Order("created_at, installation_id")),
		ask(&steps, &out.done, taken.Where(db.in("notice_id", pendingIDs))),
		ask(&steps, &out.links, db.table("links").Where("revoked_at IS NULL").Where(db.in("job_id", jobs))),
		ask(&steps, &out.contacts, db.table("contacts").Where(db.in("customer_id", customers)).Order("customer_id, position, id")),
		ask(&steps, &out.changes, db.table("customers").Where(db.in("id", customers))),
		ask(&steps, &out.wanted, db.table("jobs").Where("contact_id IS NOT NULL").Where(db.in("id", jobs))))
	if err == nil && slices.ContainsFunc(notices, func(n domain.Notice) bool { return n.Kind == domain.NoticeAccountCode }) {
		err = ask(&steps, &out.phones, db.table("users").Where("NOT disabled").Where(db.in("id", users)))
	}
	if err != nil {
		return nil, err
	}
	if err := r.send(ctx, steps...); err != nil {
		return nil, translate(err)
	}
	return out, nil
}

// ask adds a statement by keys to the steps; its rows are there once they are
// sent.
func ask[T any](steps *[]*step, rows **[]T, q *gorm.DB) error {
	s, found, err := query[T](q)
	if err != nil {
		return err
	}
	s.byKey = true
	*steps, *rows = append(*steps, s), found
	return nil
}

// delivery is a notice with what of it is to be sent where.
func (around *aroundNotices) delivery(n *domain.Notice) domain.Delivery {
	d := domain.Delivery{Notice: *n, Devices: []domain.Device{}, Delivered: []domain.ID{}}
	for _, dev := range *around.devices {
		if same(dev.UserID, n.UserID) || same(dev.CustomerID, n.CustomerID) {
			d.Devices = append(d.Devices, dev)
		}
	}
	for _, x := range *around.done {
		switch {
		case x.NoticeID != n.ID:
		case x.InstallationID != nil:
			d.Delivered = append(d.Delivered, *x.InstallationID)
		default:
			d.Called = true
		}
	}
	if n.WithLink && n.JobID != nil {
		for k := range *around.links {
			if l := &(*around.links)[k]; l.JobID == *n.JobID && l.Read() {
				d.ReadLink = l
			} else if l.JobID == *n.JobID {
				d.Link = l
			}
		}
	}
	if n.CustomerID != nil {
		for _, w := range *around.wanted {
			if same(w.ID, n.JobID) {
				d.First = w.ContactID
			}
		}
		d.Household = around.household(*n.CustomerID)
	}
	if n.Kind == domain.NoticeAccountCode {
		for _, u := range *around.phones {
			if same(&u.ID, n.UserID) {
				d.TextTo = u.Phone
			}
		}
	}
	return d
}

// alarmCalls are what the alarm webhook is told, by notice. Names and numbers
// are read when a ring goes out and kept nowhere.
func (db *DB) alarmCalls(ctx context.Context, r *reader, notices []domain.Notice) (map[domain.ID]*domain.AlarmCall, error) {
	out := map[domain.ID]*domain.AlarmCall{}
	var alarms, users []domain.ID
	for i := range notices {
		n := &notices[i]
		if !domain.CallsGateway(n.Kind) || n.UserID == nil {
			continue
		}
		id, err := uuid.Parse(n.Data.V["sos_id"])
		if err != nil {
			continue
		}
		round, _ := strconv.Atoi(n.Data.V["round"])
		tier, _ := strconv.Atoi(n.Data.V["tier"])
		out[n.ID] = &domain.AlarmCall{SOS: id, Round: round, Tier: tier, UserID: *n.UserID, Language: n.Language}
		alarms, users = append(alarms, id), append(users, *n.UserID)
	}
	if len(out) == 0 {
		return out, nil
	}
	// No more than is told: a row of which something else cannot be read holds up
	// no ring.
	type where struct {
		ID, CentreID, AreaID *domain.ID
		Country              string
	}
	rung, err := list[where](ctx, r, db.table("sos").Where(db.in("id", alarms)))
	if err != nil {
		return nil, err
	}
	type person struct {
		ID          domain.ID
		Name, Phone string
		Role        domain.Role
	}
	people, err := list[person](ctx, r, db.table("users").Where(db.in("id", users)))
	if err != nil {
		return nil, err
	}
	var centres, areas []domain.ID
	for i := range rung {
		if rung[i].CentreID != nil {
			centres = append(centres, *rung[i].CentreID)
		}
		if rung[i].AreaID != nil {
			areas = append(areas, *rung[i].AreaID)
		}
	}
	type named struct {
		ID   domain.ID
		Name string
	}
	names := map[domain.ID]string{}
	for table, ids := range map[string][]domain.ID{"centres": centres, "areas": areas} {
		if len(ids) == 0 {
			continue
		}
		rows, err := list[named](ctx, r, db.table(table).Where(db.in("id", ids)))
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			names[row.ID] = row.Name
		}
	}
	for _, c := range out {
		for i := range rung {
			if x := &rung[i]; same(x.ID, &c.SOS) {
				c.EmergencyNumber = domain.EmergencyNumber(x.Country)
				if x.CentreID != nil {
					c.Centre = names[*x.CentreID]
				}
				if x.AreaID != nil {
					c.Area = names[*x.AreaID]
				}
			}
		}
		for i := range people {
			if u := &people[i]; u.ID == c.UserID {
				c.Name, c.Role, c.Phone = u.Name, u.Role, u.Phone
			}
		}
	}
	return out, nil
}

func same(a, b *domain.ID) bool { return a != nil && b != nil && *a == *b }

// household is one with its numbers.
func (around *aroundNotices) household(id domain.ID) *domain.Customer {
	c := &domain.Customer{Meta: domain.Meta{ID: id}}
	for _, x := range *around.contacts {
		if x.CustomerID == id {
			c.Contacts = append(c.Contacts, x)
		}
	}
	for _, x := range *around.changes {
		if x.ID == id {
			c.NumberChanges = x.NumberChanges
		}
	}
	return c
}

// Record writes what came of a run. A state is set on pending notices only: a
// withdrawn one stays withdrawn.
func (db *DB) Record(ctx context.Context, r domain.DeliveryRecord) error {
	return db.inTx(ctx, func(t *tx) error {
		if err := insertAll(t, "dispatches", r.Dispatches); err != nil {
			return err
		}
		for id, why := range r.Drop {
			if err := t.DropDevice(id, why, r.At); err != nil {
				return err
			}
		}
		byState := map[string][]domain.ID{}
		for id, state := range r.States {
			byState[state] = append(byState[state], id)
		}
		for state, ids := range byState {
			if err := t.write(t.table("notices").Where("state = ?", pending).Where(t.db.in("id", ids)).Update("state", state), nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// PendingNotices counts what is not yet done and not expired at now.
func (db *DB) PendingNotices(ctx context.Context, now time.Time) (int, error) {
	type count struct{ N int }
	rows, err := list[count](ctx, db.reader(), db.table("notices").
		Raw("SELECT count(*) AS n FROM notices WHERE state = 'pending' AND NOT waits AND expires_at > ?", now))
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	return rows[0].N, nil
}
