package domain

import (
	"testing"
	"time"

	"github.com/google/uuid"
)

// TestVisitMovesWalked holds every (state, action, role) of the table against
// the answers' actions and the check that the use cases make, so that what is
// offered and what is refused can never differ.
func TestVisitMovesWalked(t *testing.T) {
	me := uuid.New()
	now := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	later := now.Add(time.Hour)
	roles := append([]Role{RoleCustomer, RoleSystem}, Roles...)
	walked := 0
	for _, status := range VisitStatuses {
		for _, role := range roles {
			for _, in := range []bool{true, false} {
				v := &Visit{Status: status, WindowEnd: later, ProvisionalTo: &later}
				if in {
					v.Crew, v.EverCrew = JSONList[ID]{me}, JSONList[ID]{me}
				}
				a := Actor{UserID: me, Role: role}
				for _, kind := range append([]HoldKind{""}, holdKinds...) {
					for _, plan := range [][]string{nil, {"daylight"}, {"no_visit"}, {"carry_in"}, {"two_people"}} {
						for _, seen := range []JSONList[ID]{nil, {me}} {
							v.PlanSeen = seen
							offered := VisitActions(a, v, openHold(kind), plan, now)
							for _, m := range VisitMoves {
								walked++
								allowed := CheckVisit(a, m.Action, v) == nil
								want := has(m.Roles, role) && has(m.From, status) && (role != RoleTechnician || in)
								if m.Action == "stop" { // also after he became something else
									want = in && role != RoleCustomer
								}
								if allowed != want {
									t.Errorf("%s %s by %s (crew %v): allowed %v, the table says %v", status, m.Action, role, in, allowed, want)
								}
								if m.Action == "dispute" && has(notYetThere, status) { // only an agreement can be denied before the visit
									agreed := *v
									agreed.AgreedID, agreed.Confirmation, agreed.ConfirmedHow = &me, ConfirmConfirmed, "call"
									if has(offered, m.Action) {
										t.Errorf("%s dispute by %s: offered where nobody agreed", status, role)
									}
									offered = append(without(offered, m.Action), VisitActions(a, &agreed, openHold(kind), plan, now)...)
								}
								want = want && heldOff(m.Holds, m.Action, kind) && planMet(m.Plan, plan, len(v.Crew) > 0, len(seen) > 0)
								if m.Action == "plan-seen" {
									want = want && len(plan) > 0 && len(seen) == 0
								}
								if got := has(offered, m.Action); got != want {
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
	if walked != len(VisitStatuses)*len(roles)*2*5*5*2*len(VisitMoves) {
		t.Fatalf("walked %d combinations only", walked)
	}
}

var holdKinds = []HoldKind{HoldUnreachable, HoldParts, HoldCustomerRequest, HoldSafety}

// openHold stands next to one that was lifted and refuses nothing.
func openHold(kind HoldKind) []Hold {
	past := time.Date(2027, 2, 1, 9, 0, 0, 0, time.UTC)
	holds := []Hold{{Kind: HoldSafety, LiftedAt: &past}}
	if kind != "" {
		holds = append(holds, Hold{Kind: kind})
	}
	return holds
}

// heldOff says in docs/product.md's words what a hold refuses: safety also the
// forward moves, the others only schedule and reschedule.
func heldOff(s HoldPolicy, action string, kind HoldKind) bool {
	switch kind {
	case "":
		return true
	case HoldSafety:
		return s == HoldAllows
	case HoldUnreachable, HoldParts, HoldCustomerRequest:
	}
	return action != "schedule" && action != "reschedule"
}

func planMet(r PlanRule, plan []string, crew, seen bool) bool {
	goes := r == PlanSeen || r == PlanInside
	return r == PlanAllows || !has(plan, "no_visit") && (!goes || len(plan) == 0 || seen || !crew) &&
		!(goes && has(plan, "two_people")) && // one alone, here
		!(r == PlanInside && has(plan, "carry_in"))
}

// TestStopIsRefusedNowhere: whoever was ever in the crew may stop, whatever
// the state and the hold (docs/product.md section 3).
func TestStopIsRefusedNowhere(t *testing.T) {
	me := uuid.New()
	for _, status := range VisitStatuses {
		v := &Visit{Status: status, EverCrew: JSONList[ID]{me}}
		for _, role := range Roles {
			if err := CheckVisit(Actor{UserID: me, Role: role}, "stop", v); err != nil {
				t.Errorf("stop of a visit that is %s by one who is %s now: %v", status, role, err)
			}
		}
	}
}

func TestJobMovesWalked(t *testing.T) {
	for _, status := range []JobStatus{JobOpen, JobScheduled, JobInProgress, JobResolved, JobClosed, JobCancelled} {
		for _, role := range Roles {
			for _, kind := range append([]HoldKind{""}, holdKinds...) {
				offered := JobActions(Actor{Role: role}, &Job{Status: status}, openHold(kind), nil, time.Now())
				for _, m := range JobMoves {
					allowed := CheckJob(Actor{Role: role}, m.Action, &Job{Status: status}) == nil
					if allowed != (has(m.Roles, role) && has(m.From, status)) {
						t.Errorf("%s %s by %s: allowed %v", status, m.Action, role, allowed)
					}
					if has(offered, m.Action) && (!allowed || !heldOff(m.Holds, m.Action, kind)) {
						t.Errorf("%s %s by %s (hold %q) is offered and would be refused", status, m.Action, role, kind)
					}
					if m.Action == "schedule" && allowed && has(offered, m.Action) != (kind == "") {
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
		visits []Visit
		want   JobStatus
	}{
		{"no visit", nil, JobOpen},
		{"scheduled", []Visit{{Status: VisitScheduled}}, JobScheduled},
		{"under way beats scheduled", []Visit{{Status: VisitScheduled}, {Status: VisitArrived}}, JobInProgress},
		{"completed since opening", []Visit{{Status: VisitCompleted, EndedAt: &after}}, JobResolved},
		{"completed before the reopening", []Visit{{Status: VisitCompleted, EndedAt: &before}}, JobOpen},
		{"scheduled again after completion", []Visit{{Status: VisitCompleted, EndedAt: &after}, {Status: VisitScheduled}}, JobScheduled},
		{"partial leaves it open", []Visit{{Status: VisitPartial, EndedAt: &after}}, JobOpen},
		{"no access leaves it open", []Visit{{Status: VisitNoAccess, EndedAt: &after}}, JobOpen},
	} {
		if got := DeriveJobStatus(&Job{OpenedAt: opened}, tc.visits); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
}

func chain(n int) (*Job, []Entry) {
	j := &Job{Meta: Meta{ID: uuid.New()}}
	facts := make([]Entry, n)
	for i := range facts {
		facts[i] = Entry{ID: uuid.New(), Kind: "attempt.recorded", ActorRole: RoleAgent, OccurredAt: time.Unix(int64(i), 0),
			RecordedAt: time.Unix(int64(i), 5), Payload: []byte(`{"n":1}`)}
		j.Append(&facts[i])
	}
	return j, facts
}

func TestChainNamesTheFirstBadRow(t *testing.T) {
	if j, facts := chain(5); VerifyChain(j, facts) != nil {
		t.Fatal("an untouched chain is called broken")
	}
	for name, tc := range map[string]struct {
		spoil func(j *Job, f []Entry) []Entry
		seq   int64
	}{
		"payload":        {func(_ *Job, f []Entry) []Entry { f[2].Payload = []byte(`{"n":2}`); return f }, 3},
		"time":           {func(_ *Job, f []Entry) []Entry { f[1].OccurredAt = f[1].OccurredAt.Add(time.Hour); return f }, 2},
		"actor":          {func(_ *Job, f []Entry) []Entry { f[0].ActorRole = RoleAdmin; return f }, 1},
		"row taken out":  {func(_ *Job, f []Entry) []Entry { return append(f[:1:1], f[2:]...) }, 3},
		"rows swapped":   {func(_ *Job, f []Entry) []Entry { f[2], f[3] = f[3], f[2]; return f }, 4},
		"end cut off":    {func(_ *Job, f []Entry) []Entry { return f[:3] }, 4},
		"head rewritten": {func(j *Job, f []Entry) []Entry { j.ChainHead = []byte("x"); return f }, 6},
	} {
		j, facts := chain(5)
		got := VerifyChain(j, tc.spoil(j, facts))
		if got == nil || got.Seq != tc.seq {
			t.Errorf("%s: %+v, want row %d", name, got, tc.seq)
		}
	}
	// An erased payload verifies by its commitment alone.
	j, facts := chain(3)
	facts[1].Salt, facts[1].Payload = nil, nil
	if f := VerifyChain(j, facts); f != nil {
		t.Errorf("an erased payload breaks the chain: %+v", f)
	}
}

func TestWorksInLocalHoursAlsoWhenClocksChange(t *testing.T) {
	centre := &Centre{Zone: "Europe/London", Holidays: JSONList[string]{"2026-12-25"}, WorkingDays: JSONList[int]{1, 2, 3, 4, 5}}
	u := &User{Name: "Tom Reed", Hours: JSONList[Shift]{{Weekday: 0, From: "08:00", To: "12:00"}, {Weekday: 0, From: "13:00", To: "17:00"},
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
	leave := []Leave{{StartsAt: on("2026-10-25T09:00"), EndsAt: on("2026-10-25T10:00")}}
	if ok, _ := Works(u, centre, leave, on("2026-10-25T08:30"), on("2026-10-25T09:30")); ok {
		t.Error("works while on leave")
	}
}

// TestWhoSeesAFlag is the field-level rule of docs/product.md section 2.
func TestWhoSeesAFlag(t *testing.T) {
	area, centre, reporter, subject := uuid.New(), uuid.New(), uuid.New(), uuid.New()
	flag := func(level int, about *ID) *Flag {
		return &Flag{AreaID: &area, CentreID: &centre, ReporterID: &reporter, SubjectID: about, Level: level}
	}
	for _, tc := range []struct {
		name       string
		actor      Actor
		flag       *Flag
		all, brief bool
	}{
		{"reporter", Actor{UserID: reporter, Role: RoleTechnician}, flag(2, nil), true, false},
		{"colleague", Actor{UserID: uuid.New(), Role: RoleTechnician, CentreID: centre}, flag(2, nil), false, false},
		{"coordinator", Actor{UserID: uuid.New(), Role: RoleCoordinator, CentreID: centre}, flag(2, nil), false, false},
		{"proprietor", Actor{UserID: uuid.New(), Role: RoleProprietor, CentreID: centre}, flag(2, nil), false, true},
		{"proprietor of another centre", Actor{UserID: uuid.New(), Role: RoleProprietor, CentreID: uuid.New()}, flag(2, nil), false, false},
		{"proprietor, about his own people", Actor{UserID: uuid.New(), Role: RoleProprietor, CentreID: centre}, flag(3, &subject), false, false},
		{"area manager", Actor{UserID: uuid.New(), Role: RoleAreaManager, AreaID: area}, flag(2, nil), true, false},
		{"area manager, private note", Actor{UserID: uuid.New(), Role: RoleAreaManager, AreaID: area}, flag(0, nil), false, false},
		{"deputy", Actor{UserID: uuid.New(), Role: RoleAreaManager, AreaID: uuid.New(), Deputises: []ID{area}}, flag(2, nil), true, false},
		{"manager of another area", Actor{UserID: uuid.New(), Role: RoleAreaManager, AreaID: uuid.New()}, flag(2, nil), false, false},
		{"the person it is about", Actor{UserID: subject, Role: RoleAreaManager, AreaID: area}, flag(3, &subject), false, false},
		{"admin before escalation", Actor{UserID: uuid.New(), Role: RoleAdmin}, flag(2, nil), false, false},
	} {
		if all, brief := tc.actor.SeesFlag(tc.flag); all != tc.all || brief != tc.brief {
			t.Errorf("%s: all %v brief %v", tc.name, all, brief)
		}
	}
}

func TestEveryNoticeSpeaksEveryLanguage(t *testing.T) {
	for kind, text := range words {
		for _, language := range Languages {
			if text[language][0] == "" || text[language][1] == "" {
				t.Errorf("%s says nothing in %s", kind, language)
			}
		}
	}
}

// TestAVisitThatBeganIsContact: whoever was let in was in contact, unless the
// household says that nobody came and nobody decided otherwise.
func TestAVisitThatBeganIsContact(t *testing.T) {
	began, ended := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC), time.Date(2027, 3, 1, 10, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name  string
		visit Visit
		want  *time.Time
	}{
		{"at the door", Visit{Status: VisitArrived, ArrivedAt: &began}, nil},
		{"in progress", Visit{Status: VisitInProgress, StartedAt: &began}, &began},
		{"completed", Visit{Status: VisitCompleted, StartedAt: &began, EndedAt: &ended}, &began},
		{"the start was not recorded", Visit{Status: VisitPartial, EndedAt: &ended}, &ended},
		{"stopped inside", Visit{Status: VisitStopped, StartedAt: &began, EndedAt: &ended}, &began},
		{"no access", Visit{Status: VisitNoAccess, ArrivedAt: &began, EndedAt: &ended}, nil},
		{"disputed", Visit{Status: VisitCompleted, StartedAt: &began, EndedAt: &ended, Disputed: true}, nil},
		{"struck", Visit{Status: VisitMissed, StartedAt: &began, EndedAt: &ended}, nil},
	} {
		if got := tc.visit.begun(); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}
