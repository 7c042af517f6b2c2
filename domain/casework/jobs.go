package casework

import (
	"context"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/slots"
)

// JobInput registers or changes a job; what is absent stays.
type JobInput struct {
	ID             *domain.ID          `json:"id"`
	ExternalRef    *string             `json:"external_ref"`
	CustomerID     *domain.ID          `json:"customer_id"`
	SiteID         *domain.ID          `json:"site_id"`
	ContactID      *domain.ID          `json:"contact_id"`
	ApplianceID    *domain.ID          `json:"appliance_id"`
	CentreID       *domain.ID          `json:"centre_id"`
	Category       *string             `json:"category"`
	SkillLevel     *int                `json:"skill_level"`
	Serial         *string             `json:"serial"`
	Fault          *string             `json:"fault"`
	TriedSteps     *[]domain.TriedStep `json:"tried_steps"`
	WhatMatters    *string             `json:"what_matters"`
	Note           *string             `json:"note"`
	Priority       *string             `json:"priority"`
	SafetyCritical *bool               `json:"safety_critical"`
	Reason         *string             `json:"reason,omitempty"` // of lowering it
	Cover          *string             `json:"cover"`
	ValueMinor     *int64              `json:"value_minor"`
	OccurredAt     string              `json:"occurred_at"` // of a new one: when the household reported it
}

// ApplyJob sets the fields of a job that are given. Errors: CodeUnprocessable.
func ApplyJob(tx domain.Tx, j *domain.Job, in JobInput, c *domain.Customer) error {
	Set(&j.Fault, in.Fault)
	Set(&j.WhatMatters, in.WhatMatters)
	Set(&j.Note, in.Note)
	Set(&j.Priority, in.Priority)
	Set(&j.SafetyCritical, in.SafetyCritical)
	Set(&j.Cover, in.Cover)
	Set(&j.Category, in.Category)
	if in.ValueMinor != nil {
		j.ValueMinor = in.ValueMinor
	}
	Set(&j.SkillLevel, in.SkillLevel)
	if j.SkillLevel < slots.Helper || j.SkillLevel > slots.Expert {
		return domain.Fail(domain.CodeUnprocessable, "The level of a skill is 1, 2 or 3.").At("/skill_level", "1 to 3")
	}
	if in.Serial != nil {
		j.Serial = strings.ToUpper(strings.TrimSpace(*in.Serial))
	}
	if in.TriedSteps != nil {
		j.TriedSteps = *in.TriedSteps
	}
	if in.ContactID != nil {
		if c.Contact(*in.ContactID) == nil {
			return domain.Fail(domain.CodeUnprocessable, "The household has no such contact.").At("/contact_id", "a contact of the customer")
		}
		j.ContactID = in.ContactID
	}
	if in.SiteID != nil {
		if c.Site(*in.SiteID) == nil {
			return domain.Fail(domain.CodeUnprocessable, "The household has no such site.").At("/site_id", "a site of the customer")
		}
		j.SiteID = *in.SiteID
	}
	if in.ApplianceID != nil {
		ap, err := tx.Appliance(*in.ApplianceID)
		if err != nil || ap.CustomerID != c.ID {
			return domain.Fail(domain.CodeUnprocessable, "The household has no such appliance.").At("/appliance_id", "an appliance of the customer")
		}
		j.ApplianceID = &ap.ID
		if in.Category == nil && ap.Category != "" {
			j.Category = ap.Category
		}
		if in.Serial == nil && ap.Serial != "" {
			j.Serial = ap.Serial
		}
	}
	if in.ExternalRef != nil {
		ref := strings.TrimSpace(*in.ExternalRef)
		if ref == "" {
			j.ExternalRef = nil
		} else {
			if old, err := tx.JobByRef(ref); err == nil && old.ID != j.ID {
				return domain.Fail(domain.CodeDuplicate, "external_ref belongs to another job.").At("/external_ref", "taken")
			}
			j.ExternalRef = &ref
		}
	}
	return nil
}

