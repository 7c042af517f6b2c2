package safety

import (
	"context"
	"slices"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/customers"
)

// FlagInput raises a flag, from a visit, a job or a phone number.
type FlagInput struct {
	ID         *domain.ID `json:"id"`
	JobID      *domain.ID `json:"job_id"`
	VisitID    *domain.ID `json:"visit_id"`
	Phone      string     `json:"phone"`
	Kind       string     `json:"kind"`
	Level      *int       `json:"level"`
	Note       string     `json:"note"`
	SubjectID  *domain.ID `json:"subject_id"` // a member of staff it is about
	OccurredAt string     `json:"occurred_at"`
}

func validFlagKind(k string) bool {
	return domain.Has(domain.PersonFlagKinds, k) || domain.Has(domain.FixableFlagKinds, k) || k == "other"
}

func (in *FlagInput) check() error {
	if !validFlagKind(in.Kind) {
		return domain.Fail(domain.CodeUnprocessable, "This kind of report does not exist.").At("/kind", "one of the kinds in the contract")
	}
	if in.Level == nil || *in.Level < 0 || *in.Level > 4 {
		return domain.Fail(domain.CodeUnprocessable, "The level is 0 to 4.").At("/level",
			"0 hard contact, 1 insult, 2 targeted abuse or hazard, 3 threat, 4 assault")
	}
	return nil
}

// RaiseFlag records an incident. Any staff member: about a visit or job they
// can see or a visit in whose crew they ever were, or by phone number alone, which is routed blindly. A flag by the
// same reporter on a visit with their provisional one completes that. Errors:
// CodeNotFound for a visit or job out of scope, CodeUnprocessable.
func (s *Service) RaiseFlag(ctx context.Context, call *casework.Call, in FlagInput) (domain.Raised, error) {
	if err := in.check(); err != nil {
		return domain.Raised{}, err
	}
	where, err := casework.LocaleDefaults(ctx, s.Service, call.Actor)
	if err != nil {
		return domain.Raised{}, err
	}
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.Raised, error) {
		a := call.Actor
		f := &domain.Flag{Kind: in.Kind, Level: *in.Level, Note: in.Note, SubjectID: in.SubjectID}
		f.ID = casework.IDOr(s.Service, in.ID)
		answer := func() (domain.Raised, error) {
			return domain.Raised{ID: f.ID, Status: f.Status, Level: f.Level, Kind: f.Kind, OccurredAt: f.OccurredAt}, nil
		}
		if in.ID != nil {
			if old, err := tx.Flag(f.ID); err == nil {
				if !old.ReportedBy(a.UserID) || old.Kind != in.Kind || old.Level != *in.Level {
					return domain.Raised{}, domain.IDTaken()
				}
				f = old
				return answer()
			} else if !casework.NotFound(err) {
				return domain.Raised{}, err
			}
		}
		if in.SubjectID != nil {
			if *in.SubjectID == a.UserID {
				return domain.Raised{}, domain.Fail(domain.CodeUnprocessable, "A report is about somebody else than its reporter.").
					At("/subject_id", "a colleague, or leave it out")
			}
			u, err := tx.User(*in.SubjectID)
			if err == nil && !a.Knows(u) {
				err = domain.NotFound("user")
			}
			if err != nil {
				return domain.Raised{}, casework.MeaningIfAbsent(err, "user", "/subject_id")
			}
		}
		var c *casework.Case
		var v *domain.Visit
		var j *domain.Job
		var err error
		switch {
		case in.VisitID != nil:
			if j, v, err = tx.LockVisit(*in.VisitID); err != nil {
				return domain.Raised{}, err
			}
			if !a.Sees(v) && !a.WasInCrew(v) {
				return domain.Raised{}, domain.NotFound("visit")
			}
		case in.JobID != nil:
			if j, err = casework.AuthorizeJob(tx, a, *in.JobID); err != nil {
				return domain.Raised{}, err
			}
		case in.Phone != "":
			if f.Phone, err = casework.Phone(s.Service, in.Phone, where.Country, "/phone"); err != nil {
				return domain.Raised{}, err
			}
			st, err := casework.Stamp(call, in.OccurredAt, time.UTC, tx.Now)
			if err != nil {
				return domain.Raised{}, err
			}
			if err := begin(tx, a, f, st); err != nil {
				return domain.Raised{}, err
			}
			// Whose number it is is looked up after the answer, so that neither it nor its time tells.
			tx.SetDeadline(domain.DueFlagByPhone, f.ID, nil, tx.Now)
			if err := tx.InsertFlag(f); err != nil {
				return domain.Raised{}, err
			}
			return answer()
		default:
			return domain.Raised{}, domain.Fail(domain.CodeUnprocessable, "A report names a visit, a job or a phone number.").
				At("/visit_id", "visit_id, job_id or phone")
		}
		if c, err = casework.OpenCase(tx, j); err != nil {
			return domain.Raised{}, err
		}
		if err := c.Stamp(call, in.OccurredAt); err != nil {
			return domain.Raised{}, err
		}
		if v != nil {
			flags, err := tx.FlagsOfVisit(v.ID)
			if err != nil {
				return domain.Raised{}, err
			}
			for i := range flags {
				if p := &flags[i]; p.Provisional && p.ReportedBy(a.UserID) && p.Status.Open() {
					f = p
					return complete(a, c, v, p, in)
				}
			}
			for i := range flags {
				// Completing keeps the id that stop gave; the same words again under
				// the client's id are a retry of that.
				if p := &flags[i]; in.ID != nil && p.ReportedBy(a.UserID) && p.Kind == in.Kind && p.Level == *in.Level && p.Note == in.Note {
					f = p
					return answer()
				}
			}
		}
		if err := raise(tx, a, c, v, f, c.Said); err != nil {
			return domain.Raised{}, err
		}
		return answer()
	})
}

