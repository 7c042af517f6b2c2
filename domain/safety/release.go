package safety

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// ReleaseInput releases the safety holds over a job's household with a
// safe-visit plan.
type ReleaseInput struct {
	Plan        []string `json:"plan"`
	Reason      string   `json:"reason"`
	ConfirmedBy string   `json:"confirmed_by"` // of hazard_removed: who confirmed it
	OccurredAt  string   `json:"occurred_at"`
}

// SafetyRelease lifts the safety holds whose reports the caller triages, with a plan
// that stays in force, or changes that plan. Each report behind a hold needs its own
// release; what a person directed at level 3 or 4 needs two people, and the first
// changes nothing that the centre sees. Coordinator and proprietor say with
// hazard_removed that it is settled, which is kept for whoever triages and answered
// alike whatever was reported. Errors: CodeForbidden, CodeState without a hold,
// CodePreconditionMissing before triage and while the reporter is asked,
// CodeUnprocessable for a plan.
func (s *Service) SafetyRelease(ctx context.Context, call *casework.Call, job domain.ID, in ReleaseInput) (domain.JobView, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.JobView, error) {
		a := call.Actor
		c, err := openForRelease(tx, a, job)
		if err != nil {
			return domain.JobView{}, err
		}
		if !a.Is(domain.RoleCoordinator, domain.RoleProprietor, domain.RoleAreaManager, domain.RoleAdmin) {
			return domain.JobView{}, domain.CheckJob(a, "safety-release", c.Job)
		}
		desk := a.Is(domain.RoleCoordinator, domain.RoleProprietor)
		if desk && !slices.Equal(in.Plan, []string{"hazard_removed"}) {
			return domain.JobView{}, domain.CheckJob(a, "safety-release", c.Job)
		}
		if c.Held == nil && (desk || len(c.Plan) == 0) {
			return domain.JobView{}, domain.Fail(domain.CodeState, "No safety hold stands over this household, and no plan is in force.")
		}
		if err := c.Stamp(call, in.OccurredAt); err != nil {
			return domain.JobView{}, err
		}
		switch {
		case desk:
			if err = in.check(desk); err != nil {
				return domain.JobView{}, err
			}
			err = settle(c, a, in)
		case c.Held != nil:
			err = releaseHolds(c, a, in)
		default:
			err = revisePlan(c, a, in)
		}
		if err != nil {
			return domain.JobView{}, err
		}
		return c.JobView(a)
	})
}

// openForRelease opens a job for who may see it, or answers for a report behind one of
// its holds: because those who should are involved or late.
func openForRelease(tx *casework.Work, a domain.Actor, job domain.ID) (*casework.Case, error) {
	j, err := casework.AuthorizeJob(tx, a, job)
	foreign := casework.NotFound(err) && a.Role == domain.RoleAreaManager
	if foreign {
		j, err = tx.LockJob(job)
	}
	if err != nil {
		return nil, err
	}
	c, err := casework.OpenCase(tx, j)
	if err != nil || !foreign {
		return c, err
	}
	for i := range c.Holds {
		h := &c.Holds[i]
		if h.Kind != domain.HoldSafety {
			continue
		}
		f, err := reportBehind(tx, h)
		if err != nil {
			return nil, err
		}
		if f != nil && a.AnswersFor(f) {
			return c, nil
		}
	}
	return nil, domain.NotFound("job")
}

// reportBehind is the report that a hold came of; nil where there is none any more.
func reportBehind(tx *casework.Work, h *domain.Hold) (*domain.Flag, error) {
	if h.FlagID == nil {
		return nil, nil
	}
	f, err := tx.Flag(*h.FlagID)
	if casework.NotFound(err) {
		return nil, nil
	}
	return f, err
}

