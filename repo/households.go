package repo

import (
	"context"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"doorstep/domain"
)

// Rows of one household stand in household_pairs, in both directions. What lies over one
// of them (holds, plans, exclusions, advisories) lies over the others in every centre.

// pairsOf are the other rows of the household whose id follows.
const pairsOf = "SELECT other_id FROM household_pairs WHERE state = 'same' AND customer_id = "

// ofHousehold keeps what is of a customer (twice an argument) or another row of the household. As an
// array it is known before, so that PostgreSQL has an index for each side.
func (db *DB) ofHousehold(customer string) string {
	if db.pool != nil {
		return "(customer_id = " + customer + " OR customer_id = ANY(ARRAY(" + pairsOf + customer + ")))"
	}
	return "(customer_id = " + customer + " OR customer_id IN (" + pairsOf + customer + "))"
}

// ofHouseholds is ofHousehold for what is of the other rows alone; of says whose.
func (db *DB) ofHouseholds(of clause.Expr) string {
	text := "SELECT other_id FROM household_pairs WHERE state = 'same' AND " + of.SQL
	if db.pool != nil {
		return "customer_id = ANY(ARRAY(" + text + "))"
	}
	return "customer_id IN (" + text + ")"
}

// pair is another row of a household.
type pair struct{ CustomerID, OtherID domain.ID }

// whole is the household of which the one with an id (twice an argument) is a part, else that itself.
const whole = "coalesce((SELECT p.merged_into_id FROM customers p WHERE p.id = ?), ?)"

// readPairs makes the read of the other rows of households.
func (db *DB) readPairs(customers []domain.ID) (*step, *[]pair, error) {
	return query[pair](db.table("household_pairs").Where(db.in("customer_id", customers)).Where("state = 'same'"))
}

// untouched are pairs that nobody decided and over which nothing lies: they are found anew.
const untouched = "NOT decided AND state = 'same' AND " + nothingLies

// nothingLies are pairs over neither of which something lies, or lay.
const nothingLies = "NOT EXISTS (SELECT 1 FROM holds h WHERE h.kind = 'safety' AND (h.customer_id = household_pairs.customer_id OR " +
	"h.customer_id = household_pairs.other_id)) AND NOT EXISTS (SELECT 1 FROM exclusions x WHERE x.lifted_at IS NULL AND " +
	"(x.customer_id = household_pairs.customer_id OR x.customer_id = household_pairs.other_id)) AND NOT EXISTS (SELECT 1 FROM advisories a " +
	"WHERE a.customer_id = household_pairs.customer_id OR a.customer_id = household_pairs.other_id)"

// somethingLies are numbers of households over which something lies.
const somethingLies = "(EXISTS (SELECT 1 FROM holds h WHERE h.customer_id = contact_phones.customer_id AND h.kind = 'safety' AND (h.lifted_at IS " +
	"NULL OR CAST(h.plan AS text) <> '[]')) OR EXISTS (SELECT 1 FROM exclusions x WHERE x.customer_id = contact_phones.customer_id AND " +
	"x.lifted_at IS NULL) OR EXISTS (SELECT 1 FROM advisories a WHERE a.customer_id = contact_phones.customer_id AND a.status = 'approved'))"

// finds keeps the numbers by which a household is known to be another row: one that was struck says so only of a household
// over which something lies.
func finds(numbers string) string {
	return "(NOT " + numbers + ".struck OR " + strings.ReplaceAll(somethingLies, "contact_phones.", numbers+".") + ")"
}