// complete turns the provisional flag of a stop into the reporter's own
// words; the hold that stands is not weakened by it.
func complete(a domain.Actor, c *casework.Case, v *domain.Visit, f *domain.Flag, in FlagInput) (domain.Raised, error) {
	before := f.Live()
	f.Kind, f.Level, f.Note, f.Provisional = in.Kind, *in.Level, in.Note, false
	if in.SubjectID != nil {
		f.SubjectID = in.SubjectID
	}
	if due := f.RecordedAt.Add(triageTime(f.Level)); f.Status == domain.FlagReported && due.Before(f.TriageDueAt) {
		f.TriageDueAt, f.DueAt = due, &due
		armFlag(c.Tx, f)
	}
	if f.Live() && !before {
		if err := notifyHandlers(c.Tx, f, "flag.triage"); err != nil {
			return domain.Raised{}, err
		}
	}
	if f.Level == 0 { // a private note after all; the hold waits for its release
		f.DueAt = nil
		armFlag(c.Tx, f)
	}
	if err := askReporter(c.Tx, f); err != nil {
		return domain.Raised{}, err
	}
	f.ChangedAt(c.Now)
	if err := c.Tx.SaveFlag(f); err != nil {
		return domain.Raised{}, err
	}
	if err := consequences(c, v, f); err != nil {
		return domain.Raised{}, err
	}
	return domain.Raised{ID: f.ID, Status: f.Status, Level: f.Level, Kind: f.Kind, OccurredAt: f.OccurredAt}, nil
}

// FlagByPhoneDue carries out what follows from a report about a caller; of one that was withdrawn before, only where it belongs.
func FlagByPhoneDue(ctx context.Context, tx *casework.Work, id domain.ID) error {
	f, err := tx.Flag(id)
	if casework.NotFound(err) {
		return nil
	} else if err != nil {
		return err
	}
	c, many, err := caseByPhone(tx, f.Phone)
	if err != nil {
		return err
	}
	if f, err = tx.LockFlag(id); err != nil {
		return err
	}
	by, err := tx.User(*f.ReporterID)
	if err != nil {
		return err
	}
	a, err := casework.ActorOf(ctx, tx.Svc, by)
	if err != nil {
		return err
	}
	f.ChangedAt(tx.Now)
	if !f.Status.Open() {
		belong(f, a, c)
		return tx.SaveFlag(f)
	}
	if err := follow(tx, a, c, nil, f, tx.SaveFlag); err != nil {
		return err
	}
	return askWhose(tx, f, many)
}