// CreateJob registers a job of a household. Coordinator and proprietor for
// their centre, area manager for one of the area, agent for any; without
// centre_id the site's postal code decides. Its clock begins when the household
// reported it. Errors: CodeForbidden, CodeUnprocessable, CodeDuplicate.
func (s *Service) CreateJob(ctx context.Context, call *Call, in JobInput) (domain.JobView, error) {
	if !call.Actor.Is(domain.Staff...) {
		return domain.JobView{}, domain.Fail(domain.CodeForbidden, "As %s you may not register jobs.", domain.RoleWords(call.Actor.Role))
	}
	if in.CustomerID == nil {
		return domain.JobView{}, domain.Fail(domain.CodeUnprocessable, "A job belongs to a household.").At("/customer_id", "required")
	}
	if _, err := s.Read.Customer(ctx, call.Actor.Scope(), *in.CustomerID); err != nil {
		return domain.JobView{}, MeaningIfAbsent(err, "customer", "/customer_id")
	}
	return Run(ctx, s, call, func(tx *Work) (domain.JobView, error) {
		return RegisterJob(tx, call, in)
	})
}

// RegisterJob registers a job in the transaction. Errors as Service.CreateJob.
func RegisterJob(tx *Work, call *Call, in JobInput) (domain.JobView, error) {
	a := call.Actor
	c, err := LockHousehold(tx, *in.CustomerID)
	if err != nil {
		return domain.JobView{}, MeaningIfAbsent(err, "customer", "/customer_id")
	}
	j := domain.Job{Meta: domain.NewMeta(IDOr(tx.Svc, in.ID), tx.Now), CustomerID: c.ID, Priority: "normal", Cover: "warranty",
		SkillLevel: slots.Helper, OpenedAt: tx.Now, Verdict: "untried"}
	if in.SiteID == nil {
		if len(c.Sites) == 0 {
			return domain.JobView{}, domain.Fail(domain.CodeUnprocessable, "The household has no site yet.").
				At("/site_id", "add a site to the customer first")
		}
		j.SiteID = c.Sites[0].ID
	}
	if in.ContactID == nil && len(c.Contacts) > 0 {
		j.ContactID = &c.Contacts[0].ID
	}
	if in.ID != nil {
		if old, err := tx.Job(j.ID); err == nil {
			if !a.Reaches(old.CentreID, old.AreaID) || old.CustomerID != c.ID || old.Fault != str2(in.Fault) {
				return domain.JobView{}, domain.IDTaken()
			}
			return jobView(tx, a, old)
		}
	}
	if err := ApplyJob(tx, &j, in, c); err != nil {
		return domain.JobView{}, err
	}
	reported, err := Stamp(call, in.OccurredAt, c.Site(j.SiteID).Location(), tx.Now)
	if err != nil {
		return domain.JobView{}, err
	}
	if reported.Occurred.Before(tx.Now.Add(-domain.ReportedWithin)) {
		return domain.JobView{}, domain.Fail(domain.CodeUnprocessable, "The household reported this too long ago.").
			At("/occurred_at", "within the last two years")
	}
	j.OpenedAt = reported.Occurred
	centre, err := centreForJob(tx, a, in.CentreID, c.Site(j.SiteID))
	if err != nil {
		return domain.JobView{}, err
	}
	j.CentreID, j.AreaID = centre.ID, centre.AreaID
	if j.Serial != "" {
		earlier, err := tx.LatestJobBySerial(j.Serial, j.OpenedAt.Add(-domain.RepeatWithin), j.ID)
		if err == nil && (earlier.Category == j.Category || earlier.Category == "" || j.Category == "") { // else another product, by chance
			j.RepeatOf, j.RepeatCentreID, j.RepeatAreaID = &earlier.ID, &earlier.CentreID, &earlier.AreaID
		} else if err != nil && !NotFound(err) {
			return domain.JobView{}, err
		}
	}
	known := []domain.StepRecord{}
	if j.RepeatOf != nil && len(j.TriedSteps) > 0 {
		if known, err = StepsKnown(tx, &j); err != nil {
			return domain.JobView{}, err
		}
	}
	if err := tx.Apply(&j, "register"); err != nil {
		return domain.JobView{}, err
	}
	tx.Entry(&j, a, "job.registered", nil, reported, map[string]any{"centre_id": j.CentreID, "repeat_of": repeatInside(&j),
		"priority": j.Priority})
	tried := listedSteps(tx, &j, a, known)
	if len(tried) > 0 {
		if err := ProposeReplacement(tx, &j, append(known, tried...)); err != nil {
			return domain.JobView{}, err
		}
	}
	if err := whose(tx, c, &j, false); err != nil {
		return domain.JobView{}, err
	}
	if err := tx.InsertJob(&j); err != nil {
		return domain.JobView{}, err
	}
	watchSilence(tx, j.ID)
	if err := insertSteps(tx, tried); err != nil {
		return domain.JobView{}, err
	}
	link := domain.Link{ID: tx.NewID(), JobID: j.ID, CreatedAt: tx.Now}
	if err := NewLink(tx.Svc, tx, &link); err != nil {
		return domain.JobView{}, err
	}
	if err := JobRegistered(tx, c, &j); err != nil {
		return domain.JobView{}, err
	}
	view, err := jobView(tx, a, &j)
	if err == nil {
		view.MayBeKnown, err = mayBeKnown(tx, c.ID, view.Holds)
	}
	return view, err
}

