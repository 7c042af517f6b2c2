package domain

import (
	"context"
	"slices"
	"strings"
	"time"
)

// FlagInput raises a flag, from a visit, a job or a phone number.
type FlagInput struct {
	ID         *ID    `json:"id"`
	JobID      *ID    `json:"job_id"`
	VisitID    *ID    `json:"visit_id"`
	Phone      string `json:"phone"`
	Kind       string `json:"kind"`
	Level      *int   `json:"level"`
	Note       string `json:"note"`
	SubjectID  *ID    `json:"subject_id"` // a member of staff it is about
	OccurredAt string `json:"occurred_at"`
}

func validFlagKind(k string) bool {
	return has(PersonFlagKinds, k) || has(FixableFlagKinds, k) || k == "other"
}

func (in *FlagInput) check() error {
	if !validFlagKind(in.Kind) {
		return Fail(CodeUnprocessable, "This kind of report does not exist.").At("/kind", "one of the kinds in the contract")
	}
	if in.Level == nil || *in.Level < 0 || *in.Level > 4 {
		return Fail(CodeUnprocessable, "The level is 0 to 4.").At("/level",
			"0 hard contact, 1 insult, 2 targeted abuse or hazard, 3 threat, 4 assault")
	}
	return nil
}

// Raised is the answer to a flag: the same whether the household is known or
// not.
type Raised struct {
	ID         ID         `json:"id"`
	Status     FlagStatus `json:"status"`
	Level      int        `json:"level"`
	Kind       string     `json:"kind"`
	OccurredAt time.Time  `json:"occurred_at"`
}

// Head gives id and version for Location and ETag.
func (r Raised) Head() (ID, int64) { return r.ID, 1 }

// RaiseFlag records an incident. Any staff member: about a visit or job they
// can see or a visit in whose crew they ever were, or by phone number alone, which is routed blindly. A flag by the
// same reporter on a visit with their provisional one completes that. Errors:
// CodeNotFound for a visit or job out of scope, CodeUnprocessable.
func (s *Service) RaiseFlag(ctx context.Context, call *Call, in FlagInput) (Raised, error) {
	if err := in.check(); err != nil {
		return Raised{}, err
	}
	where, err := s.localeDefaults(ctx, call.Actor)
	if err != nil {
		return Raised{}, err
	}
	return run(ctx, s, call, func(tx *Work) (Raised, error) {
		a := call.Actor
		f := &Flag{Kind: in.Kind, Level: *in.Level, Note: in.Note, SubjectID: in.SubjectID}
		f.ID = s.idOr(in.ID)
		answer := func() (Raised, error) { return Raised{f.ID, f.Status, f.Level, f.Kind, f.OccurredAt}, nil }
		if in.ID != nil {
			if old, err := tx.Flag(f.ID); err == nil {
				if !old.reportedBy(a.UserID) || old.Kind != in.Kind || old.Level != *in.Level {
					return Raised{}, Fail(CodeDuplicate, "Another report has this id.")
				}
				f = old
				return answer()
			} else if !notFound(err) {
				return Raised{}, err
			}
		}
		if in.SubjectID != nil {
			if *in.SubjectID == a.UserID {
				return Raised{}, Fail(CodeUnprocessable, "A report is about somebody else than its reporter.").
					At("/subject_id", "a colleague, or leave it out")
			}
			if _, err := tx.User(*in.SubjectID); err != nil {
				return Raised{}, meaningIfAbsent(err, "user", "/subject_id")
			}
		}
		var d *Case
		var v *Visit
		var j *Job
		var err error
		switch {
		case in.VisitID != nil:
			if j, v, err = tx.LockVisit(*in.VisitID); err != nil {
				return Raised{}, err
			}
			if !a.sees(v) && !a.wasInCrew(v) {
				return Raised{}, NotFound("visit")
			}
		case in.JobID != nil:
			if j, err = authorizeJob(tx, a, *in.JobID); err != nil {
				return Raised{}, err
			}
		case in.Phone != "":
			return flagByPhone(tx, call, f, in, where.country)
		default:
			return Raised{}, Fail(CodeUnprocessable, "A report names a visit, a job or a phone number.").At("/visit_id", "visit_id, job_id or phone")
		}
		if d, err = openCase(tx, j); err != nil {
			return Raised{}, err
		}
		if err := d.stamp(call, in.OccurredAt); err != nil {
			return Raised{}, err
		}
		if v != nil {
			flags, err := tx.FlagsOfVisit(v.ID)
			if err != nil {
				return Raised{}, err
			}
			for i := range flags {
				if p := &flags[i]; p.Provisional && p.reportedBy(a.UserID) && p.Status.Open() {
					f = p
					return complete(a, d, v, p, in)
				}
			}
			for i := range flags {
				// Completing keeps the id that stop gave; the same words again under
				// the client's id are a retry of that.
				if p := &flags[i]; in.ID != nil && p.reportedBy(a.UserID) && p.Kind == in.Kind && p.Level == *in.Level && p.Note == in.Note {
					f = p
					return answer()
				}
			}
		}
		if err := raise(tx, a, d, v, f, d.said); err != nil {
			return Raised{}, err
		}
		return answer()
	})
}

