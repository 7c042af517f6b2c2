package casework

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/domain"
)

// TestVisitMovesWalked holds every (state, action, role) of the table against
// the answers' actions and the check that the use cases make, so that what is
// offered and what is refused can never differ.
func TestVisitMovesWalked(t *testing.T) {
	me := uuid.New()
	now := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	later := now.Add(time.Hour)
	roles := append([]domain.Role{domain.RoleCustomer, domain.RoleSystem}, domain.Roles...)
	walked := 0
	for _, status := range domain.VisitStatuses {
		for _, role := range roles {
			for _, in := range []bool{true, false} {
				v := &domain.Visit{Status: status, WindowEnd: later, ProvisionalTo: &later}
				if in {
					v.Crew, v.EverCrew = domain.JSONList[domain.ID]{me}, domain.JSONList[domain.ID]{me}
				}
				a := domain.Actor{UserID: me, Role: role}
				for _, kind := range append([]domain.HoldKind{""}, holdKinds...) {
					for _, plan := range [][]string{nil, {"daylight"}, {"no_visit"}, {"carry_in"}, {"two_people"}} {
						for _, seen := range []domain.JSONList[domain.ID]{nil, {me}} {
							v.PlanSeen = seen
							offered := domain.VisitActions(a, v, openHold(kind), plan, time.UTC, now)
							for _, m := range domain.VisitMoves {
								walked++
								allowed := domain.CheckVisit(a, m.Action, v) == nil
								want := domain.Has(m.Roles, role) && domain.Has(m.From, status) && (role != domain.RoleTechnician || in)
								if m.Action == "stop" { // also after he became something else
									want = in && role != domain.RoleCustomer
								}
								if allowed != want {
									t.Errorf("%s %s by %s (crew %v): allowed %v, the table says %v", status, m.Action, role, in, allowed, want)
								}
								if m.Action == "dispute" && domain.Has(domain.NotYetThere, status) { // only an agreement can be denied before the visit
									agreed := *v
									agreed.AgreedID, agreed.Confirmation, agreed.ConfirmedHow = &me, domain.ConfirmConfirmed, "call"
									if domain.Has(offered, m.Action) {
										t.Errorf("%s dispute by %s: offered where nobody agreed", status, role)
									}
									offered = append(domain.Without(offered, m.Action), domain.VisitActions(a, &agreed, openHold(kind), plan, time.UTC, now)...)
								}
								want = want && heldOff(m.Holds, m.Action, kind) && planMet(m.Plan, plan, len(v.Crew) > 0, len(seen) > 0)
								if m.Action == "take-back" && role == domain.RoleTechnician { // nobody moved a minute ago
									want = false
								}
								if status == domain.VisitMissed && domain.Has([]string{"partial", "no-access"}, m.Action) { // nobody arrived
									want = false
								}
								if m.Action == "plan-seen" {
									want = want && len(plan) > 0 && len(seen) == 0
								}
								if got := domain.Has(offered, m.Action); got != want {
									t.Errorf("%s %s by %s (crew %v, hold %q, plan %v, seen %v): offered %v", status, m.Action, role, in, kind, plan, len(seen) > 0,
										got)
								}
							}
						}
					}
				}
			}
		}
	}
	if walked != len(domain.VisitStatuses)*len(roles)*2*5*5*2*len(domain.VisitMoves) {
		t.Fatalf("walked %d combinations only", walked)
	}
}

var holdKinds = []domain.HoldKind{domain.HoldUnreachable, domain.HoldParts, domain.HoldCustomerRequest, domain.HoldSafety}

// openHold stands next to one that was lifted and refuses nothing.
func openHold(kind domain.HoldKind) []domain.Hold {
	past := time.Date(2027, 2, 1, 9, 0, 0, 0, time.UTC)
	holds := []domain.Hold{{Kind: domain.HoldSafety, LiftedAt: &past}}
	if kind != "" {
		holds = append(holds, domain.Hold{Kind: kind})
	}
	return holds
}

// heldOff says in docs/product.md's words what a hold refuses: safety also the
// forward moves, the others only schedule and reschedule.
func heldOff(s domain.HoldPolicy, action string, kind domain.HoldKind) bool {
	switch kind {
	case "":
		return true
	case domain.HoldSafety:
		return s == domain.HoldAllows
	case domain.HoldUnreachable, domain.HoldParts, domain.HoldCustomerRequest:
	}
	return action != "schedule" && action != "reschedule"
}