// flagByPhone routes a report about a caller blindly: to the area of the
// household's latest job, else the recorder's.
func flagByPhone(tx *casework.Work, a domain.Actor, f *domain.Flag, st casework.EntryTime) error {
	c, many, err := caseByPhone(tx, f.Phone)
	if err != nil {
		return err
	}
	if err := raise(tx, a, c, nil, f, st); err != nil {
		return err
	}
	return askWhose(tx, f, many)
}

// caseByPhone opens the latest job of the first household with a number; nil where there is none, or there are so many that
// somebody has to say which of them is meant: then it gives them.
func caseByPhone(tx *casework.Work, phone string) (c *casework.Case, many []domain.ID, err error) {
	if many, err = sharedBy(tx, phone); err != nil || many != nil {
		return nil, many, err
	}
	customers, err := tx.CustomersByPhone(phone, true)
	if err != nil {
		return nil, nil, err
	}
	for _, customer := range customers {
		j, err := tx.LatestJobOf(customer)
		if casework.NotFound(err) {
			continue
		} else if err != nil {
			return nil, nil, err
		}
		if j, err = tx.LockJob(j.ID); err != nil {
			return nil, nil, err
		}
		c, err = casework.OpenCase(tx, j)
		return c, nil, err
	}
	return nil, nil, nil
}

// raise writes a flag and what follows from it. c and v may be nil.
func raise(tx *casework.Work, a domain.Actor, c *casework.Case, v *domain.Visit, f *domain.Flag, st casework.EntryTime) error {
	if err := begin(tx, a, f, st); err != nil {
		return err
	}
	return follow(tx, a, c, v, f, tx.InsertFlag)
}

// begin fills what is known of a flag by itself.
func begin(tx *casework.Work, a domain.Actor, f *domain.Flag, st casework.EntryTime) error {
	if f.ID == (domain.ID{}) {
		f.ID = tx.NewID()
	}
	f.Meta = domain.NewMeta(f.ID, tx.Now)
	if err := tx.Apply(f, "report"); err != nil {
		return err
	}
	f.OccurredAt, f.RecordedAt = st.Occurred, tx.Now
	f.TriageDueAt = tx.Now.Add(triageTime(f.Level))
	if !f.ByCustomer {
		f.ReporterID = &a.UserID
	}
	return nil
}

// belong says where a flag is decided: where the job is, else at its recorder's.
func belong(f *domain.Flag, a domain.Actor, c *casework.Case) {
	if c != nil {
		f.JobID, f.CustomerID, f.SiteID, f.CentreID, f.AreaID = &c.Job.ID, &c.Customer.ID, &c.Site.ID, &c.Job.CentreID, &c.Job.AreaID
	} else if a.AreaID != (domain.ID{}) {
		f.AreaID = &a.AreaID
	}
}

// follow is what follows from a flag: who answers for it and by
// when, safety hold at level 2 and above or, about our own people, who is kept
// away, exclusion, notices. c and v may be nil.
func follow(tx *casework.Work, a domain.Actor, c *casework.Case, v *domain.Visit, f *domain.Flag, save func(*domain.Flag) error) error {
	belong(f, a, c)
	if v != nil {
		f.VisitID = &v.ID
		if !f.ByCustomer && a.WasInCrew(v) {
			f.Involved = domain.Without(v.EverCrew, a.UserID)
		}
	} else if c != nil && !f.ByCustomer {
		if err := wereThere(c, a, f); err != nil {
			return err
		}
	}
	if f.Level == 0 { // a hard contact: a private note, never more
		return save(f)
	}
	f.DueAt = domain.Ptr(f.TriageDueAt)
	if err := passOn(tx, f, "flag.triage"); err != nil {
		return err
	}
	if err := askReporter(tx, f); err != nil {
		return err
	}
	if err := save(f); err != nil {
		return err
	}
	armFlag(tx, f)
	if err := careFor(tx, f); err != nil {
		return err
	}
	if c != nil {
		if err := consequences(c, v, f); err != nil {
			return err
		}
	}
	if v != nil && !v.Status.Unfinished() && !f.Conduct() {
		return customers.ComplimentsAfter(tx, v)
	}
	return nil
}

