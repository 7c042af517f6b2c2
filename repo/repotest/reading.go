package repotest

import (
	"maps"
	"slices"
	"testing"
	"time"

	"doorstep/domain"
	"doorstep/domain/reach"
	"doorstep/repo"
)

// contacts: what is read of people, devices, notices and the contacts with a customer.
func contacts(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	peopleRead(t, w)
	noticesWait(t, w)
	contactsCounted(t, w)
	entriesOfKind(t, w)
	policiesOfCentre(t, w)
	clocksAndFigures(t, w)
}

func peopleRead(t *testing.T, w *World) {
	r, ctx := w.DB.Reader(), t.Context()
	noError(t, r.Ping(ctx))
	if _, err := r.Area(ctx, domain.Scope{}, w.North.ID); err == nil {
		t.Error("a read without a scope is answered")
	}

	Same(t, "users as asked for", []domain.User{w.Desk, w.Ravi}, Get(t, w.DB,
		func(tx domain.Tx) ([]domain.User, error) { return tx.Users([]domain.ID{w.Desk.ID, ID(), w.Ravi.ID}) }))

	wrong := domain.Throttle{Key: "sign-in", Failures: 2, UntilAt: &later, ChangedAt: Noon, TrustedAt: &Noon, ForgetAt: later}
	Do(t, w.DB, func(tx domain.Tx) error {
		if _, err := tx.LockThrottle(wrong.Key); err != nil {
			return err
		}
		return tx.SaveThrottle(&wrong)
	})
	throttles, err := r.Throttles(ctx, []string{"sign-in", "another"})
	noError(t, err)
	Same(t, "throttles", []domain.Throttle{wrong}, throttles)

	device := domain.Device{InstallationID: ID(), CustomerID: &w.Customer.ID, LinkID: &w.Link.ID, Token: "h", Platform: "web", CreatedAt: Noon,
		UpdatedAt: Noon}
	dropped := device
	dropped.InstallationID, dropped.Token, dropped.DroppedAt, dropped.DropReason = ID(), "old", &later, "gone"
	Do(t, w.DB, func(tx domain.Tx) error { return all(tx.PutDevice(&device), tx.PutDevice(&dropped)) })
	Same(t, "devices of a household", []domain.Device{device}, Get(t, w.DB,
		func(tx domain.Tx) ([]domain.Device, error) { return tx.CustomerDevices(w.Customer.ID) }))
}

func noticesWait(t *testing.T, w *World) {
	waits, now, other := NewNotice(w.Ravi.ID, "visit.assigned"), NewNotice(w.Ravi.ID, "visit.assigned"), NewNotice(w.Asha.ID, "visit.assigned")
	waits.Waits, other.Waits = true, true
	Do(t, w.DB, func(tx domain.Tx) error { tx.Enqueue(waits, now, other); return nil })
	waiting := func() []domain.Notice {
		return Get(t, w.DB, func(tx domain.Tx) ([]domain.Notice, error) { return tx.WaitingNotices(w.Ravi.ID) })
	}
	Same(t, "what waits for their duty", []domain.Notice{waits}, waiting())
	home := NewNotice(w.Ravi.ID, "visit.offered")
	home.UserID, home.CustomerID, home.Waits = nil, &w.Customer.ID, true
	Do(t, w.DB, func(tx domain.Tx) error { tx.Enqueue(home); return nil })
	Same(t, "what waits for a household", []domain.Notice{home},
		Get(t, w.DB, func(tx domain.Tx) ([]domain.Notice, error) { return tx.WaitingNotices(w.Customer.ID) }))
	Do(t, w.DB, func(tx domain.Tx) error { return tx.EndWaiting(waits.ID, "done") })
	Same(t, "nothing waits any more", []domain.Notice{}, waiting())
	waits.Waits, waits.State = false, "done"
	Same(t, "it came with another", waits, Get(t, w.DB, func(tx domain.Tx) (*domain.Notice, error) { return tx.Notice(waits.ID) }))
}