// complete turns the provisional flag of a stop into the reporter's own
// words; the hold that stands is not weakened by it.
func complete(a Actor, d *Case, v *Visit, f *Flag, in FlagInput) (Raised, error) {
	before := f.live()
	f.Kind, f.Level, f.Note, f.Provisional = in.Kind, *in.Level, in.Note, false
	if in.SubjectID != nil {
		f.SubjectID = in.SubjectID
	}
	if due := f.RecordedAt.Add(triageTime(f.Level)); f.Status == FlagReported && due.Before(f.TriageDueAt) {
		f.TriageDueAt, f.DueAt = due, &due
		armFlag(d.tx, f)
	}
	if f.live() && !before {
		if err := notifyHandlers(d.tx, f, "flag.triage"); err != nil {
			return Raised{}, err
		}
	}
	if f.Level == 0 { // a private note after all; the hold waits for its release
		f.DueAt = nil
		armFlag(d.tx, f)
	}
	f.changedAt(d.now)
	if err := d.tx.SaveFlag(f); err != nil {
		return Raised{}, err
	}
	if err := consequences(d, v, f); err != nil {
		return Raised{}, err
	}
	return Raised{f.ID, f.Status, f.Level, f.Kind, f.OccurredAt}, nil
}

// flagByPhone routes a report about a caller blindly: to the area of the
// household's latest job, else the recorder's. The answer is the same.
func flagByPhone(tx *Work, call *Call, f *Flag, in FlagInput, country string) (Raised, error) {
	a := call.Actor
	phone, err := tx.svc.phone(in.Phone, country, "/phone")
	if err != nil {
		return Raised{}, err
	}
	st, err := stamp(call, in.OccurredAt, time.UTC, tx.Now)
	if err != nil {
		return Raised{}, err
	}
	f.Phone = phone
	customers, err := tx.CustomersByPhone(phone)
	if err != nil {
		return Raised{}, err
	}
	var d *Case
	for _, c := range customers {
		j, err := tx.LatestJobOf(c)
		if notFound(err) {
			continue
		} else if err != nil {
			return Raised{}, err
		}
		if j, err = tx.LockJob(j.ID); err != nil {
			return Raised{}, err
		}
		if d, err = openCase(tx, j); err != nil {
			return Raised{}, err
		}
		break
	}
	if err := raise(tx, a, d, nil, f, st); err != nil {
		return Raised{}, err
	}
	return Raised{f.ID, f.Status, f.Level, f.Kind, f.OccurredAt}, nil
}

// raise writes a flag and what follows from it: who answers for it and by
// when, safety hold at level 2 and above or, about our own people, who is kept
// away, exclusion, notices. d and v may be nil.
func raise(tx *Work, a Actor, d *Case, v *Visit, f *Flag, st EntryTime) error {
	if f.ID == (ID{}) {
		f.ID = tx.NewID()
	}
	f.Meta = newMeta(f.ID, tx.Now)
	if err := tx.apply(f, "report"); err != nil {
		return err
	}
	f.OccurredAt, f.RecordedAt = st.occurred, tx.Now
	f.TriageDueAt = tx.Now.Add(triageTime(f.Level))
	if !f.ByCustomer {
		f.ReporterID = &a.UserID
	}
	if d != nil {
		f.JobID, f.CustomerID, f.SiteID, f.CentreID, f.AreaID = &d.job.ID, &d.customer.ID, &d.site.ID, &d.job.CentreID, &d.job.AreaID
	} else if a.AreaID != (ID{}) {
		f.AreaID = &a.AreaID
	}
	if v != nil {
		f.VisitID = &v.ID
		if !f.ByCustomer && a.wasInCrew(v) {
			f.Involved = without(v.EverCrew, a.UserID)
		}
	}
	if f.Level == 0 { // a hard contact: a private note, never more
		return tx.InsertFlag(f)
	}
	f.DueAt = ptr(f.TriageDueAt)
	if err := passOn(tx, f, "flag.triage"); err != nil {
		return err
	}
	if err := tx.InsertFlag(f); err != nil {
		return err
	}
	armFlag(tx, f)
	if err := careFor(tx, f); err != nil {
		return err
	}
	if d != nil {
		if err := consequences(d, v, f); err != nil {
			return err
		}
	}
	if v != nil && !v.Status.Unfinished() && !f.Conduct() {
		return complimentsAfter(tx, v)
	}
	return nil
}