// pairUp finds the other rows of a household: by a number that few use, by the same place. Of
// the number that too many use by now, those over which nothing lies are strangers again.
func (t *tx) pairUp(c domain.ID, fresh bool) error {
	// What lies over a number goes on lying over it whatever rows use it later; rows with one name at one place are one household.
	const users = "(SELECT count(DISTINCT coalesce((SELECT min(a.place_key) FROM sites a WHERE a.customer_id = u.id AND a.place_key <> '' AND " +
		"a.place_key NOT LIKE '~%') || '|' || u.name_key, CAST(u.id AS text))) FROM contact_phones q JOIN customers u ON u.id = q.customer_id WHERE q.phone = p.phone " +
		"AND NOT q.struck AND NOT EXISTS (SELECT 1 FROM contact_phones g JOIN holds h ON h.customer_id = g.customer_id WHERE g.phone = p.phone AND " +
		"h.kind = 'safety' AND (h.lifted_at IS NULL OR CAST(h.plan AS text) <> '[]') AND h.since < u.created_at))"
	if !fresh {
		if err := t.exec("DELETE FROM household_pairs WHERE (customer_id = ? OR other_id = ?) AND "+untouched, c, c); err != nil {
			return err
		}
	}
	if err := t.exec("DELETE FROM household_pairs WHERE why = 'phone' AND customer_id IN (SELECT customer_id FROM contact_phones p WHERE "+
		"p.phone IN (SELECT phone FROM contact_phones WHERE customer_id = ?) AND "+users+" = ?) AND NOT EXISTS (SELECT 1 FROM "+
		"contact_phones p JOIN contact_phones o ON o.phone = p.phone AND NOT o.struck AND NOT p.struck WHERE p.customer_id = household_pairs.customer_id AND "+
		"o.customer_id = household_pairs.other_id AND "+users+" <= ?) AND "+untouched, c, domain.SharedNumber+1,
		domain.SharedNumber); err != nil {
		return err
	}
	if err := t.exec("INSERT INTO household_pairs (customer_id, other_id, state, why, decided) SELECT DISTINCT p.customer_id, s.customer_id, "+
		"'same', 'place', FALSE FROM sites p JOIN sites s ON s.place_key = p.place_key AND s.customer_id <> p.customer_id WHERE "+
		"p.customer_id = ? AND p.place_key <> '' AND p.place_key NOT LIKE '~%' AND (p.place_key NOT LIKE '%||%' OR (SELECT "+
		"count(DISTINCT q.customer_id) FROM sites q WHERE q.place_key = p.place_key) <= ?) ON CONFLICT DO NOTHING", c,
		domain.SharedPlace); err != nil {
		return err
	}
	if err := t.exec("INSERT INTO household_pairs (customer_id, other_id, state, why, decided) SELECT DISTINCT p.customer_id, s.customer_id, "+
		"'same', 'place', FALSE FROM sites p JOIN former_places s ON s.place_key = p.place_key AND s.customer_id <> p.customer_id WHERE "+
		"p.customer_id = ? AND (p.place_key NOT LIKE '%||%' OR (SELECT count(DISTINCT q.customer_id) FROM sites q WHERE "+
		"q.place_key = p.place_key) < ?) ON CONFLICT DO NOTHING", c, domain.SharedPlace); err != nil {
		return err
	}
	if err := t.exec("INSERT INTO household_pairs (customer_id, other_id, state, why, decided) SELECT DISTINCT p.customer_id, s.customer_id, "+
		"'same', 'phone', FALSE FROM contact_phones p JOIN contact_phones s ON s.phone = p.phone AND s.customer_id <> p.customer_id WHERE "+
		"p.customer_id = ? AND "+finds("p")+" AND "+finds("s")+" AND "+users+" <= ? ON CONFLICT DO NOTHING", c, domain.SharedNumber); err != nil {
		return err
	}
	return t.exec("INSERT INTO household_pairs (customer_id, other_id, state, why, decided) SELECT other_id, customer_id, state, why, decided "+
		"FROM household_pairs WHERE customer_id = ? ON CONFLICT DO NOTHING", c)
}

// likeByWords is how many households are looked at whose address shares words and a number with that of another.
const likeByWords = 20