// contactsCounted: two contacts at one moment are one; what we tried ourselves is none.
func contactsCounted(t *testing.T, w *World) {
	r, ctx := w.DB.Reader(), t.Context()
	stray := domain.LoggedContact{ID: ID(), AreaID: &w.North.ID, Phone: "+9", Direction: reach.Inbound, Channel: reach.Phone,
		Outcome: reach.Reached, Note: "n", ByID: w.Ravi.ID, OccurredAt: Noon, RecordedAt: later, ClaimedAt: &later,
		Flag: domain.JSON[*domain.ContactFlag]{V: &domain.ContactFlag{Kind: "threat", Level: 2, Note: "n"}}}
	Do(t, w.DB, func(tx domain.Tx) error { return all(tx.InsertLoggedContact(&stray), tx.MatchContact(stray.ID)) })
	stray.Matched = true
	Same(t, "a contact of nobody", stray, Get(t, w.DB,
		func(tx domain.Tx) (*domain.LoggedContact, error) { return tx.LoggedContact(stray.ID) }))
	wantCode(t, Try(w.DB, func(tx domain.Tx) error { _, err := tx.LoggedContact(ID()); return err }), domain.CodeNotFound)

	contact := func(direction string, at time.Time) domain.Attempt {
		return domain.Attempt{ID: ID(), JobID: w.Job.ID, CustomerID: w.Customer.ID, Direction: direction, Channel: reach.Phone,
			Outcome: reach.Reached,
			Grade:   reach.Declared, ByRole: domain.RoleAgent, OccurredAt: at, RecordedAt: at, CreatedAt: at}
	}
	in, same, late, out := contact(reach.Inbound, Noon.Add(time.Minute)), contact(reach.Inbound, Noon.Add(time.Minute)),
		contact(reach.Inbound, later), contact(reach.Outbound, later)
	atStart := contact(reach.Inbound, Noon)
	Do(t, w.DB, func(tx domain.Tx) error {
		return all(tx.InsertAttempt(&in), tx.InsertAttempt(&same), tx.InsertAttempt(&late), tx.InsertAttempt(&out), tx.InsertAttempt(&atStart))
	})
	since := func(from, to time.Time) int {
		return Get(t, w.DB, func(tx domain.Tx) (int, error) { return tx.InboundSince(w.Customer.ID, from, to) })
	}
	if got := []int{since(Noon, later), since(Noon, later.Add(-time.Second)), since(later, later.Add(time.Hour))}; !slices.Equal(got,
		[]int{2, 1, 0}) {
		t.Errorf("contacts since: %v", got)
	}
	for range 2 { // of one household
		not := contact(reach.Inbound, later)
		not.Request = "could-not-reach"
		Do(t, w.DB, func(tx domain.Tx) error { return tx.InsertAttempt(&not) })
	}
	for _, c := range []struct {
		centre domain.ID
		since  time.Time
		want   int
	}{{w.Job.CentreID, Noon, 1}, {w.Job.CentreID, later, 0}, {w.Harbour.ID, Noon, 0}} {
		if got := Get(t, w.DB, func(tx domain.Tx) (int, error) { return tx.NotReached(c.centre, c.since) }); got != c.want {
			t.Errorf("%d households did not reach the centre, want %d", got, c.want)
		}
	}
	byID, err := r.AttemptsByID(ctx, Actor(w.Desk).Scope(), []domain.ID{in.ID, out.ID, ID()})
	noError(t, err)
	if len(byID) != 2 {
		t.Errorf("%d attempts by id", len(byID))
	}
	Same(t, "an attempt by id", in, byID[in.ID])
	if none, err := r.AttemptsByID(ctx, domain.Scope{CentreID: w.Harbour.ID}, []domain.ID{in.ID}); err != nil || len(none) != 0 {
		t.Errorf("another centre reads %d attempts (%v)", len(none), err)
	}
}