// check refuses a plan that is none or contradicts itself; reasons are given by who
// decides.
func (in ReleaseInput) check(desk bool) error {
	for i, p := range in.Plan {
		switch at := "/plan/" + strconv.Itoa(i); {
		case !domain.Has(domain.SafeVisitPlans, p):
			return domain.Fail(domain.CodeUnprocessable, "This plan does not exist.").
				At(at, strings.Join(domain.SafeVisitPlans, ", "))
		case domain.Has(in.Plan[:i], p):
			return domain.Fail(domain.CodeUnprocessable, "The plan says the same twice.").At(at, "each once")
		case p == "no_visit" && len(in.Plan) > 1:
			return domain.Fail(domain.CodeUnprocessable, "Where nobody is sent, nothing else is to be kept.").
				At(at, "no_visit alone")
		case p == "remote_only" && slices.ContainsFunc(atTheDoor, func(v string) bool { return domain.Has(in.Plan, v) }):
			return domain.Fail(domain.CodeUnprocessable, "Help from afar and a rule for a visit contradict each other.").
				At(at, "without two_people, daylight and carry_in")
		}
		if p == "hazard_removed" && strings.TrimSpace(in.ConfirmedBy) == "" {
			return domain.Fail(domain.CodeUnprocessable, "Say who confirmed that the hazard is gone.").
				At("/confirmed_by", "a name or role")
		}
	}
	if len(in.Plan) == 0 {
		return domain.Fail(domain.CodeUnprocessable, "A safety hold is released with a plan only.").
			At("/plan", strings.Join(domain.SafeVisitPlans, ", "))
	}
	if !desk && strings.TrimSpace(in.Reason) == "" {
		return domain.Fail(domain.CodeUnprocessable, "Say why it is released so.").At("/reason", "a sentence")
	}
	return nil
}

// atTheDoor are the plans of which remote_only leaves nothing.
var atTheDoor = []string{"two_people", "daylight", "carry_in"}

// together is what several people ask for, each for a reason of their own.
func together(plans ...[]string) []string {
	all := slices.Concat(plans...)
	if domain.Has(all, "no_visit") {
		return []string{"no_visit"}
	}
	var out []string
	for _, p := range domain.SafeVisitPlans {
		if domain.Has(all, p) && (!domain.Has(all, "remote_only") || !domain.Has(atTheDoor, p)) {
			out = append(out, p)
		}
	}
	return out
}

// settle keeps what the centre says of the holds, for whoever triages the reports
// behind them. Nothing that the centre sees changes by it.
func settle(c *casework.Case, a domain.Actor, in ReleaseInput) error {
	for i := range c.Holds {
		h := &c.Holds[i]
		if h.Kind != domain.HoldSafety || h.LiftedAt != nil {
			continue
		}
		h.SettledWords, h.SettledByID, h.SettledAt = strings.TrimSpace(in.ConfirmedBy), &a.UserID, domain.Ptr(c.Said.Occurred)
		if err := c.Tx.SaveHold(h); err != nil {
			return err
		}
		f, err := reportBehind(c.Tx, h)
		if err != nil || f == nil {
			return err
		}
		if err := notifyHandlers(c.Tx, f, "hold.settled"); err != nil {
			return err
		}
	}
	return nil
}

// releaseHolds decides of every safety hold whose report the actor triages. Where they
// may decide of none, the first that says why speaks.
func releaseHolds(c *casework.Case, a domain.Actor, in ReleaseInput) error {
	var refused error
	var mine []*domain.Hold
	held := false
	for i := range c.Holds {
		h := &c.Holds[i]
		if h.Kind != domain.HoldSafety || h.LiftedAt != nil {
			continue
		}
		f, err := reportBehind(c.Tx, h)
		if err != nil {
			return err
		}
		err = a.CheckRelease(h, f, c.Now)
		switch {
		case err == nil:
			mine = append(mine, h)
			continue
		case refused == nil, domain.IsCode(refused, domain.CodeForbidden):
			refused = err
		}
		held = true
	}
	if len(mine) == 0 {
		return refused
	}
	if err := in.check(false); err != nil {
		return err
	}
	var lifted []string
	for _, h := range mine {
		second, err := decideHold(c, a, h, in)
		if err != nil {
			return err
		}
		if second {
			held = true
			continue
		}
		plans := [][]string{in.Plan, lifted}
		for k := range c.Holds { // of what stood with it and was released before
			if o := &c.Holds[k]; o.Kind == domain.HoldSafety && o.LiftedAt != nil && o.LiftedAt.After(h.Since) {
				plans = append(plans, o.Plan)
			}
		}
		for _, d := range h.Decisions {
			plans = append(plans, d.Plan)
		}
		lifted = together(plans...)
		if err := c.Tx.Apply(h, "safety-release"); err != nil {
			return err
		}
		h.LiftedByID, h.LiftReason, h.Plan = &a.UserID, in.Reason, lifted
		c.Tx.Disarm(domain.DueHold, h.ID)
		if err := c.Tx.SaveHold(h); err != nil {
			return err
		}
		f, err := reportBehind(c.Tx, h)
		if err == nil && f != nil {
			err = keepReporterApart(c, f)
		}
		if err != nil {
			return err
		}
	}
	if lifted == nil {
		return nil
	}
	c.Entry(a, "hold.released", nil, map[string]any{"kind": domain.HoldSafety, "plan": lifted, "confirmed_by": in.ConfirmedBy})
	c.Plan = domain.PlanInForce(c.Holds)
	if held {
		return nil
	}
	return showPlan(c)
}