// wereThere says who was in the crew with the reporter at their last visit of a household, where a report names its job or number
// alone: what it names tells no more than a visit would.
func wereThere(c *casework.Case, a domain.Actor, f *domain.Flag) error {
	jobs, err := c.Tx.OpenJobsOf(c.Customer.ID)
	if err != nil {
		return err
	}
	ids := []domain.ID{c.Job.ID}
	for i := range jobs {
		if jobs[i].ID != c.Job.ID {
			ids = append(ids, jobs[i].ID)
		}
	}
	var last *domain.Visit // before the report, else the first ahead
	until := f.OccurredAt.Add(domain.NearWindow)
	for _, id := range ids {
		visits, err := c.Tx.VisitsOfJob(id)
		if err != nil {
			return err
		}
		for i := range visits {
			v := &visits[i]
			ahead := v.WindowStart.After(until)
			if a.WasInCrew(v) && (last == nil || !ahead && v.WindowStart.After(last.WindowStart) ||
				last.WindowStart.After(until) && v.WindowStart.Before(last.WindowStart)) {
				last = v
			}
		}
	}
	if last != nil {
		f.Involved = domain.Without(last.EverCrew, a.UserID)
	}
	return nil
}

// consequences are what follows at once from a report about a household, or
// about our people there, at its present level. What stands already is not
// done again.
func consequences(c *casework.Case, v *domain.Visit, f *domain.Flag) error {
	if f.Conduct() {
		return separate(c, f)
	}
	held := false
	for _, h := range c.Holds {
		held = held || h.FlagID != nil && *h.FlagID == f.ID
	}
	if f.Level >= 2 && !held {
		if err := placeSafetyHold(c, f); err != nil {
			return err
		}
	}
	return twoDecide(c, f)
}

// safetyHold is a hold over a household.
func safetyHold(c *casework.Case, kind string, by domain.ID) *domain.Hold {
	h := &domain.Hold{ID: c.Tx.NewID(), Kind: domain.HoldSafety, Reason: "area hold", ByID: &by, By: "staff",
		DueAt: domain.Ptr(c.Now.Add(domain.SafetyHoldDue)), Fixable: domain.Has(domain.FixableFlagKinds, kind)}
	h.CustomerID = &c.Job.CustomerID // also of a hazard: whatever it lies over says what it came of
	return h
}

// holdOf is the hold of a report: placed now, or the one that stands since its
// stop was received.
func holdOf(c *casework.Case, f *domain.Flag) (*domain.Hold, error) {
	h, placed := safetyHold(c, f.Kind, *f.ReporterID), false
	for i := range c.Holds {
		if old := &c.Holds[i]; old.ID == f.ID && old.Pending() {
			old.StoppedVisitID, placed, h = nil, true, old
		}
	}
	h.FlagID = &f.ID
	if len(f.Handlers) > 0 {
		h.OwnerID = &f.Handlers[0]
	}
	if placed {
		return h, c.Tx.SaveHold(h)
	}
	if err := c.Tx.Apply(h, "place"); err != nil {
		return nil, err
	}
	c.Holds = append(c.Holds, *h)
	if err := c.Tx.InsertHold(h); err != nil {
		return nil, err
	}
	return h, askAround(c.Tx, c.Customer)
}

// placeSafetyHold locks the household for every
// centre, warns crews on their way and lets scheduled visits keep their slot
// until their window.
func placeSafetyHold(c *casework.Case, f *domain.Flag) error {
	j := c.Job
	h, err := holdOf(c, f)
	if err != nil {
		return err
	}
	c.Tx.SetDeadline(domain.DueHold, h.ID, &j.ID, *h.DueAt)
	c.Tx.SetDeadline(domain.DueHeldHome, h.ID, &j.ID, c.Now.Add(domain.HeldHomeAfter))
	c.Held = h
	c.Entry(domain.System, "hold.placed", nil, map[string]any{"hold_id": h.ID, "kind": h.Kind, "due_at": h.DueAt})
	if err := casework.NotifyStaff(c, nil, "hold.area", domain.RoleProprietor); err != nil {
		return err
	}
	visits, err := c.Tx.UnfinishedOfCustomer(j.CustomerID)
	if err != nil {
		return err
	}
	for i := range visits {
		o := &visits[i]
		others := domain.Without(o.Crew, *f.ReporterID) // they know
		if o.Status == domain.VisitScheduled {
			due := o.WindowStart
			if due.Before(c.Now) {
				due = c.Now
			}
			c.Tx.SetDeadline(domain.DueHeldCancel, o.ID, &o.JobID, due)
			casework.NotifyCrew(c, o, others, "visit.wait")
			continue
		}
		casework.NotifyCrew(c, o, others, "visit.call_desk")
	}
	return nil
}