func entriesOfKind(t *testing.T, w *World) {
	r, ctx := w.DB.Reader(), t.Context()
	facts := []domain.Entry{{ID: ID(), Kind: "visit.agreed", ActorRole: domain.RoleAgent, OccurredAt: Noon, RecordedAt: Noon},
		{ID: ID(), Kind: "contact.could_not_reach", ActorRole: domain.RoleCustomer, OccurredAt: later, RecordedAt: later}}
	Do(t, w.DB, func(tx domain.Tx) error {
		j, err := tx.LockJob(w.Job.ID)
		if err != nil {
			return err
		}
		for i := range facts {
			j.Append(&facts[i])
			tx.Append(&facts[i])
		}
		j.UpdatedAt = later
		w.Job = *j
		return tx.SaveJob(&w.Job)
	})
	Same(t, "entries of a kind", facts[1:], Get(t, w.DB,
		func(tx domain.Tx) ([]domain.Entry, error) {
			return tx.EntriesOfKind(w.Job.ID, "contact.could_not_reach")
		}))
	for s, want := range map[*domain.Scope][]domain.Entry{{All: true}: facts[:1], {CentreID: w.Harbour.ID}: {}} {
		got, err := r.EntriesOfKind(ctx, *s, w.Job.ID, "visit.agreed")
		noError(t, err)
		Same(t, "entries of a kind as read", want, got)
	}
}

func policiesOfCentre(t *testing.T, w *World) {
	r, ctx := w.DB.Reader(), t.Context()
	brand, own := domain.Policy{ID: ID(), Number: 1, EffectiveFrom: Noon, CreatedAt: Noon},
		domain.Policy{ID: ID(), CentreID: &w.Mill.ID, Number: 1, EffectiveFrom: later, CreatedAt: later}
	brand.Rules.V, own.Rules.V = reach.Default(), reach.Default()
	Do(t, w.DB, func(tx domain.Tx) error { return all(tx.PutPolicy(&brand), tx.PutPolicy(&own)) })
	for centre, want := range map[domain.ID][]domain.Policy{w.Mill.ID: {own, brand}, w.Harbour.ID: {brand}} {
		got, err := r.PoliciesOf(ctx, centre)
		noError(t, err)
		Same(t, "policies of a centre", want, got)
	}
}

// clocksAndFigures: what the clock of a job and the figures of a centre are made of.
func clocksAndFigures(t *testing.T, w *World) {
	r, ctx := w.DB.Reader(), t.Context()
	hold := domain.Hold{ID: ID(), Kind: domain.HoldUnreachable, JobID: &w.Job.ID, Since: later, By: "system", LiftedAt: &later}
	Do(t, w.DB, func(tx domain.Tx) error { return tx.InsertHold(&hold) })
	home := Get(t, w.DB, func(tx domain.Tx) (*domain.Customer, error) { return tx.Customer(w.Customer.ID) })
	clock, err := r.JobClockInput(ctx, Actor(w.Desk).Scope(), w.Job.ID)
	noError(t, err)
	tries := Get(t, w.DB, func(tx domain.Tx) ([]domain.Attempt, error) { return tx.AttemptsOf(w.Job.ID) })
	Same(t, "input of a clock", domain.JobClockInput{Job: w.Job, Customer: *home, Attempts: tries, Holds: []domain.Hold{hold},
		Visits: []domain.Visit{w.Visit}}, clock)
	if len(tries) != 7 {
		t.Errorf("%d contacts of the job", len(tries))
	}
	_, err = r.JobClockInput(ctx, domain.Scope{CentreID: w.Harbour.ID}, w.Job.ID)
	wantCode(t, err, domain.CodeNotFound)
	period := domain.ReportFilter{From: Noon, To: later.Add(time.Hour)}
	clocks, err := r.JobClockInputs(ctx, everything, period, domain.Page{})
	noError(t, err)
	Same(t, "inputs of clocks", []domain.JobClockInput{*clock}, clocks)
	if before, err := r.JobClockInputs(ctx, everything, domain.ReportFilter{From: Noon.Add(-time.Hour), To: Noon},
		domain.Page{}); err != nil ||
		len(before) != 0 {
		t.Errorf("%d jobs of a time before (%v)", len(before), err)
	}
	figures, err := r.ReachabilityCounts(ctx, everything, period)
	noError(t, err)
	Same(t, "figures of reachability", []domain.ReachabilityRow{{CentreID: &w.Harbour.ID, Centre: "Harbour"},
		{CentreID: &w.Mill.ID, Centre: "Mill", JobsOpened: 1, Tries: 1, Reached: 1, Inbound: 6, Unreachable: 1, CouldNotReachUs: 1}}, figures)
	figures, err = r.ReachabilityCounts(ctx, Actor(w.Noor).Scope(), period)
	noError(t, err)
	Same(t, "figures of another centre", []domain.ReachabilityRow{{CentreID: &w.Harbour.ID, Centre: "Harbour"}}, figures)
}