func planMet(r domain.PlanRule, plan []string, crew, seen bool) bool {
	goes := r == domain.PlanSeen || r == domain.PlanInside
	return r == domain.PlanAllows || !domain.Has(plan, "no_visit") && (!goes || len(plan) == 0 || seen || !crew) &&
		!(goes && domain.Has(plan, "two_people")) && // one alone, here
		!(r == domain.PlanInside && domain.Has(plan, "carry_in"))
}

// TestStopIsRefusedNowhere: whoever was ever in the crew may stop, whatever
// the state and the hold (docs/product.md section 3).
func TestStopIsRefusedNowhere(t *testing.T) {
	me := uuid.New()
	for _, status := range domain.VisitStatuses {
		v := &domain.Visit{Status: status, EverCrew: domain.JSONList[domain.ID]{me}}
		for _, role := range domain.Roles {
			if err := domain.CheckVisit(domain.Actor{UserID: me, Role: role}, "stop", v); err != nil {
				t.Errorf("stop of a visit that is %s by one who is %s now: %v", status, role, err)
			}
		}
	}
}

func TestJobMovesWalked(t *testing.T) {
	for _, status := range []domain.JobStatus{domain.JobOpen, domain.JobScheduled, domain.JobInProgress, domain.JobResolved, domain.JobClosed,
		domain.JobCancelled} {
		for _, role := range domain.Roles {
			for _, kind := range append([]domain.HoldKind{""}, holdKinds...) {
				offered := domain.JobActions(domain.Actor{Role: role}, &domain.Job{Status: status}, openHold(kind), nil, time.Now())
				for _, m := range domain.JobMoves {
					allowed := domain.CheckJob(domain.Actor{Role: role}, m.Action, &domain.Job{Status: status}) == nil
					if allowed != (domain.Has(m.Roles, role) && domain.Has(m.From, status)) {
						t.Errorf("%s %s by %s: allowed %v", status, m.Action, role, allowed)
					}
					if domain.Has(offered, m.Action) && (!allowed || !heldOff(m.Holds, m.Action, kind)) {
						t.Errorf("%s %s by %s (hold %q) is offered and would be refused", status, m.Action, role, kind)
					}
					if m.Action == "schedule" && allowed && domain.Has(offered, m.Action) != (kind == "") {
						t.Errorf("%s schedule by %s (hold %q): offered %v", status, role, kind, kind != "")
					}
				}
			}
		}
	}
}