// HeldHomeDue tells a held household that visits are paused, who decides and how to say
// that it is not meant, once nobody of ours is with it.
func HeldHomeDue(tx *casework.Work, hold domain.ID) error {
	h, f, err := standingHold(tx, hold)
	if err != nil || h == nil || f.JobID == nil {
		return err
	}
	j, err := tx.LockJob(*f.JobID)
	if err != nil {
		return err
	}
	c, err := casework.OpenCase(tx, j)
	if err != nil {
		return err
	}
	for i := range c.Holds {
		if o := &c.Holds[i]; o.Kind == domain.HoldSafety && o.LiftedAt == nil && o.Since.Before(h.Since) {
			return nil // told with the first
		}
	}
	if with, err := c.SomebodyIsThere(); err != nil {
		return err
	} else if with {
		tx.SetDeadline(domain.DueHeldHome, h.ID, &j.ID, c.Now.Add(domain.HeldHomeAfter))
		return nil
	}
	casework.NotifyCustomer(c, nil, "hold.home")
	return nil
}

// exclude keeps a member of staff and a household apart, out of the crews that go there at
// once: whom a report is about, the reporter of one (keepReporterApart), or who wants it so
// (docs/product.md section 5).
func exclude(user domain.ID, c *casework.Case, f *domain.Flag) error {
	// Whoever books them meanwhile waits, and then finds this; or was faster, and
	// is found below.
	if _, err := c.Tx.LockTechnicians([]domain.ID{user}); err != nil {
		return err
	}
	there, err := c.Tx.Exclusions(c.Customer.ID)
	if err != nil {
		return err
	}
	x, save := &domain.Exclusion{ID: c.Tx.NewID(), UserID: user, CustomerID: c.Customer.ID, FlagID: f.ID, Since: c.Now}, c.Tx.InsertExclusion
	// Each report keeps apart by itself: whoever consents to the end of one says
	// nothing of the others.
	for i := range there {
		if old := &there[i]; old.UserID == user && old.FlagID == f.ID {
			if f.Conduct() {
				return nil
			}
			x, save = old, c.Tx.SaveExclusion
		}
	}
	if err := leaveCrews(c, x, f, save); err != nil {
		return err
	}
	return nobodyLeft(c)
}

// keepReporterApart keeps the reporter of a report and its household apart, or no longer.
// While it is open every report of level 2 and above does so alike, from the release of its hold
// on, and no other does: nothing tells of what was reported. Once it has ended, only what
// was directed by a person does. Who was in the crew with them is kept apart like them until then, so that nobody at the
// centre can tell which of them reported.
func keepReporterApart(c *casework.Case, f *domain.Flag) error {
	there, err := c.Tx.Exclusions(c.Customer.ID)
	if err != nil {
		return err
	}
	if err := keepCrewApart(c, f, there); err != nil {
		return err
	}
	stands := slices.IndexFunc(there, func(x domain.Exclusion) bool { return x.FlagID == f.ID && f.ReportedBy(x.UserID) })
	personal := f.Level > 0 && domain.Has(domain.PersonFlagKinds, f.Kind)
	if f.Status == domain.FlagWithdrawn && stands < 0 { // from the day of a withdrawal nobody at the centre shall see that there was a report
		personal = personal && f.Level > 1 && f.Pressed()
	}
	switch {
	case f.Conduct(), f.ReporterID == nil:
		return nil
	case !f.Status.Open() && !personal:
		if stands < 0 {
			return nil
		}
		x := &there[stands]
		x.LiftedAt, x.LiftReason = &c.Now, string(f.Status)
		return c.Tx.SaveExclusion(x)
	}
	reporter, err := c.Tx.User(*f.ReporterID)
	if err != nil {
		return err
	}
	in := reporter.Role == domain.RoleTechnician
	if !in && f.VisitID != nil {
		v, err := c.Tx.Visit(*f.VisitID)
		if err != nil {
			return err
		}
		in = domain.Has(v.EverCrew, reporter.ID)
	}
	if !in {
		return nil
	}
	return exclude(reporter.ID, c, f)
}