// LikeHouseholds lists up to ten others that may be the same household and of which nobody
// has said so: those over which something lies, or those with open jobs; and up to twenty more whose address
// shares words and a number, those that share most.
func (t *tx) LikeHouseholds(c *domain.Customer, open bool) ([]domain.ID, error) {
	text, args := "SELECT customer_id FROM contact_phones WHERE phone IN (SELECT phone FROM contact_phones WHERE customer_id = ?)",
		[]any{c.ID}
	var marked []string
	var marks []any
	for i := range c.Sites {
		s := &c.Sites[i]
		key, vague, from, to := s.PlaceKeys()
		text, args = text+" UNION SELECT customer_id FROM sites WHERE place_key = ? OR place_key = ? OR place_key >= ? AND place_key < ?",
			append(args, key, vague, from, to)
		if like := domain.PlaceLike(s.Address); like != domain.NoPlace {
			text, args = text+" UNION SELECT customer_id FROM sites WHERE place_like = ?", append(args, like)
		}
		if s.Lat != nil && s.Lon != nil {
			south, north, west, east := domain.Around(*s.Lat, *s.Lon, domain.NextDoor)
			text, args = text+" UNION SELECT customer_id FROM sites WHERE lat BETWEEN ? AND ? AND lon BETWEEN ? AND ?",
				append(args, south, north, west, east)
		}
		if list, postal := s.PlaceMarks(); len(list) > 0 {
			of := inText(t.db, "m.mark", list)
			marks = append(marks, of.Vars...)
			if postal != "" {
				of.SQL, marks = of.SQL+" AND m.postal IN ('', ?)", append(marks, postal)
			}
			marked = append(marked, of.SQL)
		}
	}
	others := "customers.id <> ? AND NOT EXISTS (SELECT 1 FROM household_pairs p WHERE p.customer_id = ? AND p.other_id = customers.id) AND "
	if open {
		others += "EXISTS (SELECT 1 FROM jobs j WHERE j.customer_id = customers.id AND j.status NOT IN ('closed', 'cancelled'))"
	} else {
		others += "(EXISTS (SELECT 1 FROM holds h WHERE h.customer_id = customers.id AND h.kind = 'safety' AND (h.lifted_at IS NULL OR " +
			"CAST(h.plan AS text) <> '[]')) OR EXISTS (SELECT 1 FROM advisories a WHERE a.customer_id = customers.id AND " +
			"a.status = 'approved') OR EXISTS (SELECT 1 FROM exclusions x JOIN flags f ON f.id = x.flag_id WHERE " +
			"x.customer_id = customers.id AND x.lifted_at IS NULL AND f.kind <> 'opt_out'))"
	}
	text = "SELECT id FROM (SELECT customers.id FROM customers WHERE customers.id IN (" + text + ") AND " + others +
		" ORDER BY created_at, customers.id LIMIT 10) a"
	args = append(args, c.ID, c.ID)
	if len(marked) > 0 {
		text += " UNION SELECT id FROM (SELECT customers.id FROM place_marks m JOIN sites s ON s.id = m.site_id JOIN customers ON customers.id = " +
			"s.customer_id WHERE (" + strings.Join(marked, " OR ") + ") AND " + others + " GROUP BY customers.id ORDER BY count(*) DESC, " +
			"customers.id LIMIT ?) b"
		args = append(append(args, marks...), c.ID, c.ID, likeByWords)
	}
	rows, err := all[idRow](t, t.table("customers").Raw(text+" ORDER BY id", args...))
	return ids(rows), err
}

// markPlaces writes what the sites of a household are found by where their words alone may be the same.
func (t *tx) markPlaces(sites []domain.Site, fresh bool) error {
	for i := range sites {
		s := &sites[i]
		if !fresh {
			if err := t.exec("DELETE FROM place_marks WHERE site_id = ?", s.ID); err != nil {
				return err
			}
		}
		marks, postal := s.PlaceMarks()
		if len(marks) == 0 {
			continue
		}
		var args []any
		for _, m := range marks {
			args = append(args, s.ID, m, postal)
		}
		if err := t.exec("INSERT INTO place_marks (site_id, mark, postal) VALUES (?, ?, ?)"+strings.Repeat(", (?, ?, ?)", len(marks)-1),
			args...); err != nil {
			return err
		}
	}
	return nil
}