func TestDerivedJobStatus(t *testing.T) {
	opened := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	before, after := opened.Add(-time.Hour), opened.Add(time.Hour)
	for _, tc := range []struct {
		name   string
		visits []domain.Visit
		want   domain.JobStatus
	}{
		{"no visit", nil, domain.JobOpen},
		{"scheduled", []domain.Visit{{Status: domain.VisitScheduled}}, domain.JobScheduled},
		{"under way beats scheduled", []domain.Visit{{Status: domain.VisitScheduled}, {Status: domain.VisitArrived}}, domain.JobInProgress},
		{"completed since opening", []domain.Visit{{Status: domain.VisitCompleted, EndedAt: &after}}, domain.JobResolved},
		{"completed before the reopening", []domain.Visit{{Status: domain.VisitCompleted, EndedAt: &before}}, domain.JobOpen},
		{"scheduled again after completion", []domain.Visit{{Status: domain.VisitCompleted, EndedAt: &after}, {Status: domain.VisitScheduled}},
			domain.JobScheduled},
		{"partial leaves it open", []domain.Visit{{Status: domain.VisitPartial, EndedAt: &after}}, domain.JobOpen},
		{"no access leaves it open", []domain.Visit{{Status: domain.VisitNoAccess, EndedAt: &after}}, domain.JobOpen},
	} {
		if got := DeriveJobStatus(&domain.Job{OpenedAt: opened}, tc.visits); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
}

func chain(n int) (*domain.Job, []domain.Entry) {
	j := &domain.Job{Meta: domain.Meta{ID: uuid.New()}}
	facts := make([]domain.Entry, n)
	for i := range facts {
		facts[i] = domain.Entry{ID: uuid.New(), Kind: "attempt.recorded", ActorRole: domain.RoleAgent, OccurredAt: time.Unix(int64(i), 0),
			RecordedAt: time.Unix(int64(i), 5), Payload: []byte(`{"n":1}`)}
		j.Append(&facts[i])
	}
	return j, facts
}

func TestChainNamesTheFirstBadRow(t *testing.T) {
	if j, facts := chain(5); domain.VerifyChain(j, facts) != nil {
		t.Fatal("an untouched chain is called broken")
	}
	for name, tc := range map[string]struct {
		spoil func(j *domain.Job, f []domain.Entry) []domain.Entry
		seq   int64
	}{
		"payload": {func(_ *domain.Job, f []domain.Entry) []domain.Entry { f[2].Payload = []byte(`{"n":2}`); return f }, 3},
		"time": {func(_ *domain.Job, f []domain.Entry) []domain.Entry {
			f[1].OccurredAt = f[1].OccurredAt.Add(time.Hour)
			return f
		}, 2},
		"actor":          {func(_ *domain.Job, f []domain.Entry) []domain.Entry { f[0].ActorRole = domain.RoleAdmin; return f }, 1},
		"row taken out":  {func(_ *domain.Job, f []domain.Entry) []domain.Entry { return append(f[:1:1], f[2:]...) }, 3},
		"rows swapped":   {func(_ *domain.Job, f []domain.Entry) []domain.Entry { f[2], f[3] = f[3], f[2]; return f }, 4},
		"end cut off":    {func(_ *domain.Job, f []domain.Entry) []domain.Entry { return f[:3] }, 4},
		"head rewritten": {func(j *domain.Job, f []domain.Entry) []domain.Entry { j.ChainHead = []byte("x"); return f }, 6},
	} {
		j, facts := chain(5)
		got := domain.VerifyChain(j, tc.spoil(j, facts))
		if got == nil || got.Seq != tc.seq {
			t.Errorf("%s: %+v, want row %d", name, got, tc.seq)
		}
	}
	// An erased payload verifies by its commitment alone.
	j, facts := chain(3)
	facts[1].Salt, facts[1].Payload = nil, nil
	if f := domain.VerifyChain(j, facts); f != nil {
		t.Errorf("an erased payload breaks the chain: %+v", f)
	}
}

func TestWorksInLocalHoursAlsoWhenClocksChange(t *testing.T) {
	centre := &domain.Centre{Zone: "Europe/London", Holidays: domain.JSONList[string]{"2026-12-25"},
		WorkingDays: domain.JSONList[int]{1, 2, 3, 4, 5}}
	u := &domain.User{Name: "Tom Reed", Hours: domain.JSONList[domain.Shift]{{Weekday: 0, From: "08:00", To: "12:00"},
		{Weekday: 0, From: "13:00", To: "17:00"},
		{Weekday: 5, From: "09:00", To: "24:00"}}}
	london := centre.Location()
	on := func(s string) time.Time {
		at, err := time.ParseInLocation("2006-01-02T15:04", s, london)
		if err != nil {
			t.Fatal(err)
		}
		return at.UTC()
	}
	for _, tc := range []struct {
		from string
		mins int
		want bool
	}{
		{"2026-10-25T08:00", 60, true},  // the day the clocks went back at 02:00
		{"2027-03-28T08:00", 60, true},  // the day they go forward
		{"2027-03-28T07:30", 60, false}, // begins before the shift
		{"2027-03-28T11:30", 60, false}, // into the break
		{"2027-03-28T13:00", 240, true},
		{"2026-12-25T10:00", 60, false}, // holiday, a Friday
		{"2026-12-18T23:00", 60, true},  // until midnight
		{"2026-12-18T23:30", 60, false},
		{"2026-12-19T10:00", 60, false}, // no shift on Saturday
	} {
		from := on(tc.from)
		got, why := Works(u, centre, nil, from, from.Add(time.Duration(tc.mins)*time.Minute))
		if got != tc.want || got == (why != "") {
			t.Errorf("%s for %d min: %v %q", tc.from, tc.mins, got, why)
		}
	}
	leave := []domain.Leave{{StartsAt: on("2026-10-25T09:00"), EndsAt: on("2026-10-25T10:00")}}
	if ok, _ := Works(u, centre, leave, on("2026-10-25T08:30"), on("2026-10-25T09:30")); ok {
		t.Error("works while on leave")
	}
}

// TestWhoSeesAFlag is the field-level rule of docs/product.md section 2.
func TestWhoSeesAFlag(t *testing.T) {
	area, centre, reporter, subject := uuid.New(), uuid.New(), uuid.New(), uuid.New()
	flag := func(level int, about *domain.ID) *domain.Flag {
		return &domain.Flag{AreaID: &area, CentreID: &centre, ReporterID: &reporter, SubjectID: about, Level: level}
	}
	for _, tc := range []struct {
		name       string
		actor      domain.Actor
		flag       *domain.Flag
		all, brief bool
	}{
		{"reporter", domain.Actor{UserID: reporter, Role: domain.RoleTechnician}, flag(2, nil), true, false},
		{"colleague", domain.Actor{UserID: uuid.New(), Role: domain.RoleTechnician, CentreID: centre}, flag(2, nil), false, false},
		{"coordinator", domain.Actor{UserID: uuid.New(), Role: domain.RoleCoordinator, CentreID: centre}, flag(2, nil), false, false},
		{"proprietor", domain.Actor{UserID: uuid.New(), Role: domain.RoleProprietor, CentreID: centre}, flag(2, nil), false, true},
		{"proprietor of another centre", domain.Actor{UserID: uuid.New(), Role: domain.RoleProprietor, CentreID: uuid.New()}, flag(2, nil), false,
			false},
		{"proprietor, about his own people", domain.Actor{UserID: uuid.New(), Role: domain.RoleProprietor, CentreID: centre}, flag(3, &subject),
			false, false},
		{"area manager", domain.Actor{UserID: uuid.New(), Role: domain.RoleAreaManager, AreaID: area}, flag(2, nil), true, false},
		{"area manager, private note", domain.Actor{UserID: uuid.New(), Role: domain.RoleAreaManager, AreaID: area}, flag(0, nil), false, false},
		{"deputy", domain.Actor{UserID: uuid.New(), Role: domain.RoleAreaManager, AreaID: uuid.New(), Deputises: []domain.ID{area}}, flag(2, nil),
			true, false},
		{"manager of another area", domain.Actor{UserID: uuid.New(), Role: domain.RoleAreaManager, AreaID: uuid.New()}, flag(2, nil), false,
			false},
		{"the person it is about", domain.Actor{UserID: subject, Role: domain.RoleAreaManager, AreaID: area}, flag(3, &subject), false, false},
		{"admin before escalation", domain.Actor{UserID: uuid.New(), Role: domain.RoleAdmin}, flag(2, nil), false, false},
	} {
		if all, brief := tc.actor.SeesFlag(tc.flag); all != tc.all || brief != tc.brief {
			t.Errorf("%s: all %v brief %v", tc.name, all, brief)
		}
	}
}

// TestAVisitThatBeganIsContact: whoever was let in was in contact, unless the
// household says that nobody came and nobody decided otherwise.
func TestAVisitThatBeganIsContact(t *testing.T) {
	began, ended := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC), time.Date(2027, 3, 1, 10, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name  string
		visit domain.Visit
		want  *time.Time
	}{
		{"at the door", domain.Visit{Status: domain.VisitArrived, ArrivedAt: &began}, nil},
		{"in progress", domain.Visit{Status: domain.VisitInProgress, StartedAt: &began}, &began},
		{"completed", domain.Visit{Status: domain.VisitCompleted, StartedAt: &began, EndedAt: &ended}, &began},
		{"the start was not recorded", domain.Visit{Status: domain.VisitPartial, EndedAt: &ended}, &ended},
		{"stopped inside", domain.Visit{Status: domain.VisitStopped, StartedAt: &began, EndedAt: &ended}, &began},
		{"no access", domain.Visit{Status: domain.VisitNoAccess, ArrivedAt: &began, EndedAt: &ended}, nil},
		{"disputed", domain.Visit{Status: domain.VisitCompleted, StartedAt: &began, EndedAt: &ended, Disputed: true}, nil},
		{"struck", domain.Visit{Status: domain.VisitMissed, StartedAt: &began, EndedAt: &ended}, nil},
	} {
		if got := tc.visit.Begun(); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

// TestEveryMoveThatCountsHasAGuard: a crew's move to an end that counts for or against
// somebody is held to a guard by metOrWhyNot.
func TestEveryMoveThatCountsHasAGuard(t *testing.T) {
	nobodys := []domain.VisitStatus{domain.VisitStopped, domain.VisitRescheduled, domain.VisitCancelled}
	for i := range domain.VisitMoves {
		m := &domain.VisitMoves[i]
		if m.To == "" || m.To.Unfinished() || domain.Has(nobodys, m.To) || !domain.Has(m.Roles, domain.RoleTechnician) {
			continue
		}
		if countingGuards[m.Action] == nil {
			t.Errorf("%s leads to %s and has no guard", m.Action, m.To)
		}
	}
}
