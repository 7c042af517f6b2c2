package repo

import (
	"bytes"
	"cmp"
	"reflect"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"doorstep/domain"
)

// ahead is what use cases read of nearly every job that they lock. It is read
// by one statement, which on PostgreSQL travels with the lock, and is handed
// out once; a write to the same table voids it.
type ahead struct {
	customers map[domain.ID]domain.Customer
	holds     map[domain.ID][]domain.Hold // of a job, its customer and site; lifted ones too
	visits    map[domain.ID][]domain.Visit
	policies  map[domain.ID][]domain.Policy
	attempts  map[domain.ID][]domain.Attempt

	// Of this transaction, so that nobody else has seen or changed it: what it made, and tickets that it looked for
	// and no job has. They are handed out as often as they are asked for.
	made       map[domain.ID]domain.Customer
	appliances map[domain.ID]domain.Appliance
	free       map[string]bool
}

func newAhead() ahead {
	return ahead{map[domain.ID]domain.Customer{}, map[domain.ID][]domain.Hold{}, map[domain.ID][]domain.Visit{},
		map[domain.ID][]domain.Policy{}, map[domain.ID][]domain.Attempt{}, map[domain.ID]domain.Customer{}, map[domain.ID]domain.Appliance{},
		map[string]bool{}}
}

// take hands out what was read ahead, once: the caller may change it.
func take[T any](m map[domain.ID]T, id domain.ID) (T, bool) {
	v, ok := m[id]
	delete(m, id)
	return v, ok
}

// aroundJob is everything around a job.
var aroundJob = bundle{
	partOf[customerRow]("customers", "t.id = j.customer_id"),
	partOf[domain.Contact]("contacts", "t.customer_id = j.customer_id"),
	partOf[siteRow]("sites", "t.customer_id = j.customer_id"),
	partOf[domain.Centre]("centres", "t.id = j.centre_id"),
	partOf[domain.Hold]("holds", "(t.job_id = j.id OR t.customer_id = j.customer_id OR t.site_id = j.site_id)"),
	partOf[domain.Hold]("holds", "t.customer_id IN ("+pairsOf+"j.customer_id)"),
	partOf[domain.Visit]("visits", "t.job_id = j.id"),
	partOf[domain.Policy]("policies", "(t.centre_id = j.centre_id OR t.centre_id IS NULL)"),
	partOf[domain.Attempt]("attempts", "t.job_id = j.id"),
}

// around makes the read that goes with the lock of a job; job is an
// expression for its id. keep stores what it found.
func (t *tx) around(job clause.Expr) (read *step, keep func(domain.Job)) {
	var heads []customerRow
	var people []domain.Contact
	var places []siteRow
	var at []domain.Centre
	var holds []domain.Hold
	var visits []domain.Visit
	var policies []domain.Policy
	var attempts []domain.Attempt
	to := []func() reflect.Value{into(&heads), into(&people), into(&places), into(&at), into(&holds), into(&holds), into(&visits),
		into(&policies),
		into(&attempts)}
	if t.db.pool != nil {
		read = &step{sql: aroundJob.text(t.db, job.SQL), args: job.Vars, rows: aroundJob.scan(t.db, to...)}
	} else {
		read = &step{sql: aroundJob.union(t.db, job.SQL), args: job.Vars, rows: aroundJob.scanUnion(t.db, to...)}
	}
	keep = func(j domain.Job) {
		sortBy(people, func(c *domain.Contact) (int, domain.ID) { return c.Position, c.ID })
		sortBy(places, func(s *siteRow) (int, domain.ID) { return s.Position, s.ID })
		sortBy(holds, func(h *domain.Hold) (int64, domain.ID) { return h.Since.UnixMicro(), h.ID })
		sortBy(visits, func(v *domain.Visit) (int64, domain.ID) { return v.WindowStart.UnixMicro(), v.ID })
		sortBy(attempts, attemptOrder)
		slices.SortFunc(policies, func(a, b domain.Policy) int {
			return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.Number, a.Number), bytes.Compare(b.ID[:], a.ID[:]))
		})
		for i := range visits {
			t.visits[visits[i].ID] = shapeOf(&visits[i])
		}
		for i := range at {
			t.centres[at[i].ID] = at[i]
		}
		for _, c := range joinCustomers(heads, people, places) {
			t.ahead.customers[c.ID] = c
		}
		t.ahead.holds[j.ID], t.ahead.visits[j.ID], t.ahead.policies[j.CentreID], t.ahead.attempts[j.ID] = holds, visits, policies, attempts
	}
	return read, keep
}

