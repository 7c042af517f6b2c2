package repo

import (
	"slices"
	"strings"
	"time"

	"doorstep/domain"
)

// What names a household beside its jobs. What hangs on a job follows that; the rest is noted row by row.
var (
	namesHousehold = []string{"appliances.customer_id", "holds.customer_id", "flags.customer_id", "exclusions.customer_id",
		"advisories.customer_id", "maintenance.customer_id", "customers.merged_into_id"}
	namesSite     = []string{"appliances.site_id", "holds.site_id", "flags.site_id", "advisories.site_id", "maintenance.site_id"}
	hangsOnJob    = []string{"visits", "attempts", "disputes", "promises", "thanks", "link_requests", "notices"}
	withVersion   = []string{"visits", "disputes", "promises", "thanks", "link_requests", "appliances", "flags", "advisories", "maintenance"}
	hangsOnFlag   = []string{"holds", "exclusions"}
	hangsOnPlace  = []string{"appliances", "maintenance"}
	namesQuestion = [][2]string{{"customer_id", "other_id"}, {"other_id", "customer_id"}}
)

func (t *tx) HouseholdPair(one, other domain.ID) (string, bool, error) {
	type row struct {
		State   string
		Decided bool
	}
	rows, err := all[row](t, t.table("household_pairs").Where("customer_id = ? AND other_id = ?", one, other))
	if err != nil || len(rows) == 0 {
		return "", false, err
	}
	return rows[0].State, rows[0].Decided, nil
}

func (t *tx) JobsOfHouseholds(customers ...domain.ID) ([]domain.ID, error) {
	rows, err := all[idRow](t, t.table("jobs").Where(t.db.in("customer_id", customers)).Order("id"))
	return ids(rows), err
}

// rename lets rows that name one id name another, and gives them.
func (t *tx) rename(what string, from, to domain.ID, where string, args ...any) (domain.MovedRows, error) {
	table, column, _ := strings.Cut(what, ".")
	q := t.table(table).Raw("UPDATE "+table+" SET "+column+" = ?"+bump(table)+" WHERE "+column+" = ? AND "+where+" RETURNING id",
		append([]any{to, from}, args...)...)
	rows, err := all[idRow](t, q)
	return domain.MovedRows{What: what, From: from, To: to, IDs: ids(rows)}, err
}

func bump(table string) string {
	if slices.Contains(withVersion, table) {
		return ", version = version + 1"
	}
	return ""
}

// takeAll lets the rows of jobs, contacts and sites be of a household.
func (t *tx) takeAll(to domain.ID, jobs, contacts, sites []domain.ID) error {
	in := func(table, key string, list []domain.ID, and string) error {
		of := t.db.in(key, list)
		return t.exec("UPDATE "+table+" SET customer_id = ?"+bump(table)+" WHERE "+of.SQL+and, to, of.Vars[0])
	}
	for _, table := range hangsOnJob {
		and := ""
		if table == "notices" { // what was sent is nobody's to read any more
			and = " AND customer_id IS NOT NULL AND state = 'pending'"
		}
		if err := in(table, "job_id", jobs, and); err != nil {
			return err
		}
	}
	if err := in("search_texts", "job_id", jobs, ""); err != nil {
		return err
	}
	of := t.db.in("job_id", jobs)
	if err := t.exec("UPDATE devices SET customer_id = ? WHERE customer_id IS NOT NULL AND link_id IN (SELECT id FROM links WHERE "+of.SQL+")",
		to, of.Vars[0]); err != nil {
		return err
	}
	if err := in("contacts", "id", contacts, ""); err != nil {
		return err
	}
	return in("sites", "id", sites, "")
}

