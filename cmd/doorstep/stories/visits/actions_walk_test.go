package visits

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/customers"
	"doorstep/domain/safety"
	"doorstep/repo"
)

// TestActionsAreWhatIsTaken walks visits through their lives. At each step, and for each of our people, each move is asked
// for without being made, in every way in which its proof and time could be said: what is listed as an action is what
// some way of saying it is taken for, in GET of the visit, in lists, on the board and on phones alike (docs/product.md section 3).
func TestActionsAreWhatIsTaken(t *testing.T) {
	harness.Long(t)
	t.Parallel()
	h := harness.New(t, repo.SQLite) // what is offered is decided above the database
	for _, k := range domain.PushKinds {
		h.MayIgnore(k.Kind)
	}
	desk, ravi := h.As("kiran"), h.As("ravi")
	steps := 0
	step := func(what string, visit object) {
		t.Helper()
		steps++
		wrong := askEachMove(h, visit)
		for _, w := range wrong {
			t.Errorf("%s (%s): %s", what, h.Clock.Now().In(harness.Zone("Asia/Kolkata")).Format("2 Jan 15:04"), w)
		}
	}
	// day is 9:00 of the next day on which nothing of this walk is.
	day := func() time.Time {
		from := h.Clock.Now().In(harness.Zone("Asia/Kolkata")).AddDate(0, 0, 1)
		return time.Date(from.Year(), from.Month(), from.Day(), 11, 0, 0, 0, from.Location())
	}
	book := func() (job, visit object, window time.Time) {
		_, job = h.Household(desk, nil)
		window = day()
		return job, h.Visit(desk, job, window, "ravi"), window
	}
	until := func(at time.Time) { h.Advance(at.Sub(h.Clock.Now())) }
	move := func(visit object, action string, body any) {
		t.Helper()
		ravi.Send("POST", path("/v1/visits/%s/", visit)+action, body, 200)
	}

	// One that nobody goes to.
	job, visit, window := book()
	step("booked", visit)
	until(window.Add(-5*time.Hour - time.Minute))
	step("the minute before its morning", visit)
	until(window.Add(-5 * time.Hour))
	step("its morning", visit)
	until(window.Add(-2*time.Hour - time.Minute))
	step("before it is near", visit)
	until(window.Add(-2 * time.Hour))
	step("near", visit)
	until(window)
	step("its window begins", visit)
	until(window.Add(2 * time.Hour))
	step("its window ends", visit)
	until(window.Add(2*time.Hour + 16*time.Minute))
	step("missed", visit)
	until(window.Add(80 * time.Hour))
	step("missed for good", visit)
	_ = job

	// One that is worked on and done.
	_, visit, window = book()
	until(window.Add(-time.Hour))
	move(visit, "en-route", nil)
	step("on the way", visit)
	until(window.Add(-30 * time.Minute))
	move(visit, "arrive", nil)
	step("at the door early", visit)
	until(window.Add(2 * time.Minute))
	step("at the door, in the window", visit)
	until(window.Add(11 * time.Minute))
	step("at the door for long", visit)
	move(visit, "start", nil)
	step("at work", visit)
	until(window.Add(time.Hour))
	move(visit, "complete", object{"work_done": "repaired", "tested": "cools"})
	step("done", visit)
	until(window.Add(50 * time.Hour))
	step("done two days ago", visit)

	// One to which nobody opens, and one that is not finished.
	_, visit, window = book()
	until(window.Add(-3 * time.Hour))
	move(visit, "arrive", nil)
	step("at the door long before the window", visit)
	until(window.Add(20 * time.Minute))
	step("there since long before the window", visit)
	move(visit, "no-access", object{"reason": "gate_refused"})
	step("nobody opened", visit)
	until(window.Add(80 * time.Hour))
	step("nobody opened, three days ago", visit)
	_, visit, window = book()
	until(window.Add(5 * time.Minute))
	move(visit, "start", nil)
	move(visit, "partial", object{"findings": "a part is missing"})
	step("not finished", visit)

	// Agreed to, cancelled, moved, without a crew.
	_, visit, window = book()
	desk.Send("POST", path("/v1/visits/%s/confirm", visit), object{"contact": object{"channel": "phone", "outcome": "reached"}}, 200)
	step("agreed to", visit)
	desk.Send("POST", path("/v1/visits/%s/dispute", visit), object{"claim": "not_agreed", "contact": object{"channel": "phone",
		"direction": "inbound", "outcome": "reached"}}, 201)
	step("agreement denied", visit)
	desk.Send("POST", path("/v1/visits/%s/cancel", visit), object{"reason": "asked for"}, 200)
	step("cancelled", visit)
	_, visit, window = book()
	desk.Send("POST", path("/v1/visits/%s/reschedule", visit), object{"window_start": window.AddDate(0, 0, 9),
		"window_end": window.AddDate(0, 0, 9).
			Add(time.Hour)}, 201)
	step("moved", visit)
	_, visit, _ = book()
	desk.Send("POST", path("/v1/visits/%s/assign", visit), object{"crew": []string{}}, 200)
	step("without a crew", visit)

	// Held, released with a plan, cancelled under the hold; stopped.
	job, visit, window = book()
	desk.Send("POST", path("/v1/jobs/%s/hold", job), object{"kind": "parts"}, 200)
	step("waiting for parts", visit)
	desk.Send("POST", path("/v1/jobs/%s/release", job), object{"kind": "parts"}, 200)
	h.As("noor").Send("POST", "/v1/flags", object{"job_id": job["id"], "kind": "threat", "level": 2}, 201)
	step("held", visit)
	h.ReleaseHold(h.As("maya"), job, "phone_first")
	step("a plan that is not seen", visit)
	move(visit, "plan-seen", nil)
	until(window.Add(-time.Hour))
	step("a plan that is seen", visit)
	ravi.Send("POST", path("/v1/visits/%s/attempts", visit), object{"channel": "phone", "outcome": "reached"}, 201)
	step("spoken with by phone", visit)
	move(visit, "arrive", nil)
	step("at the door with a plan", visit)
	job, visit, window = book()
	until(window.Add(-time.Hour))
	h.As("noor").Send("POST", "/v1/flags", object{"job_id": job["id"], "kind": "threat", "level": 2}, 201)
	until(window.Add(time.Minute))
	step("cancelled under its hold", visit)
	h.ReleaseHold(h.As("maya"), job, "daylight")
	step("cancelled, its hold released", visit)
	_, visit, window = book()
	until(window.Add(time.Minute))
	move(visit, "arrive", nil)
	move(visit, "stop", nil)
	step("stopped", visit)
	if steps < 35 {
		t.Errorf("only %d steps", steps)
	}
}