func attemptOrder(a *domain.Attempt) (int64, domain.ID) { return a.OccurredAt.UnixMicro(), a.ID }

// sortBy puts rows in the order of the queries on their table.
func sortBy[T any, K cmp.Ordered](list []T, key func(*T) (K, domain.ID)) {
	compare := func(a, b *T) int {
		k, i := key(a)
		l, j := key(b)
		return cmp.Or(cmp.Compare(k, l), bytes.Compare(i[:], j[:]))
	}
	for i := 1; i < len(list); i++ { // they nearly always come sorted, and rows are large
		if compare(&list[i-1], &list[i]) > 0 {
			slices.SortFunc(list, func(a, b T) int { return compare(&a, &b) })
			return
		}
	}
}

// LockDiary locks technicians and reads their diaries in one round trip.
func (t *tx) LockDiary(ids []domain.ID, customer domain.ID, from, to, leavesFrom time.Time) (*domain.Diary, error) {
	of := t.db.in("technician_id", ids)
	list := of.Vars[0]
	lockUsers, users, err := known[domain.User](t.db, "diary.users", func(q *gorm.DB) *gorm.DB {
		return lock(q.Where(t.db.in("id", ids)).Order("id"))
	}, "users", list)
	if err != nil {
		return nil, err
	}
	readLeaves, leaves, err := known[domain.Leave](t.db, "diary.leaves", func(q *gorm.DB) *gorm.DB {
		return q.Where(of).Where("status = 'approved' AND (starts_at < ? AND ends_at > ? OR ends_at > ?)", to, from, leavesFrom).
			Order("starts_at, id")
	}, "leaves", list, to, from, leavesFrom)
	if err != nil {
		return nil, err
	}
	readBusy, busy, err := t.readNearest(ids, from, to)
	if err != nil {
		return nil, err
	}
	readHeld, held, err := known[domain.SlotHold](t.db, "diary.slot_holds", func(q *gorm.DB) *gorm.DB {
		return q.Where(of).Where("ends_at > ? AND starts_at < ? AND expires_at > ?", from.Add(-domain.DiaryReach), to.Add(domain.DiaryReach),
			leavesFrom).Order("starts_at, id")
	}, "slot_holds", list, from.Add(-domain.DiaryReach), to.Add(domain.DiaryReach), leavesFrom)
	if err != nil {
		return nil, err
	}
	readExcluded, excluded, err := known[domain.Exclusion](t.db, "diary.exclusions", func(q *gorm.DB) *gorm.DB {
		return q.Where(t.db.ofHousehold("?")+" AND lifted_at IS NULL", customer, customer).Order("since, id")
	}, "exclusions", customer, customer)
	if err != nil {
		return nil, err
	}
	readKept, kept, err := known[domain.StandDown](t.db, "diary.kept_away", func(q *gorm.DB) *gorm.DB {
		return q.Where(t.db.in("user_id", ids)).Where("lifted_at IS NULL").Order("since, id")
	}, "keep_aways", list)
	if err != nil {
		return nil, err
	}
	lockUsers.counted, t.wants = true, ids
	defer func() { t.wants = nil }()
	if err := t.send(append([]*step{lockUsers, readLeaves, readHeld, readExcluded, readKept}, readBusy...)...); err != nil {
		return nil, err
	}
	return &domain.Diary{Technicians: *users, Leaves: *leaves, Busy: busy(), Reserved: *held, Excluded: *excluded, KeptAway: *kept}, nil
}