// sides: disputes, checks and promises are read whole by those whose they are.
func sides(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	r, ctx := db.Reader(), t.Context()
	first := domain.Dispute{Meta: Meta(Noon), JobID: w.Job.ID, CentreID: w.Mill.ID, AreaID: w.North.ID, CustomerID: w.Customer.ID,
		VisitID: &w.Visit.ID, Subject: "no_access", Claim: "other", Reason: "r", How: "voice", OccurredAt: Noon, RecordedAt: Noon, DueAt: later,
		Fallback: "strike", Status: domain.DisputeWithdrawn, DecidedAt: &later}
	second := first
	second.Meta, second.Status, second.DecidedAt = Meta(later), domain.DisputeOpen, nil
	second.LinkRead, second.LinkReadBy = true, &w.Desk.ID
	check := domain.DoneCheck{Meta: Meta(Noon), JobID: w.Job.ID, VisitID: w.Visit.ID, CentreID: w.Mill.ID, AreaID: w.North.ID, DueAt: later,
		Status: "open"}
	p := domain.Promise{Meta: Meta(Noon), JobID: w.Job.ID, CustomerID: w.Customer.ID, CentreID: w.Mill.ID, AreaID: w.North.ID, Kind: "part",
		Source: "case", OwnerID: w.Ravi.ID, DueAt: later, Status: domain.PromiseOpen}
	Do(t, db, func(tx domain.Tx) error {
		return all(tx.InsertDispute(&first), tx.InsertDispute(&second), tx.InsertDoneCheck(&check), tx.InsertPromise(&p))
	})
	Same(t, "disputes of a job", []domain.Dispute{first, second}, Get(t, db,
		func(tx domain.Tx) ([]domain.Dispute, error) { return tx.DisputesOf(w.Job.ID) }))
	Same(t, "check", check, Get(t, db, func(tx domain.Tx) (*domain.DoneCheck, error) { return tx.DoneCheck(check.ID) }))
	Same(t, "promise", p, Get(t, db, func(tx domain.Tx) (*domain.Promise, error) { return tx.Promise(p.ID) }))
	for _, load := range []func(domain.Tx) error{
		func(tx domain.Tx) error { _, err := tx.DoneCheck(ID()); return err },
		func(tx domain.Tx) error { _, err := tx.Promise(ID()); return err },
	} {
		wantCode(t, Try(db, load), domain.CodeNotFound)
	}
	for who, sees := range map[*domain.User][2]bool{&w.Ravi: {true, true}, &w.Asha: {}, &w.Noor: {}, &w.Desk: {true, true},
		&w.Manager: {true, true}, &w.Deputy: {}} {
		dispute, err := r.Dispute(ctx, Actor(*who).Scope(), second.ID)
		if sees[0] {
			noError(t, err)
			Same(t, "dispute as read by "+who.Login, second, dispute)
		} else {
			wantCode(t, err, domain.CodeNotFound)
		}
		promise, err := r.Promise(ctx, Actor(*who), p.ID)
		if sees[1] {
			noError(t, err)
			Same(t, "promise as read by "+who.Login, p, promise)
		} else {
			wantCode(t, err, domain.CodeNotFound)
		}
	}
}