// consequences are what follows at once from a report about a household, or
// about our people there, at its present level. What stands already is not
// done again.
func consequences(d *Case, v *Visit, f *Flag) error {
	if f.Conduct() {
		return separate(d, f)
	}
	held := false
	for _, h := range d.holds {
		held = held || h.FlagID != nil && *h.FlagID == f.ID
	}
	if f.Level >= 2 && !held {
		if err := placeSafetyHold(d, f); err != nil {
			return err
		}
	}
	reporter, err := d.tx.User(*f.ReporterID)
	if err != nil {
		return err
	}
	if reporter.Role == RoleTechnician || v != nil && has(v.EverCrew, reporter.ID) {
		return exclude(reporter.ID, d, f)
	}
	return nil
}

// placeSafetyHold locks the household (a fixable hazard: the site) for every
// centre, warns crews on their way and lets scheduled visits keep their slot
// until their window.
func placeSafetyHold(d *Case, f *Flag) error {
	j := d.job
	h := &Hold{ID: d.tx.NewID(), Kind: HoldSafety, Reason: "area hold", ByID: f.ReporterID, By: "staff", FlagID: &f.ID,
		DueAt:   ptr(d.now.Add(safetyHoldDue)),
		Fixable: has(FixableFlagKinds, f.Kind)}
	if h.Fixable {
		h.SiteID = &j.SiteID
	} else {
		h.CustomerID = &j.CustomerID
	}
	if len(f.Handlers) > 0 {
		h.OwnerID = &f.Handlers[0]
	}
	if err := d.tx.apply(h, "place"); err != nil {
		return err
	}
	if err := d.tx.InsertHold(h); err != nil {
		return err
	}
	d.tx.setDeadline(DueHold, h.ID, &j.ID, *h.DueAt)
	d.holds, d.held = append(d.holds, *h), h
	d.entry(System, "hold.placed", nil, map[string]any{"hold_id": h.ID, "kind": h.Kind, "due_at": h.DueAt})
	if err := notifyStaff(d, nil, "hold.area", RoleProprietor); err != nil {
		return err
	}
	visits, err := d.tx.UnfinishedOfCustomer(j.CustomerID)
	if err != nil {
		return err
	}
	for i := range visits {
		o := &visits[i]
		others := without(o.Crew, *f.ReporterID) // they know
		if o.Status == VisitScheduled {
			due := o.WindowStart
			if due.Before(d.now) {
				due = d.now
			}
			d.tx.setDeadline(DueHeldCancel, o.ID, &o.JobID, due)
			notifyCrew(d, o, others, "visit.wait")
			continue
		}
		notifyCrew(d, o, others, "visit.call_desk")
	}
	return nil
}