// decideHold notes a decision; second reports whether it waits for another person, who
// is asked.
func decideHold(c *casework.Case, a domain.Actor, h *domain.Hold, in ReleaseInput) (second bool, _ error) {
	first := h.PendingDecision()
	second = h.TwoDecide && first == nil
	if first != nil {
		first.Waits = false
	}
	h.Decisions = append(h.Decisions, domain.HoldDecision{ByID: a.UserID, At: c.Now, Plan: in.Plan, Reason: in.Reason, Waits: second})
	if err := c.Tx.SaveHold(h); err != nil {
		return true, err
	}
	if !second {
		return false, nil
	}
	if h.LiftedAt == nil {
		c.Tx.SetDeadline(domain.DueHold, h.ID, &c.Job.ID, c.Now.Add(domain.HoldPassedOn))
	}
	return true, askSecond(c.Tx, a.UserID, h.FlagID)
}

// askSecond asks those who answer for a report beside the first who decided; where
// there is nobody, the next step of its way who is.
func askSecond(tx *casework.Work, first domain.ID, report *domain.ID) error {
	f, err := tx.LockFlag(*report) // only what came of a report needs two people
	if err != nil {
		return err
	}
	var users []domain.User
	fit := func(u *domain.User) bool {
		return !u.Disabled && u.ID != first && !f.Involves(u.ID) && domain.Has([]domain.Role{domain.RoleAreaManager, domain.RoleAdmin}, u.Role)
	}
	for _, id := range f.Handlers {
		u, err := tx.User(id)
		if err != nil {
			return err
		}
		if fit(u) {
			users = append(users, *u)
		}
	}
	for i := 0; len(users) == 0 && i < len(flagSteps); i++ {
		found, err := flagSteps[i](tx, f)
		if err != nil {
			return err
		}
		users = slices.DeleteFunc(found, func(u domain.User) bool { return !fit(&u) })
		f.WithAdmins = f.WithAdmins || len(users) > 0 && i+1 == len(flagSteps)
	}
	for _, u := range users {
		if !domain.Has(f.Handlers, u.ID) {
			f.Handlers = append(f.Handlers, u.ID)
		}
	}
	f.ChangedAt(tx.Now)
	if err := tx.SaveFlag(f); err != nil {
		return err
	}
	return notifyOfFlag(tx, f, users, "hold.second")
}

// twoDecide notes that a hold came of what two people release; a level that falls
// later changes nothing of that.
func twoDecide(c *casework.Case, f *domain.Flag) error {
	if !f.Severe() || !domain.Has(domain.PersonFlagKinds, f.Kind) {
		return nil
	}
	for i := range c.Holds {
		h := &c.Holds[i]
		if h.FlagID == nil || *h.FlagID != f.ID || h.TwoDecide || h.LiftedAt != nil {
			continue
		}
		h.TwoDecide = true
		return c.Tx.SaveHold(h)
	}
	return nil
}