// danger: what hangs on reports, and what an area manager watches.
func danger(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	r, ctx := db.Reader(), t.Context()
	f := w.newFlag(w.Ravi, 2)
	noted, about, decided := w.newFlag(w.Ravi, 0), w.newFlag(w.Desk, 3), w.newFlag(w.Ravi, 1)
	about.SubjectID, about.RecordedAt = &w.Ravi.ID, later
	decided.Status, decided.Pressure, decided.RecordedAt = domain.FlagWithdrawn, Ptr(true), Noon.Add(time.Minute)
	passed := w.newFlag(w.Asha, 2) // to a manager of another area
	passed.Handlers = domain.JSONList[domain.ID]{w.Deputy.ID}
	passed.RecordedAt = later
	x := domain.Exclusion{ID: ID(), UserID: w.Asha.ID, CustomerID: w.Customer.ID, FlagID: f.ID, Since: Noon}
	hold := domain.Hold{ID: ID(), Kind: domain.HoldSafety, JobID: &w.Job.ID, Since: Noon, By: "staff", FlagID: &passed.ID}
	taken := domain.CoolOff{Meta: Meta(Noon), FlagID: &f.ID, UserID: w.Ravi.ID, Accepted: true, Outcome: "taken"}
	refused := domain.CoolOff{Meta: Meta(Noon), FlagID: &passed.ID, UserID: w.Asha.ID, Outcome: "offered"}
	Do(t, db, func(tx domain.Tx) error {
		var errs []error
		for _, g := range []*domain.Flag{&f, &noted, &about, &decided, &passed} {
			errs = append(errs, tx.InsertFlag(g))
		}
		return all(append(errs, tx.InsertExclusion(&x), tx.InsertHold(&hold), tx.InsertCoolOff(&taken), tx.InsertCoolOff(&refused))...)
	})

	of := Get(t, db, func(tx domain.Tx) ([]domain.Flag, error) { return tx.ReportsAbout(w.Ravi.ID, Noon) })
	none := Get(t, db, func(tx domain.Tx) ([]domain.Flag, error) { return tx.ReportsAbout(w.Ravi.ID, later.AddDate(1, 0, 0)) })
	if len(of) == 0 || !of[0].About(w.Ravi.ID) || len(none) != 0 {
		t.Errorf("%d reports about somebody, %d a year later", len(of), len(none))
	}
	parties := map[domain.ID]bool{}
	for _, g := range Get(t, db, func(tx domain.Tx) ([]domain.Flag, error) { return tx.PartiesTo(w.Ravi.ID) }) {
		parties[g.ID] = true
	}
	if !maps.Equal(parties, map[domain.ID]bool{f.ID: true, about.ID: true}) {
		t.Errorf("party to %d reports: those that are open and no private note are 2", len(parties))
	}
	Same(t, "exclusion", x, Get(t, db, func(tx domain.Tx) (*domain.Exclusion, error) { return tx.LockExclusion(x.ID) }))
	wantCode(t, Try(db, func(tx domain.Tx) error { _, err := tx.LockExclusion(ID()); return err }), domain.CodeNotFound)
	for _, a := range []domain.Actor{Actor(w.Ravi), Actor(w.Asha), Actor(w.Desk), Actor(w.Boss), Actor(w.Manager), Actor(w.Deputy),
		Actor(w.Deputy, w.North.ID), Actor(w.Admin)} {
		list, err := r.Exclusions(ctx, a, domain.Page{})
		noError(t, err)
		if a.SeesExclusion(&f) {
			Same(t, "exclusions of "+a.Name, []domain.ExclusionWithFlag{{Exclusion: x, Flag: f}}, list)
		} else if len(list) != 0 {
			t.Errorf("%s is shown %d exclusions", a.Name, len(list))
		}
	}
	behind, err := r.FlagsBehind(ctx, []domain.ID{f.ID, ID()})
	noError(t, err)
	if len(behind) != 1 {
		t.Errorf("%d reports behind one hold", len(behind))
	}
	Same(t, "the report behind a hold", f, behind[f.ID])
	for who, want := range map[*domain.User][]domain.Job{&w.Deputy: {w.Job}, &w.Manager: {}, &w.Admin: {}, &w.Boss: {}} {
		got, err := r.JobsHandedOver(ctx, Actor(*who), domain.Page{})
		noError(t, err)
		Same(t, "jobs passed on to "+who.Login, want, got)
	}
	lifted := hold
	lifted.LiftedAt = &later
	Do(t, db, func(tx domain.Tx) error { return tx.SaveHold(&lifted) })
	if got, err := r.JobsHandedOver(ctx, Actor(w.Deputy), domain.Page{}); err != nil || len(got) != 0 {
		t.Errorf("%d jobs are passed on without a hold (%v)", len(got), err)
	}
	pauses, err := r.CoolOffsTaken(ctx, []domain.ID{f.ID, passed.ID, ID()})
	noError(t, err)
	Same(t, "reports after which the pause was taken", []domain.ID{f.ID}, pauses)

	recent, err := r.ReportsSince(ctx, Noon)
	noError(t, err)
	none, err = r.ReportsSince(ctx, later.AddDate(1, 0, 0))
	if noError(t, err); len(recent) < 5 || len(none) != 0 {
		t.Errorf("%d reports since then, %d since a year later", len(recent), len(none))
	}
	t.Run("plans", func(t *testing.T) { plansJudged(t, w) })
	t.Run("advisories", func(t *testing.T) { openAppeals(t, w) })
	t.Run("aftercare", func(t *testing.T) { aftercareCounted(t, w, f) })
	t.Run("watching", func(t *testing.T) { watched(t, w) })
}