// fillPlaces writes the keys of places that are not there yet, and finds who is who.
func (db *DB) fillPlaces(ctx context.Context) error {
	for {
		var homes []domain.ID
		err := db.InTx(ctx, func(dtx domain.Tx) error {
			t := dtx.(*tx)
			rows, err := all[siteRow](t, t.table("sites").Where("place_key = '' OR place_like = ''").Order("customer_id").Limit(fillChunk))
			homes = homes[:0]
			for i := range rows {
				s := &rows[i].Site
				if err == nil {
					err = t.exec("UPDATE sites SET place_key = ?, place_like = ? WHERE id = ?", domain.PlaceKey(s.Address, s.PostalCode),
						domain.PlaceLike(s.Address), s.ID)
				}
				if err == nil {
					err = t.markPlaces([]domain.Site{*s}, false)
				}
				if n := len(homes); n == 0 || homes[n-1] != s.CustomerID {
					homes = append(homes, s.CustomerID)
				}
			}
			for _, id := range homes {
				if err == nil {
					err = t.pairUp(id, true)
				}
			}
			return err
		})
		if err != nil || len(homes) == 0 {
			return err
		}
	}
}

// heldCustomers keeps the ids of jobs of other rows of households over which a hold lies.
func heldCustomers(q *gorm.DB, open string, kind any) *gorm.DB {
	return q.Where("id IN (SELECT job_id FROM holds WHERE "+open+
		" UNION SELECT jobs.id FROM jobs JOIN holds ON holds.customer_id = jobs.customer_id AND "+open+
		" UNION SELECT jobs.id FROM holds JOIN household_pairs p ON p.other_id = holds.customer_id AND p.state = 'same' "+
		"JOIN jobs ON jobs.customer_id = p.customer_id WHERE "+open+
		" UNION SELECT jobs.id FROM jobs JOIN holds ON holds.site_id = jobs.site_id AND "+open+")", kind, kind, kind, kind)
}

// forAll gives each of the customers also the exclusions from the other rows of its household.
func (r *reader) forAll(ctx context.Context, apart []domain.Exclusion, customers []domain.ID) ([]domain.Exclusion, error) {
	if len(apart) == 0 {
		return apart, nil
	}
	read, pairs, err := r.db.readPairs(customers)
	if err == nil {
		err = translate(r.send(ctx, read))
	}
	out := slices.Clone(apart)
	for _, p := range *pairs {
		for _, x := range apart {
			if x.CustomerID == p.OtherID {
				x.CustomerID = p.CustomerID
				out = append(out, x)
			}
		}
	}
	return out, err
}

func (t *tx) PairHouseholds(one, other domain.ID, state, why string, decided bool) error {
	clear(t.ahead.holds)
	return t.exec("INSERT INTO household_pairs (customer_id, other_id, state, why, decided) VALUES (?, ?, ?, ?, ?), (?, ?, ?, ?, ?) "+
		"ON CONFLICT (customer_id, other_id) DO UPDATE SET state = excluded.state, why = excluded.why, decided = excluded.decided",
		one, other, state, why, decided, other, one, state, why, decided)
}

func (t *tx) LockHouseholdQuestion(id domain.ID) (*domain.HouseholdQuestion, error) {
	return single[domain.HouseholdQuestion](t, "household question", lock(t.table("household_questions").Where("id = ?", id)))
}

func (t *tx) HouseholdQuestionsOf(customer domain.ID) ([]domain.HouseholdQuestion, error) {
	return all[domain.HouseholdQuestion](t, t.table("household_questions").Where("customer_id = ? AND status = 'asked'", customer).
		Order("created_at, id"))
}

func (t *tx) InsertHouseholdQuestion(q *domain.HouseholdQuestion) error {
	return t.insert("household_questions", q)
}

func (t *tx) SaveHouseholdQuestion(q *domain.HouseholdQuestion) error {
	return t.save("household_questions", &q.Meta, q)
}

func (r *reader) HouseholdQuestions(ctx context.Context, a domain.Actor, status string, p domain.Page) ([]domain.HouseholdQuestion, error) {
	q := r.db.table("household_questions")
	if !a.Is(domain.RoleAreaManager, domain.RoleAdmin) {
		q = q.Where(never)
	} else if a.Role == domain.RoleAreaManager {
		in := r.db.in("area_id", a.Scope().AreaIDs)
		q = q.Where("(climbed OR "+in.SQL+" OR EXISTS (?))", in.Vars[0], r.flags(a).Select("1").Where("flags.id = household_questions.flag_id"))
	}
	if status != "" {
		q = q.Where("status = ?", status)
	}
	return paged[domain.HouseholdQuestion](ctx, r, q, "household_questions", p)
}