// revisePlan puts another plan in force: it stands as if just released. What two
// people decided one may make stricter and two may loosen.
func revisePlan(c *casework.Case, a domain.Actor, in ReleaseInput) error {
	last := domain.PlanHold(c.Holds)
	f, err := reportBehind(c.Tx, last)
	if err != nil {
		return err
	}
	if err := a.CheckRelease(last, f, c.Now); err != nil {
		return err
	}
	if err := in.check(false); err != nil {
		return err
	}
	plan := in.Plan
	if stricter := slices.Equal(together(plan, last.Plan), together(plan)); last.TwoDecide && !stricter {
		var first []string
		if d := last.PendingDecision(); d != nil {
			first = d.Plan
		}
		second, err := decideHold(c, a, last, in)
		if err != nil || second {
			return err
		}
		plan = together(plan, first)
	}
	h := domain.Hold{FlagID: last.FlagID, ID: c.Tx.NewID(), Kind: domain.HoldSafety, CustomerID: &c.Job.CustomerID, Reason: "area hold",
		ByID: &a.UserID, By: "staff", LiftedByID: &a.UserID, LiftReason: in.Reason, Plan: plan, TwoDecide: last.TwoDecide,
		Decisions: last.Decisions}
	if err := c.Tx.Apply(&h, "revise-plan"); err != nil {
		return err
	}
	if err := c.Tx.InsertHold(&h); err != nil {
		return err
	}
	c.Holds = append(c.Holds, h)
	c.Entry(a, "hold.released", nil, map[string]any{"kind": domain.HoldSafety, "plan": plan, "confirmed_by": in.ConfirmedBy})
	c.Plan = domain.PlanInForce(c.Holds)
	return showPlan(c)
}

// askReporter asks the reporter, in their inbox and without a sound, what the next
// person there must know; of a caller also where nobody has the number, so that it tells nothing.
// It is set before the report is saved.
func askReporter(tx *casework.Work, f *domain.Flag) error {
	if f.Level < 2 || f.Conduct() || f.ReporterID == nil || f.JobID == nil && f.Phone == "" || f.NextPersonDueAt != nil {
		return nil
	}
	u, err := tx.User(*f.ReporterID)
	if err != nil || u.Disabled {
		return err
	}
	f.NextPersonDueAt = domain.Ptr(tx.Now.Add(domain.NextPersonDue))
	tx.Enqueue(casework.NewNotice(tx.Svc, "flag.next_person", u.Language, tx.Now, tx.Now.Add(7*24*time.Hour), casework.ToUser(u.ID),
		f.Named(), func(n *domain.Notice) { n.State = "done" }))
	return nil
}

// NextPersonInput is the reporter's answer; empty words are an answer too.
type NextPersonInput struct {
	Words      string `json:"words"`
	OccurredAt string `json:"occurred_at"`
}

// SayForNextPerson keeps what the next person there must know. The reporter alone, as
// often as they like while the report is open. Errors: CodeNotFound, CodeForbidden,
// CodeState.
func (s *Service) SayForNextPerson(ctx context.Context, call *casework.Call, id domain.ID, in NextPersonInput) (domain.FlagView, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.FlagView, error) {
		a := call.Actor
		f, err := tx.LockFlag(id)
		if err != nil {
			return domain.FlagView{}, err
		}
		if all, brief := a.SeesFlag(f); !all && !brief {
			return domain.FlagView{}, domain.NotFound("flag")
		}
		if err := a.CheckFlag(domain.FlagMoveOf("next-person"), f); err != nil {
			return domain.FlagView{}, err
		}
		st, err := casework.Stamp(call, in.OccurredAt, time.UTC, tx.Now)
		if err != nil {
			return domain.FlagView{}, err
		}
		f.NextPersonNote, f.NextPersonAt = strings.TrimSpace(in.Words), &st.Occurred
		f.ChangedAt(tx.Now)
		if err := tx.SaveFlag(f); err != nil {
			return domain.FlagView{}, err
		}
		taken, err := coolOffTaken(tx, a, f)
		if err != nil {
			return domain.FlagView{}, err
		}
		return NewFlagView(a, f, tx.Now, taken), notifyHandlers(tx, f, "flag.stated")
	})
}

// showPlan lets crews read the plan that is in force now, whichever they saw
// before.
func showPlan(c *casework.Case) error {
	visits, err := c.Tx.UnfinishedOfCustomer(c.Job.CustomerID)
	if err != nil {
		return err
	}
	for i := range visits {
		o := &visits[i]
		c.Tx.Disarm(domain.DueHeldCancel, o.ID)
		if len(o.PlanSeen) > 0 {
			o.PlanSeen = domain.JSONList[domain.ID]{}
			o.ChangedAt(c.Tx.Now)
			if err := c.Tx.SaveVisit(o); err != nil {
				return err
			}
		}
		casework.NotifyCrew(c, o, o.Crew, "visit.read_plan")
	}
	casework.ForbidAhead(c, visits)
	return casework.NotifyStaff(c, nil, "hold.released", domain.RoleProprietor, domain.RoleCoordinator)
}