func plansJudged(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
	call := domain.Attempt{ID: ID(), JobID: w.Job.ID, CustomerID: w.Customer.ID, Direction: reach.Outbound, Channel: reach.Phone,
		Outcome: reach.Reached, Grade: reach.Declared, ByRole: domain.RoleAgent, OccurredAt: later, RecordedAt: later, CreatedAt: later}
	Do(t, db, func(tx domain.Tx) error { return tx.InsertAttempt(&call) })
	ended := w.Visit
	ended.ID, ended.Status = ID(), domain.VisitCompleted
	facts, err := r.PlanFacts(ctx, []domain.Visit{w.Visit, ended}, map[domain.ID][]string{w.Visit.ID: {"two_people", "phone_first"},
		ended.ID: {"daylight"}})
	noError(t, err)
	if len(facts) != 1 {
		t.Errorf("what %d plans are judged by is read; one visit has still to be", len(facts))
	}
	Same(t, "what a plan is judged by", domain.PlanFacts{Site: &domain.Site{Zone: "Asia/Kolkata"}, Spoken: []time.Time{later}},
		facts[w.Visit.ID])
	facts, err = r.PlanFacts(ctx, []domain.Visit{w.Visit}, map[domain.ID][]string{w.Visit.ID: {"two_people"}})
	noError(t, err)
	Same(t, "what a crew of two is judged by", domain.PlanFacts{Site: &domain.Site{Zone: "Asia/Kolkata"}}, facts[w.Visit.ID])
}

func openAppeals(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
	a := domain.Advisory{Meta: Meta(Noon), JobID: w.Job.ID, CustomerID: w.Customer.ID, SiteID: &w.Customer.Sites[0].ID, AreaID: w.North.ID,
		Subject: "site", Zone: "Asia/Kolkata",
		ExpiresOn: "2027-03-01", ExpiresAt: later, Status: domain.AdvisoryProposed, ProposedBy: w.Manager.ID, Precautions: "p", Behaviour: "b"}
	closed := domain.Appeal{Meta: Meta(Noon), AdvisoryID: a.ID, How: "link", Words: "no", DueAt: later, Outcome: "keep", Reasons: "r",
		DecidedBy: &w.Admin.ID, DecidedAt: &later}
	open := domain.Appeal{Meta: Meta(later), AdvisoryID: a.ID, How: "link", Words: "again no", DueAt: later}
	Do(t, db, func(tx domain.Tx) error {
		return all(tx.InsertAdvisory(&a), tx.InsertAppeal(&closed), tx.InsertAppeal(&open))
	})
	got, err := r.OpenAppeals(ctx, []domain.ID{a.ID, ID()})
	noError(t, err)
	if len(got) != 1 {
		t.Errorf("%d advisories have an open appeal", len(got))
	}
	Same(t, "open appeal", open, got[a.ID])
}