// keepCrewApart keeps who was in the crew with the reporter and the household of a report apart until it is decided.
func keepCrewApart(c *casework.Case, f *domain.Flag, there []domain.Exclusion) error {
	if f.Conduct() || f.OptOut() {
		return nil
	}
	for _, id := range f.Involved {
		stands := slices.IndexFunc(there, func(x domain.Exclusion) bool { return x.FlagID == f.ID && x.UserID == id })
		switch u, err := c.Tx.User(id); {
		case err != nil:
			return err
		case f.Status.Open() && u.Role == domain.RoleTechnician:
			if err := exclude(id, c, f); err != nil {
				return err
			}
		case !f.Status.Open() && stands >= 0:
			x := &there[stands]
			x.LiftedAt, x.LiftReason = &c.Now, string(f.Status)
			if err := c.Tx.SaveExclusion(x); err != nil {
				return err
			}
		}
	}
	return nil
}

// reporterAfter settles whether a report that has ended keeps its reporter apart; under its hold the release does.
func reporterAfter(tx *casework.Work, f *domain.Flag) error {
	if f.JobID == nil || f.Conduct() {
		return nil
	}
	j, err := tx.LockJob(*f.JobID)
	if err != nil {
		return err
	}
	c, err := casework.OpenCase(tx, j)
	if err != nil || slices.ContainsFunc(c.Holds, func(h domain.Hold) bool {
		return h.Kind == domain.HoldSafety && h.LiftedAt == nil && h.FlagID != nil && *h.FlagID == f.ID
	}) {
		return err
	}
	return keepReporterApart(c, f)
}

// leaveCrews takes somebody who is kept apart out of the crews that go there, and keeps
// with the exclusion what they lost.
func leaveCrews(c *casework.Case, x *domain.Exclusion, f *domain.Flag, save func(*domain.Exclusion) error) error {
	user := x.UserID
	visits, err := c.Tx.UnfinishedOfCustomer(c.Customer.ID)
	if err != nil {
		return err
	}
	visits = slices.DeleteFunc(visits, func(o domain.Visit) bool {
		return !domain.Has(o.Crew, user) || o.Status != domain.VisitScheduled && (o.Status != domain.VisitEnRoute || !f.About(user))
	})
	for i := range visits {
		o := &visits[i]
		x.Visits = append(x.Visits, o.ID)
		if o.Status == domain.VisitEnRoute {
			x.TurnedBack = append(x.TurnedBack, o.ID)
		}
	}
	if err := save(x); err != nil {
		return err
	}
	for i := range visits {
		o := &visits[i]
		if o.Status == domain.VisitEnRoute {
			if err := turnBack(c, o, user, f); err != nil {
				return err
			}
			continue
		}
		o.Crew = domain.Without(o.Crew, user)
		o.ChangedAt(c.Now)
		if err := c.Tx.SaveVisit(o); err != nil {
			return err
		}
		if !f.ReportedBy(user) {
			casework.NotifyCrew(c, o, []domain.ID{user}, "visit.unassigned")
		}
		if err := casework.NotifyStaff(c, o, "visit.needs_someone", domain.RoleCoordinator, domain.RoleProprietor); err != nil {
			return err
		}
	}
	return nil
}

// turnBack takes somebody off their way to the home that reported them.
func turnBack(c *casework.Case, v *domain.Visit, user domain.ID, f *domain.Flag) error {
	own := c
	if v.JobID != c.Job.ID {
		j, err := c.Tx.LockJob(v.JobID)
		if err == nil {
			own, err = casework.OpenCase(c.Tx, j)
		}
		if err != nil {
			return err
		}
	}
	if err := takeOut(own.On(v), user); err != nil {
		return err
	}
	if err := callManager(c.Tx, f); err != nil || own == c {
		return err
	}
	return nil
}