// exclude keeps a member of staff and a household apart after a report of
// something directed by a person: the reporter, or whom it is about
// (docs/product.md section 5).
func exclude(user ID, d *Case, f *Flag) error {
	if f.Level < 1 || !f.Conduct() && !has(PersonFlagKinds, f.Kind) {
		return nil
	}
	// Whoever books them meanwhile waits, and then finds this; or was faster, and
	// is found below.
	if _, err := d.tx.LockTechnicians([]ID{user}); err != nil {
		return err
	}
	there, err := d.tx.Exclusions(d.customer.ID)
	if err != nil {
		return err
	}
	// Each report keeps apart by itself: whoever consents to the end of one says
	// nothing of the others.
	for i := range there {
		if x := &there[i]; x.UserID == user && x.FlagID == f.ID {
			return nil
		}
	}
	visits, err := d.tx.UnfinishedOfCustomer(d.customer.ID)
	if err != nil {
		return err
	}
	x := &Exclusion{ID: d.tx.NewID(), UserID: user, CustomerID: d.customer.ID, FlagID: f.ID, Since: d.now}
	visits = slices.DeleteFunc(visits, func(o Visit) bool {
		return !has(o.Crew, user) || o.Status != VisitScheduled && (o.Status != VisitEnRoute || !f.about(user))
	})
	for i := range visits {
		o := &visits[i]
		x.Visits = append(x.Visits, o.ID)
		if o.Status == VisitEnRoute {
			x.TurnedBack = append(x.TurnedBack, o.ID)
		}
	}
	if err := d.tx.InsertExclusion(x); err != nil {
		return err
	}
	for i := range visits {
		o := &visits[i]
		if o.Status == VisitEnRoute {
			if err := turnBack(d, o, user, f); err != nil {
				return err
			}
			continue
		}
		o.Crew = without(o.Crew, user)
		o.changedAt(d.now)
		if err := d.tx.SaveVisit(o); err != nil {
			return err
		}
		if !f.reportedBy(user) {
			notifyCrew(d, o, []ID{user}, "visit.unassigned")
		}
		if err := notifyStaff(d, o, "visit.needs_someone", RoleCoordinator, RoleProprietor); err != nil {
			return err
		}
	}
	return nil
}

// turnBack takes somebody off their way to the home that reported them.
func turnBack(d *Case, v *Visit, user ID, f *Flag) error {
	own := d
	if v.JobID != d.job.ID {
		j, err := d.tx.LockJob(v.JobID)
		if err == nil {
			own, err = openCase(d.tx, j)
		}
		if err != nil {
			return err
		}
	}
	if err := takeOut(own.on(v), user); err != nil {
		return err
	}
	if err := callManager(d.tx, f); err != nil || own == d {
		return err
	}
	return nil
}

// ReleaseInput releases the safety holds over a job's household with a
// safe-visit plan.
type ReleaseInput struct {
	Plan        []string `json:"plan"`
	Reason      string   `json:"reason"`
	ConfirmedBy string   `json:"confirmed_by"` // of hazard_removed: who confirmed it
	OccurredAt  string   `json:"occurred_at"`
}

// answersForHolds reports whether the actor answers for the report behind each
// open safety hold.
func (a Actor) answersForHolds(tx SafetyTx, holds []Hold) (bool, error) {
	answers := false
	for i := range holds {
		h := &holds[i]
		if h.Kind != HoldSafety || h.LiftedAt != nil {
			continue
		}
		if h.FlagID == nil {
			return false, nil
		}
		f, err := tx.Flag(*h.FlagID)
		if err != nil || !a.answersFor(f) {
			return false, err
		}
		answers = true
	}
	return answers, nil
}