// whose keeps with a household that was merged whose a job is.
func whose(tx *Work, c *domain.Customer, j *domain.Job, moved bool) error {
	if !c.Whose(j, moved, tx.Now) {
		return nil
	}
	c.ChangedAt(tx.Now)
	return tx.Tx.SaveCustomer(c)
}

// mayBeKnown reports, alike for a hold and for a question, that whoever registers is to expect
// a word from whoever triages (docs/product.md section 5).
func mayBeKnown(tx *Work, customer domain.ID, open []domain.Hold) (bool, error) {
	for i := range open {
		if open[i].Kind == domain.HoldSafety {
			return true, nil
		}
	}
	asked, err := tx.HouseholdQuestionsOf(customer)
	return len(asked) > 0, err
}

func str2(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

func centreForJob(tx domain.CentreTx, a domain.Actor, want *domain.ID, site *domain.Site) (*domain.Centre, error) {
	if want == nil && a.Role.OfCentre() {
		want = &a.CentreID
	}
	if want == nil {
		c, err := tx.CentreServing(site.PostalCode)
		if err != nil || !a.Reaches(c.ID, c.AreaID) {
			return nil, domain.Fail(domain.CodeUnprocessable, "No centre serves this postal code.").At("/centre_id", "name the centre")
		}
		return c, nil
	}
	c, err := AuthorizeCentre(tx, a, *want)
	return c, MeaningIfAbsent(err, "centre", "/centre_id")
}

// PatchJob changes what a job says. Staff of the centre, area manager, agent.
func (s *Service) PatchJob(ctx context.Context, call *Call, id domain.ID, version int64, in JobInput) (domain.JobView, error) {
	return Run(ctx, s, call, func(tx *Work) (domain.JobView, error) {
		j, err := AuthorizeJob(tx, call.Actor, id)
		if err != nil {
			return domain.JobView{}, err
		}
		if !call.Actor.Is(domain.Staff...) {
			return domain.JobView{}, domain.Fail(domain.CodeForbidden, "As %s you may not change a job.", domain.RoleWords(call.Actor.Role))
		}
		if in.CustomerID != nil || in.CentreID != nil {
			return domain.JobView{}, domain.Fail(domain.CodeUnprocessable, "Customer and centre of a job do not change here.").
				At("/centre_id", "use transfer")
		}
		if err := IfVersion(j.Meta, version); err != nil {
			return domain.JobView{}, err
		}
		c, err := tx.Customer(j.CustomerID)
		if err != nil {
			return domain.JobView{}, err
		}
		if in.SafetyCritical != nil && !*in.SafetyCritical && j.SafetyCritical && call.Actor.Role != domain.RoleAreaManager {
			return domain.JobView{}, domain.Fail(domain.CodeForbidden, "Whether a repair is safety-critical no longer is the area manager's to say.").
				At("/safety_critical", "ask the area manager")
		}
		if lowers := in.SafetyCritical != nil && !*in.SafetyCritical && j.SafetyCritical; lowers && !domain.Says(str2(in.Reason)) {
			return domain.JobView{}, domain.Fail(domain.CodeUnprocessable, "Say why the repair is not safety-critical any more.").
				At("/reason", "a few words; they stay on the timeline")
		}
		was := *j
		if err := ApplyJob(tx, j, in, c); err != nil {
			return domain.JobView{}, err
		}
		if was.SiteID != j.SiteID {
			if c, err = LockHousehold(tx, j.CustomerID); err == nil {
				err = whose(tx, c, j, true)
			}
			if err != nil {
				return domain.JobView{}, err
			}
		}
		tx.Entry(j, call.Actor, "job.changed", nil, At(tx.Now), in)
		HistoryCorrected(tx, j, call.Actor, Corrected{Changes: StoryChanges(&was, j)}, At(tx.Now))
		if in.TriedSteps != nil {
			if err := addListedSteps(tx, j, call.Actor); err != nil {
				return domain.JobView{}, err
			}
		}
		return jobView(tx, call.Actor, j)
	})
}

func jobView(tx *Work, a domain.Actor, j *domain.Job) (domain.JobView, error) {
	if err := tx.save(); err != nil {
		return domain.JobView{}, err
	}
	holds, err := tx.HoldsOver(j, true)
	if err != nil {
		return domain.JobView{}, err
	}
	return NewJobView(a, j, holds, tx.Now), nil
}

// NewJobView shows a job to an actor: open holds, the plan in force, actions.
func NewJobView(a domain.Actor, j *domain.Job, holds []domain.Hold, now time.Time) domain.JobView {
	plan := domain.PlanInForce(holds)
	return jobViewUnder(a, j, holds, plan, now)
}

// repeatInside is the job that one repeats, where it is the same centre's: a timeline goes
// with its job.
func repeatInside(j *domain.Job) *domain.ID {
	if j.RepeatCentreID == nil || *j.RepeatCentreID != j.CentreID {
		return nil
	}
	return j.RepeatOf
}

// NewJobListView is NewJobView from open holds and a plan read apart.
func NewJobListView(a domain.Actor, j *domain.Job, open []domain.Hold, plan []string, now time.Time) domain.JobView {
	return jobViewUnder(a, j, open, plan, now)
}

func jobViewUnder(a domain.Actor, j *domain.Job, holds []domain.Hold, plan []string, now time.Time) domain.JobView {
	v := domain.JobView{Job: *j, Holds: domain.JSONList[domain.Hold]{}, Plan: plan, Actions: domain.JobActions(a, j, holds, plan, now)}
	if j.RepeatCentreID != nil && !a.Reaches(*j.RepeatCentreID, *j.RepeatAreaID) {
		v.RepeatOf = nil
	}
	for _, h := range holds {
		if h.LiftedAt == nil {
			if h.Kind == domain.HoldSafety {
				h.Alternatives = domain.HoldAlternatives
			}
			if h.Kind == domain.HoldSafety && !a.Is(domain.RoleAreaManager, domain.RoleSystem) {
				// Person or place would tell the kind of the report.
				h.Reason, h.CustomerID, h.SiteID = "area hold", &j.CustomerID, nil
			}
			if h.CustomerID != nil && *h.CustomerID != j.CustomerID { // another row of the household may be another centre's
				h.CustomerID = &j.CustomerID
			}
			v.Holds = append(v.Holds, h)
		}
	}
	return v
}