func (t *tx) MoveHousehold(part, into domain.ID, m *domain.HouseholdMoved) error {
	t.ahead = newAhead()
	t.customerChanged(into, domain.Meta{UpdatedAt: time.Unix(0, 0).UTC()})
	move := func(what string, from, to domain.ID, where string, args ...any) error {
		rows, err := t.rename(what, from, to, where, args...)
		if len(rows.IDs) > 0 {
			m.Rows = append(m.Rows, rows)
		}
		return err
	}
	for _, what := range namesHousehold {
		if err := move(what, part, into, "1 = 1"); err != nil {
			return err
		}
	}
	for from, to := range m.Twins {
		for _, what := range append(slices.Clone(namesSite), "attempts.contact_id") {
			if err := move(what, from, to, "1 = 1"); err != nil {
				return err
			}
		}
	}
	var moved []domain.ID // of questions; one between the two stays as it was asked
	for _, q := range namesQuestion {
		own := t.db.in("id", moved)
		rows, err := t.rename("household_questions."+q[0], part, into, "("+q[1]+" <> ? OR "+own.SQL+")", into, own.Vars[0])
		if err != nil {
			return err
		}
		m.Rows, moved = append(m.Rows, rows), rows.IDs
	}
	stays := func(id domain.ID) bool { _, twin := m.Twins[id]; return twin }
	if err := t.takeAll(into, m.Jobs, slices.DeleteFunc(slices.Clone(m.Contacts), stays),
		slices.DeleteFunc(slices.Clone(m.Sites), stays)); err != nil {
		return err
	}
	fresh, err := all[otherRow](t, t.table("customer_centres").Raw("INSERT INTO customer_centres (customer_id, centre_id, created_at) SELECT "+
		"?, centre_id, created_at FROM customer_centres WHERE customer_id = ? ON CONFLICT DO NOTHING RETURNING centre_id AS other_id", into,
		part))
	if err != nil {
		return err
	}
	// What is known of the part and others is known of the whole; the same household goes before a doubt.
	known, err := all[otherRow](t, t.table("household_pairs").Raw("INSERT INTO household_pairs (customer_id, other_id, state, why, decided) "+
		"SELECT ?, other_id, state, 'merged', decided FROM household_pairs WHERE customer_id = ? AND other_id <> ? ON CONFLICT "+
		"(customer_id, other_id) DO UPDATE SET state = 'same', why = 'merged', decided = excluded.decided WHERE excluded.state = 'same' AND "+
		"household_pairs.state <> 'same' RETURNING other_id", into, part, into))
	if err != nil {
		return err
	}
	m.Rows = append(m.Rows, domain.MovedRows{What: "customer_centres", IDs: others(fresh)},
		domain.MovedRows{What: "household_pairs", IDs: append(others(known), part)})
	return t.exec("INSERT INTO household_pairs (customer_id, other_id, state, why, decided) SELECT other_id, customer_id, state, why, decided "+
		"FROM household_pairs WHERE customer_id = ? AND why = 'merged' ON CONFLICT (customer_id, other_id) DO UPDATE SET "+
		"state = excluded.state, why = excluded.why, decided = excluded.decided", into)
}

type otherRow struct{ OtherID domain.ID }

func others(rows []otherRow) []domain.ID {
	out := make([]domain.ID, len(rows))
	for i := range rows {
		out[i] = rows[i].OtherID
	}
	return out
}

func (t *tx) PartHousehold(part, into domain.ID, m *domain.HouseholdMoved, jobs []domain.ID) error {
	t.ahead = newAhead()
	t.customerChanged(part, domain.Meta{UpdatedAt: time.Unix(0, 0).UTC()})
	t.customerChanged(into, domain.Meta{UpdatedAt: time.Unix(0, 0).UTC()})
	for _, r := range slices.Backward(m.Rows) {
		var err error
		own, back, other := t.db.in("id", r.IDs), t.db.in("j.id", jobs), t.db.in("other_id", r.IDs)
		switch r.What {
		case "customer_centres":
			own = t.db.in("centre_id", r.IDs)
			err = t.exec("DELETE FROM customer_centres WHERE customer_id = ? AND "+own.SQL+" AND NOT EXISTS (SELECT 1 FROM jobs j WHERE "+
				"j.customer_id = ? AND j.centre_id = customer_centres.centre_id AND NOT ("+back.SQL+"))", into, own.Vars[0], into, back.Vars[0])
		case "household_pairs": // where the merge alone made them one; what they share is found anew
			own = t.db.in("customer_id", r.IDs)
			err = t.exec("DELETE FROM household_pairs WHERE why = 'merged' AND (customer_id = ? AND "+other.SQL+" OR other_id = ? AND "+own.SQL+
				")", into, other.Vars[0], into, own.Vars[0])
		default:
			_, err = t.rename(r.What, r.To, r.From, own.SQL, own.Vars...)
		}
		if err != nil {
			return err
		}
	}
	if err := t.takeAll(part, jobs, m.Contacts, m.Sites); err != nil {
		return err
	}
	people := t.db.in("contact_id", m.Contacts) // its numbers and places were the other's by the merge alone
	if err := t.exec("DELETE FROM contact_phones WHERE customer_id = ? AND "+people.SQL, into, people.Vars[0]); err != nil {
		return err
	}
	if err := t.exec("DELETE FROM former_places WHERE customer_id = ? AND place_key IN (SELECT place_key FROM sites WHERE customer_id = ?)",
		into, part); err != nil {
		return err
	}
	at, of := t.db.in("site_id", m.Sites), t.db.in("job_id", jobs)
	for _, table := range hangsOnPlace {
		if _, err := t.rename(table+".customer_id", into, part, at.SQL, at.Vars...); err != nil {
			return err
		}
	}
	for _, table := range []string{"flags", "advisories"} {
		if _, err := t.rename(table+".customer_id", into, part, of.SQL, of.Vars...); err != nil {
			return err
		}
	}
	for _, table := range hangsOnFlag {
		if _, err := t.rename(table+".customer_id", into, part, "flag_id IN (SELECT id FROM flags WHERE customer_id = ?)", part); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) InsertHouseholdMerge(m *domain.HouseholdMerge) error {
	return t.insert("household_merges", m)
}

func (t *tx) LockHouseholdMerge(customer domain.ID) (*domain.HouseholdMerge, error) {
	return single[domain.HouseholdMerge](t, "merge", lock(t.table("household_merges").Where("customer_id = ? AND parted_at IS NULL",
		customer)))
}

func (t *tx) SaveHouseholdMerge(m *domain.HouseholdMerge) error {
	return t.update("household_merges", m, domain.NotFound("merge"))
}