func aftercareCounted(t *testing.T, w *World, f domain.Flag) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
	care := func(step int, due time.Time, status string, done *time.Time) *domain.Aftercare {
		return &domain.Aftercare{Meta: Meta(Noon), FlagID: f.ID, PersonID: w.Ravi.ID, AreaID: &w.North.ID, Step: step, DueAt: due,
			OwnerID: w.Manager.ID, Status: status, DoneAt: done}
	}
	Do(t, db, func(tx domain.Tx) error {
		return all(tx.InsertAftercare(care(1, Noon, "done", &Noon)), tx.InsertAftercare(care(2, Noon, "done", &later)),
			tx.InsertAftercare(care(3, Noon, "open", nil)), tx.InsertAftercare(care(4, Noon, "stopped", nil)),
			tx.InsertAftercare(care(5, later.Add(time.Hour), "open", nil)))
	})
	period := domain.ReportFilter{From: Noon, To: later}
	want := []domain.AftercareCount{{OwnerID: w.Manager.ID, Owner: w.Manager.Name, Due: 3, InTime: 1, Late: 2, OpenLate: 1, Stopped: 1}}
	for who, want := range map[*domain.User][]domain.AftercareCount{&w.Manager: want, &w.Admin: want, &w.Deputy: {}} {
		got, err := r.AftercareCounts(ctx, Actor(*who), period, later)
		noError(t, err)
		Same(t, "conversations as counted for "+who.Login, want, got)
	}
}

func watched(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
	done := w.NewVisit(&w.Job, Noon, w.Asha.ID)
	done.Status, done.EndedAt = domain.VisitCompleted, &later
	Do(t, db, func(tx domain.Tx) error { return tx.InsertVisit(&done) })
	period := domain.ReportFilter{From: Noon, To: later.Add(time.Hour)}
	mill := domain.CentreCount{CentreID: w.Mill.ID, Name: "Mill", Visits: 1, Reports: 4, Withdrawn: 1, UnderPressure: 1}
	harbour := domain.CentreCount{CentreID: w.Harbour.ID, Name: "Harbour"}
	reporter := func(u *domain.User, since time.Time) domain.Reporter {
		return domain.Reporter{UserID: u.ID, Name: u.Name, CentreID: w.Mill.ID, Since: since}
	}
	reporters := []domain.Reporter{reporter(&w.Asha, later), reporter(&w.Ravi, Noon)}
	for _, c := range []struct {
		who       domain.User
		centres   []domain.CentreCount
		reporters []domain.Reporter
	}{{w.Admin, []domain.CentreCount{harbour, mill}, reporters}, {w.Manager, []domain.CentreCount{mill}, reporters},
		{w.Deputy, []domain.CentreCount{harbour}, nil}, {w.Boss, nil, nil}, {w.Ravi, nil, nil}} {
		centres, err := r.WatchedCentres(ctx, Actor(c.who), period)
		noError(t, err)
		Same(t, "centres that "+c.who.Login+" watches", c.centres, centres)
		people, err := r.Reporters(ctx, Actor(c.who), period, 10)
		noError(t, err)
		Same(t, "reporters that "+c.who.Login+" watches", c.reporters, people)
	}
	wish := w.newFlag(w.Ravi, 0)
	wish.ID, wish.Kind = ID(), domain.OptOutKind
	apart := domain.Exclusion{ID: ID(), UserID: w.Ravi.ID, CustomerID: w.Customer.ID, FlagID: wish.ID, Since: Noon}
	Do(t, db, func(tx domain.Tx) error { return all(tx.InsertFlag(&wish), tx.InsertExclusion(&apart)) })
	for _, c := range []struct {
		who  domain.User
		want []domain.OptOuts
	}{{w.Manager, []domain.OptOuts{{UserID: w.Ravi.ID, Name: w.Ravi.Name, CentreID: w.Mill.ID, ByThem: 1}}}, {w.Deputy, nil}, {w.Boss, nil}} {
		wishes, err := r.OptOuts(ctx, Actor(c.who), period)
		noError(t, err)
		Same(t, "wishes that "+c.who.Login+" watches", c.want, wishes)
	}
	latest, err := r.Reporters(ctx, Actor(w.Admin), period, 1)
	noError(t, err)
	Same(t, "the latest", reporters[:1], latest)
}