// askEachMove compares what is listed with what is taken, for each of our people.
func askEachMove(h *harness.Harness, visit object) (wrong []string) {
	h.Helper()
	id := uuid.MustParse(harness.String(visit["id"]))
	for _, login := range []string{"ravi", "meena", "kiran", "asha", "maya", "gita", "root"} {
		p := h.As(login)
		_, res := p.Raw("GET", path("/v1/visits/%s", visit), nil)
		if res.StatusCode == 404 {
			continue
		}
		one := p.Send("GET", path("/v1/visits/%s", visit), nil, 200)
		listed := texts(one["actions"])
		for _, v := range items(p.Send("GET", fmt.Sprintf("/v1/visits?job_id=%v", one["job_id"]), nil, 200)) {
			if v["id"] == one["id"] && !slices.Equal(texts(v["actions"]), listed) {
				wrong = append(wrong, fmt.Sprintf("%s is offered %v, in a list %v", login, listed, v["actions"]))
			}
		}
		var elsewhere []any
		switch login {
		case "ravi":
			for _, v := range p.Send("GET", "/v1/sync?limit=50", nil, 200)["visits"].([]any) {
				elsewhere = append(elsewhere, v.(object)["visit"])
			}
		case "kiran", "asha", "maya", "gita":
			elsewhere = p.Send("GET", fmt.Sprintf("/v1/centres/%s/board?date=%s", h.Centre,
				harness.Instant(h.T, one["window_start"]).Format(time.DateOnly)), nil, 200)["visits"].([]any)
		}
		for _, v := range elsewhere {
			if v.(object)["id"] == one["id"] && !slices.Equal(texts(v.(object)["actions"]), listed) {
				wrong = append(wrong, fmt.Sprintf("%s is offered %v, on the board or phone %v", login, listed, v.(object)["actions"]))
			}
		}
		for _, action := range []string{"assign", "decline", "confirm", "en-route", "arrive", "start", "complete", "partial", "no-access",
			"take-back",
			"stop", "cancel", "reschedule", "confirm-done", "dispute", "plan-seen"} {
			taken, why := isTaken(h, login, id, action)
			if taken != slices.Contains(listed, action) {
				wrong = append(wrong, fmt.Sprintf("%s by %s: listed %v, taken %v %s", action, login, !taken, taken, why))
			}
		}
	}
	return wrong
}

func texts(list any) (out []string) {
	for _, x := range list.([]any) {
		out = append(out, x.(string))
	}
	slices.Sort(out)
	return out
}