// SafetyRelease lifts the safety holds with a plan that stays in force. The
// area manager or deputy who is not involved; fixable hazards with the plan
// hazard_removed also coordinator and proprietor. Errors: CodeForbidden,
// CodeState without a hold, CodeUnprocessable for a plan.
func (s *Service) SafetyRelease(ctx context.Context, call *Call, job ID, in ReleaseInput) (JobView, error) {
	return run(ctx, s, call, func(tx *Work) (JobView, error) {
		a := call.Actor
		j, err := authorizeJob(tx, a, job)
		foreign := notFound(err) && a.Role == RoleAreaManager
		if foreign {
			j, err = tx.LockJob(job)
		}
		if err != nil {
			return JobView{}, err
		}
		d, err := openCase(tx, j)
		if err != nil {
			return JobView{}, err
		}
		// Whoever answers for the reports behind the holds, because those who
		// should are involved, releases them too.
		answers, err := a.answersForHolds(tx, d.holds)
		if err != nil {
			return JobView{}, err
		}
		if foreign && !answers {
			return JobView{}, NotFound("job")
		}
		settled := a.Is(RoleCoordinator, RoleProprietor) && len(in.Plan) == 1 && in.Plan[0] == "hazard_removed"
		for _, h := range d.holds {
			if h.Kind == HoldSafety && h.LiftedAt == nil && !h.Fixable {
				settled = false
			}
		}
		if !answers && (!settled || d.held == nil) {
			if err := CheckJob(a, "safety-release", j); err != nil {
				return JobView{}, err
			}
		}
		if d.held == nil && len(d.plan) == 0 {
			return JobView{}, Fail(CodeState, "No safety hold stands over this household, and no plan is in force.")
		}
		for i, p := range in.Plan {
			switch at := "/plan/" + itoa(i); {
			case !has(SafeVisitPlans, p):
				return JobView{}, Fail(CodeUnprocessable, "This plan does not exist.").At(at, strings.Join(SafeVisitPlans, ", "))
			case has(in.Plan[:i], p):
				return JobView{}, Fail(CodeUnprocessable, "The plan says the same twice.").At(at, "each once")
			case p == "no_visit" && len(in.Plan) > 1:
				return JobView{}, Fail(CodeUnprocessable, "Where nobody is sent, nothing else is to be kept.").At(at, "no_visit alone")
			case p == "remote_only" && slices.ContainsFunc([]string{"two_people", "daylight", "carry_in"},
				func(v string) bool { return has(in.Plan, v) }):
				return JobView{}, Fail(CodeUnprocessable, "Help from afar and a rule for a visit contradict each other.").
					At(at, "without two_people, daylight and carry_in")
			}
			if p == "hazard_removed" && strings.TrimSpace(in.ConfirmedBy) == "" {
				return JobView{}, Fail(CodeUnprocessable, "Say who confirmed that the hazard is gone.").At("/confirmed_by", "a name or role")
			}
		}
		if len(in.Plan) == 0 {
			return JobView{}, Fail(CodeUnprocessable, "A safety hold is released with a plan only.").At("/plan", strings.Join(SafeVisitPlans, ", "))
		}
		if err := d.stamp(call, in.OccurredAt); err != nil {
			return JobView{}, err
		}
		for i := range d.holds {
			h := &d.holds[i]
			if h.Kind != HoldSafety || h.LiftedAt != nil {
				continue
			}
			if h.FlagID != nil {
				f, err := tx.Flag(*h.FlagID)
				if err != nil {
					return JobView{}, err
				}
				if f.involves(a.UserID) {
					return JobView{}, Fail(CodeForbidden, "You are involved; another area manager or your deputy decides.")
				}
			}
			if err := tx.apply(h, "safety-release"); err != nil {
				return JobView{}, err
			}
			h.LiftedByID, h.LiftReason, h.Plan = &a.UserID, in.Reason, in.Plan
			tx.Disarm(DueHold, h.ID)
			if err := tx.SaveHold(h); err != nil {
				return JobView{}, err
			}
		}
		if d.held == nil { // a plan is revised: the new one stands as if just released
			var flag *ID
			if h := planHold(d.holds); h != nil && h.FlagID != nil {
				flag = h.FlagID
				f, err := tx.Flag(*flag)
				if err != nil {
					return JobView{}, err
				}
				if f.involves(a.UserID) {
					return JobView{}, Fail(CodeForbidden, "You are involved; another area manager or your deputy decides.")
				}
			}
			h := Hold{FlagID: flag, ID: s.NewID(), Kind: HoldSafety, CustomerID: &j.CustomerID, Reason: "area hold", ByID: &a.UserID,
				By: "staff", LiftedByID: &a.UserID, LiftReason: in.Reason, Plan: in.Plan}
			if err := tx.apply(&h, "revise-plan"); err != nil {
				return JobView{}, err
			}
			if err := tx.InsertHold(&h); err != nil {
				return JobView{}, err
			}
			d.holds = append(d.holds, h)
		}
		d.entry(a, "hold.released", nil, map[string]any{"kind": HoldSafety, "plan": in.Plan, "confirmed_by": in.ConfirmedBy})
		d.plan = PlanInForce(d.holds)
		visits, err := tx.UnfinishedOfCustomer(j.CustomerID)
		if err != nil {
			return JobView{}, err
		}
		for i := range visits {
			tx.Disarm(DueHeldCancel, visits[i].ID)
			if o := &visits[i]; len(o.PlanSeen) > 0 { // another plan was seen, not this one
				o.PlanSeen = JSONList[ID]{}
				o.changedAt(tx.Now)
				if err := tx.SaveVisit(o); err != nil {
					return JobView{}, err
				}
			}
			notifyCrew(d, &visits[i], visits[i].Crew, "visit.read_plan")
		}
		forbidAhead(d, visits)
		if err := notifyStaff(d, nil, "hold.released", RoleProprietor, RoleCoordinator); err != nil {
			return JobView{}, err
		}
		return d.jobView(a)
	})
}