// locks: whoever locks a row reads what the one before wrote; nobody's word is lost.
func locks(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	f := w.newFlag(w.Ravi, 2)
	x := domain.Exclusion{ID: ID(), UserID: w.Asha.ID, CustomerID: w.Customer.ID, FlagID: f.ID, Since: Noon}
	k := domain.StandDown{ID: ID(), UserID: w.Asha.ID, FlagID: f.ID, Since: Noon}
	p := domain.DayPlan{Meta: Meta(Noon), CentreID: w.Mill.ID, AreaID: w.North.ID, Date: "2026-11-23", ExpiresAt: Noon, CreatedBy: w.Desk.ID}
	m := domain.Maintenance{Meta: Meta(Noon), CustomerID: w.Customer.ID, SiteID: w.Customer.Sites[0].ID, CentreID: w.Mill.ID,
		AreaID: w.North.ID,
		RRule:  "FREQ=MONTHLY", DTStart: "2026-12-01T10:00", Zone: "UTC", Category: "washer", PlannedMinutes: 45, WindowMinutes: 120,
		Status: "active", CreatedBy: w.Desk.ID}
	s := domain.SOS{Meta: Meta(Noon), RaiserID: w.Ravi.ID, Source: "tap", OccurredAt: Noon, RecordedAt: Noon, Status: "raised",
		Avoid: domain.JSONList[domain.ID]{}, Rung: domain.JSONList[domain.ID]{}, HeardBy: domain.JSONList[domain.ID]{}}
	Do(t, db, func(tx domain.Tx) error {
		return all(tx.InsertFlag(&f), tx.InsertExclusion(&x), tx.InsertStandDown(&k), tx.InsertDayPlan(&p), tx.InsertMaintenance(&m),
			tx.InsertSOS(&s))
	})
	const writers = 6
	for what, add := range map[string]func(domain.Tx) (int, error){ // writes one more, and tells how many there are
		"exclusion": func(tx domain.Tx) (int, error) {
			row, err := tx.LockExclusion(x.ID)
			if err != nil {
				return 0, err
			}
			row.LiftReason += "x"
			return len(row.LiftReason), tx.SaveExclusion(row)
		},
		"keep-away": func(tx domain.Tx) (int, error) {
			row, err := tx.LockStandDown(k.ID)
			if err != nil {
				return 0, err
			}
			row.LiftReason += "x"
			return len(row.LiftReason), tx.SaveStandDown(row)
		},
		"plan": func(tx domain.Tx) (int, error) {
			row, err := tx.LockDayPlan(p.ID)
			if err != nil {
				return 0, err
			}
			row.Accepted = append(row.Accepted, ID())
			return len(row.Accepted), tx.SaveDayPlan(row)
		},
		"maintenance": func(tx domain.Tx) (int, error) {
			row, err := tx.LockMaintenance(m.ID)
			if err != nil {
				return 0, err
			}
			row.Fault += "x"
			return len(row.Fault), tx.SaveMaintenance(row)
		},
		"sos": func(tx domain.Tx) (int, error) {
			row, err := tx.LockSOS(s.ID)
			if err != nil {
				return 0, err
			}
			row.Round++
			return row.Round, tx.SaveSOS(row)
		},
		"report": func(tx domain.Tx) (int, error) {
			row, err := tx.LockFlag(f.ID)
			if err != nil {
				return 0, err
			}
			row.Step++
			return row.Step, tx.SaveFlag(row)
		},
	} {
		t.Run(what, func(t *testing.T) {
			for _, err := range together(writers, func(int) error {
				return Try(db, func(tx domain.Tx) error { _, err := add(tx); return err })
			}) {
				noError(t, err)
			}
			if n := Get(t, db, add); n != writers+1 {
				t.Errorf("%d of %d writes are kept", n-1, writers)
			}
		})
	}
}