// isTaken asks for a move without making it, in all ways in which it could be said.
func isTaken(h *harness.Harness, login string, id domain.ID, action string) (taken bool, why string) {
	h.Helper()
	ctx, svc := h.Context(), h.Server.Service
	var v *domain.Visit
	var a domain.Actor
	code := "none"
	h.Must(h.DB.InTx(ctx, func(tx domain.Tx) error {
		u, err := tx.User(h.People[login].ID)
		h.Must(err)
		a, err = casework.ActorOf(ctx, svc.Service, u)
		h.Must(err)
		v, err = tx.Visit(id)
		h.Must(err)
		if l, err := tx.LinkOfJob(v.JobID); err == nil {
			code = casework.EndCode(svc.Service, l, id)
		}
		return nil
	}))
	times := []string{""}
	for _, at := range []time.Time{v.WindowStart.Add(-time.Hour), v.WindowStart.Add(-time.Minute), v.WindowStart.Add(15 * time.Minute),
		v.WindowEnd} {
		if at.Before(h.Clock.Now()) {
			times = append(times, at.Format(time.RFC3339))
		}
	}
	said := &casework.AttemptInput{Channel: "phone", Direction: "inbound", Outcome: "reached"}
	refused := map[string]bool{}
	try := func(move func(call *casework.Call) (domain.VisitView, error)) {
		out, err := move(&casework.Call{Actor: a, DryRun: true})
		switch {
		case err != nil:
			refused[err.Error()] = true
		case out.ID == id && out.Version == v.Version:
			refused["it changes nothing"] = true
		default:
			taken = true
		}
	}
	if !slices.Contains([]string{"en-route", "arrive", "start", "complete", "partial", "no-access"}, action) {
		times = times[:1] // what a desk tells late is a late fact; a phone that was offline moves the visit by it
	}
	for _, at := range times {
		switch action {
		case "en-route", "arrive", "start", "complete", "partial", "no-access":
			for _, reason := range []string{"", "gate_refused"} {
				try(func(call *casework.Call) (domain.VisitView, error) {
					return svc.Advance(ctx, call, id, action, casework.MoveInput{OccurredAt: at, Reason: reason, Note: "the guard said so",
						WorkDone: domain.Ptr("repaired"), Tested: domain.Ptr("works")})
				})
			}
		case "assign":
			for _, crew := range [][]domain.ID{{}, {h.People["ravi"].ID}, {h.People["meena"].ID}} {
				try(func(call *casework.Call) (domain.VisitView, error) {
					return svc.Assign(ctx, call, id, casework.CrewInput{Crew: crew, OccurredAt: at})
				})
			}
		case "decline":
			try(func(call *casework.Call) (domain.VisitView, error) {
				return svc.Decline(ctx, call, id, casework.ReasonInput{Reason: "conflict", OccurredAt: at})
			})
		case "confirm":
			try(func(call *casework.Call) (domain.VisitView, error) {
				return svc.Confirm(ctx, call, id, casework.ConfirmInput{Contact: said, OccurredAt: at})
			})
		case "take-back":
			try(func(call *casework.Call) (domain.VisitView, error) {
				return svc.TakeBack(ctx, call, id, casework.TakeBackInput{Reason: "a wrong tap", OccurredAt: at})
			})
		case "stop":
			try(func(call *casework.Call) (domain.VisitView, error) { // of an ended visit it is on record, and changes nothing else
				_, err := svc.Safety.Stop(ctx, call, id, safety.StopInput{OccurredAt: at})
				return domain.VisitView{}, err
			})
		case "cancel":
			try(func(call *casework.Call) (domain.VisitView, error) {
				return svc.Cancel(ctx, call, id, casework.ReasonInput{Reason: "asked for", OccurredAt: at})
			})
		case "reschedule":
			next := h.Clock.Now().Add(20 * 24 * time.Hour).In(harness.Zone("Asia/Kolkata"))
			from := time.Date(next.Year(), next.Month(), next.Day(), 11, 0, 0, 0, next.Location())
			try(func(call *casework.Call) (domain.VisitView, error) {
				return svc.Reschedule(ctx, call, id, casework.ScheduleInput{WindowStart: from.Format(time.RFC3339),
					WindowEnd: from.Add(2 * time.Hour).Format(time.RFC3339), Contact: said, OccurredAt: at})
			})
		case "confirm-done":
			try(func(call *casework.Call) (domain.VisitView, error) {
				in := casework.ConfirmDoneInput{Contact: said, OccurredAt: at}
				if a.Role == domain.RoleTechnician {
					in = casework.ConfirmDoneInput{EndCode: code, OccurredAt: at}
				}
				return svc.ConfirmDone(ctx, call, id, in)
			})
		case "dispute":
			for _, claim := range domain.DisputeClaims {
				try(func(call *casework.Call) (domain.VisitView, error) {
					_, err := svc.Customers.DisputeVisit(ctx, call, id, customers.DisputeInput{Claim: claim, Contact: said, OccurredAt: at})
					return domain.VisitView{}, err
				})
			}
		case "plan-seen":
			try(func(call *casework.Call) (domain.VisitView, error) {
				return svc.PlanSeen(ctx, call, id, casework.ReasonInput{OccurredAt: at})
			})
		}
	}
	if taken {
		return true, ""
	}
	var words []string
	for w := range refused {
		words = append(words, w)
	}
	return false, strings.Join(words, " | ")
}
