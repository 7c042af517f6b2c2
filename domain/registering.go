package domain

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"doorstep/domain/slots"
)

// ContactInput is a person of a household.
type ContactInput struct {
	ID        *ID      `json:"id"`
	Name      string   `json:"name"`
	Relation  string   `json:"relation"`
	Phones    []string `json:"phones"`
	Email     string   `json:"email"`
	Language  string   `json:"language"`
	VoiceOnly bool     `json:"voice_only"`
}

// SiteInput is a place of a household.
type SiteInput struct {
	ID         *ID      `json:"id"`
	Label      string   `json:"label"`
	Address    string   `json:"address"`
	Landmark   string   `json:"landmark"`
	PostalCode string   `json:"postal_code"`
	Zone       string   `json:"zone"`
	Lat        *float64 `json:"lat"`
	Lon        *float64 `json:"lon"`
	Occupant   string   `json:"occupant"`
}

// CustomerInput registers or changes a household; contacts and sites, when
// given, are the whole new lists.
type CustomerInput struct {
	ID       *ID             `json:"id"`
	Name     *string         `json:"name"`
	Language *string         `json:"language"`
	Country  *string         `json:"country"` // how numbers without a country code are read
	Contacts *[]ContactInput `json:"contacts"`
	Sites    *[]SiteInput    `json:"sites"`
}

func (s *Service) applyCustomer(c *Customer, in CustomerInput, country, zone string) error {
	set(&c.Name, in.Name)
	set(&c.Language, in.Language)
	if in.Country != nil {
		country = *in.Country
	}
	if in.Contacts != nil {
		list := make([]Contact, 0, len(*in.Contacts))
		for i, p := range *in.Contacts {
			n := Contact{ID: s.idOr(p.ID), CustomerID: c.ID, Name: p.Name, Relation: p.Relation, Email: strings.ToLower(strings.TrimSpace(p.Email)),
				Language: p.Language, VoiceOnly: p.VoiceOnly, Position: i}
			for k, raw := range p.Phones {
				e164, err := s.phone(raw, country, fmt.Sprintf("/contacts/%d/phones/%d", i, k))
				if err != nil {
					return err
				}
				if e164 != "" && !has(n.Phones, e164) {
					n.Phones = append(n.Phones, e164)
				}
			}
			if old := c.contact(n.ID); old != nil {
				for _, struck := range old.Struck { // a number proved wrong stays struck unless somebody enters it anew
					if !has(n.Phones, struck) {
						n.Struck = append(n.Struck, struck)
					}
				}
			}
			list = append(list, n)
		}
		c.Contacts = list
	}
	if in.Sites != nil {
		list := make([]Site, 0, len(*in.Sites))
		for i, p := range *in.Sites {
			n := Site{ID: s.idOr(p.ID), CustomerID: c.ID, Label: p.Label, Address: p.Address, Landmark: p.Landmark,
				PostalCode: strings.ToUpper(strings.TrimSpace(p.PostalCode)), Zone: p.Zone, Lat: p.Lat, Lon: p.Lon, Occupant: p.Occupant}
			if n.Zone == "" {
				n.Zone = zone
			}
			if _, err := time.LoadLocation(n.Zone); err != nil || n.Zone == "Local" || n.Zone == "" {
				return Fail(CodeUnprocessable, "This time zone is unknown.").At(fmt.Sprintf("/sites/%d/zone", i), "an IANA name such as Asia/Kolkata")
			}
			if (n.Lat == nil) != (n.Lon == nil) {
				return Fail(CodeUnprocessable, "Coordinates come in pairs.").At(fmt.Sprintf("/sites/%d/lat", i), "lat and lon, or neither")
			}
			list = append(list, n)
		}
		c.Sites = list
	}
	return nil
}

// localeDefaults gives the country and zone in which an actor's input is read when the
// input itself says nothing: those of their centre, else of the first centre in
// their scope. It reads outside of transactions.
func (s *Service) localeDefaults(ctx context.Context, a Actor) (locale, error) {
	centres, err := s.Read.Centres(ctx, a.Scope(), Page{Limit: 1})
	if err != nil || len(centres) == 0 {
		return locale{country: "IN", zone: "UTC"}, err
	}
	return locale{centres[0].Country, centres[0].Zone, &centres[0].ID}, nil
}

// frame is where an actor stands.
type locale struct {
	country, zone string
	centre        *ID
}

// CreateCustomer registers a household. Coordinator, proprietor, area
// manager, agent. Errors: CodeForbidden, CodeUnprocessable, CodeDuplicate.
func (s *Service) CreateCustomer(ctx context.Context, call *Call, in CustomerInput) (Customer, error) {
	if !call.Actor.Is(staff...) {
		return Customer{}, Fail(CodeForbidden, "As %s you may not register households.", roleWords(call.Actor.Role))
	}
	where, err := s.localeDefaults(ctx, call.Actor)
	if err != nil {
		return Customer{}, err
	}
	known := false // the client's id names a household that they may see
	if in.ID != nil {
		_, err := s.Read.Customer(ctx, call.Actor.Scope(), *in.ID)
		if known = err == nil; err != nil && !notFound(err) {
			return Customer{}, err
		}
	}
	return run(ctx, s, call, func(tx *Work) (Customer, error) {
		c := Customer{Meta: newMeta(s.idOr(in.ID), tx.Now), Language: "en", Contacts: []Contact{}, Sites: []Site{}}
		if call.Actor.Role != RoleAgent { // agents see every household anyway
			c.RegisteredCentreID = where.centre
		}
		if err := s.applyCustomer(&c, in, where.country, where.zone); err != nil {
			return Customer{}, err
		}
		if old, err := tx.Customer(c.ID); err == nil {
			return *old, sameOr(known && sameHousehold(old, &c), "customer")
		}
		return c, tx.InsertCustomer(&c)
	})
}

// sameHousehold tells a retry from another household under the same id. Ids
// of people and places may be the server's, so they do not count.
func sameHousehold(a, b *Customer) bool {
	return a.Name == b.Name && a.Language == b.Language &&
		slices.EqualFunc(a.Contacts, b.Contacts, func(x, y Contact) bool {
			return x.Name == y.Name && x.Relation == y.Relation && x.Email == y.Email && x.VoiceOnly == y.VoiceOnly &&
				slices.Equal(x.Phones, y.Phones)
		}) &&
		slices.EqualFunc(a.Sites, b.Sites, func(x, y Site) bool {
			return x.Address == y.Address && x.PostalCode == y.PostalCode && x.Landmark == y.Landmark && x.Zone == y.Zone
		})
}

// PatchCustomer changes a household. Coordinator, proprietor, area manager,
// agent who can see it.
func (s *Service) PatchCustomer(ctx context.Context, call *Call, id ID, version int64, in CustomerInput) (Customer, error) {
	if _, err := s.Read.Customer(ctx, call.Actor.Scope(), id); err != nil {
		return Customer{}, err
	}
	where, err := s.localeDefaults(ctx, call.Actor)
	if err != nil {
		return Customer{}, err
	}
	return run(ctx, s, call, func(tx *Work) (Customer, error) {
		if !call.Actor.Is(staff...) {
			return Customer{}, Fail(CodeForbidden, "As %s you may not change households.", roleWords(call.Actor.Role))
		}
		c, err := tx.LockCustomer(id)
		if err != nil {
			return Customer{}, err
		}
		if err := ifVersion(c.Meta, version); err != nil {
			return Customer{}, err
		}
		if err := s.applyCustomer(c, in, where.country, where.zone); err != nil {
			return Customer{}, err
		}
		c.changedAt(tx.Now)
		err = tx.SaveCustomer(c)
		return *c, err
	})
}

// ApplianceInput registers or changes an appliance.
type ApplianceInput struct {
	ID          *ID     `json:"id"`
	CustomerID  *ID     `json:"customer_id"`
	SiteID      *ID     `json:"site_id"`
	Category    *string `json:"category"`
	Brand       *string `json:"brand"`
	Model       *string `json:"model"`
	Serial      *string `json:"serial"`
	PurchasedOn *string `json:"purchased_on"`
}

func applyAppliance(ap *Appliance, in ApplianceInput, c *Customer) error {
	set(&ap.Category, in.Category)
	set(&ap.Brand, in.Brand)
	set(&ap.Model, in.Model)
	if in.Serial != nil {
		ap.Serial = strings.ToUpper(strings.TrimSpace(*in.Serial))
	}
	set(&ap.PurchasedOn, in.PurchasedOn)
	if in.SiteID != nil {
		if c.site(*in.SiteID) == nil {
			return Fail(CodeUnprocessable, "The household has no such site.").At("/site_id", "a site of the customer")
		}
		ap.SiteID = in.SiteID
	}
	return nil
}

// CreateAppliance registers an appliance of a household the caller can see.
func (s *Service) CreateAppliance(ctx context.Context, call *Call, in ApplianceInput) (Appliance, error) {
	if in.CustomerID == nil {
		return Appliance{}, Fail(CodeUnprocessable, "An appliance belongs to a household.").At("/customer_id", "required")
	}
	if !call.Actor.Is(staff...) {
		return Appliance{}, Fail(CodeForbidden, "As %s you may not register appliances.", roleWords(call.Actor.Role))
	}
	if _, err := s.Read.Customer(ctx, call.Actor.Scope(), *in.CustomerID); err != nil {
		return Appliance{}, meaningIfAbsent(err, "customer", "/customer_id")
	}
	return run(ctx, s, call, func(tx *Work) (Appliance, error) {
		c, err := tx.Customer(*in.CustomerID)
		if err != nil {
			return Appliance{}, err
		}
		ap := Appliance{Meta: newMeta(s.idOr(in.ID), tx.Now), CustomerID: c.ID}
		if err := applyAppliance(&ap, in, c); err != nil {
			return Appliance{}, err
		}
		if old, err := tx.Appliance(ap.ID); err == nil {
			return *old, sameOr(old.CustomerID == ap.CustomerID && old.Serial == ap.Serial && old.Category == ap.Category && old.Brand == ap.Brand &&
				old.Model == ap.Model, "appliance")
		}
		return ap, tx.InsertAppliance(&ap)
	})
}

// meaningIfAbsent turns "not found" of a referenced object into a 422 at the
// reference.
func meaningIfAbsent(err error, what, pointer string) error {
	if notFound(err) {
		return Fail(CodeUnprocessable, "There is no such %s, or it is outside what you may see.", what).At(pointer, "an existing "+what)
	}
	return err
}

// PatchAppliance changes an appliance.
func (s *Service) PatchAppliance(ctx context.Context, call *Call, id ID, version int64, in ApplianceInput) (Appliance, error) {
	if _, err := s.Read.Appliance(ctx, call.Actor.Scope(), id); err != nil {
		return Appliance{}, err
	}
	return run(ctx, s, call, func(tx *Work) (Appliance, error) {
		if !call.Actor.Is(staff...) {
			return Appliance{}, Fail(CodeForbidden, "As %s you may not change appliances.", roleWords(call.Actor.Role))
		}
		ap, err := tx.Appliance(id)
		if err != nil {
			return Appliance{}, err
		}
		if err := ifVersion(ap.Meta, version); err != nil {
			return Appliance{}, err
		}
		c, err := tx.Customer(ap.CustomerID)
		if err != nil {
			return Appliance{}, err
		}
		if err := applyAppliance(ap, in, c); err != nil {
			return Appliance{}, err
		}
		ap.changedAt(tx.Now)
		err = tx.SaveAppliance(ap)
		return *ap, err
	})
}

// JobInput registers or changes a job; what is absent stays.
type JobInput struct {
	ID             *ID          `json:"id"`
	ExternalRef    *string      `json:"external_ref"`
	CustomerID     *ID          `json:"customer_id"`
	SiteID         *ID          `json:"site_id"`
	ContactID      *ID          `json:"contact_id"`
	ApplianceID    *ID          `json:"appliance_id"`
	CentreID       *ID          `json:"centre_id"`
	Category       *string      `json:"category"`
	SkillLevel     *int         `json:"skill_level"`
	Serial         *string      `json:"serial"`
	Fault          *string      `json:"fault"`
	TriedSteps     *[]TriedStep `json:"tried_steps"`
	WhatMatters    *string      `json:"what_matters"`
	Priority       *string      `json:"priority"`
	SafetyCritical *bool        `json:"safety_critical"`
	Cover          *string      `json:"cover"`
	ValueMinor     *int64       `json:"value_minor"`
}

// applyJob sets the fields of a job that are given. Errors: CodeUnprocessable.
func applyJob(tx Tx, j *Job, in JobInput, c *Customer) error {
	set(&j.Fault, in.Fault)
	set(&j.WhatMatters, in.WhatMatters)
	set(&j.Priority, in.Priority)
	set(&j.SafetyCritical, in.SafetyCritical)
	set(&j.Cover, in.Cover)
	set(&j.Category, in.Category)
	if in.ValueMinor != nil {
		j.ValueMinor = in.ValueMinor
	}
	set(&j.SkillLevel, in.SkillLevel)
	if j.SkillLevel < slots.Helper || j.SkillLevel > slots.Expert {
		return Fail(CodeUnprocessable, "The level of a skill is 1, 2 or 3.").At("/skill_level", "1 to 3")
	}
	if in.Serial != nil {
		j.Serial = strings.ToUpper(strings.TrimSpace(*in.Serial))
	}
	if in.TriedSteps != nil {
		j.TriedSteps = *in.TriedSteps
	}
	if in.ContactID != nil {
		if c.contact(*in.ContactID) == nil {
			return Fail(CodeUnprocessable, "The household has no such contact.").At("/contact_id", "a contact of the customer")
		}
		j.ContactID = in.ContactID
	}
	if in.SiteID != nil {
		if c.site(*in.SiteID) == nil {
			return Fail(CodeUnprocessable, "The household has no such site.").At("/site_id", "a site of the customer")
		}
		j.SiteID = *in.SiteID
	}
	if in.ApplianceID != nil {
		ap, err := tx.Appliance(*in.ApplianceID)
		if err != nil || ap.CustomerID != c.ID {
			return Fail(CodeUnprocessable, "The household has no such appliance.").At("/appliance_id", "an appliance of the customer")
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
				return Fail(CodeDuplicate, "external_ref belongs to another job.").At("/external_ref", "taken")
			}
			j.ExternalRef = &ref
		}
	}
	return nil
}

// CreateJob registers a job of a household. Coordinator and proprietor for
// their centre, area manager for one of the area, agent for any; without
// centre_id the site's postal code decides. Errors: CodeForbidden,
// CodeUnprocessable, CodeDuplicate.
func (s *Service) CreateJob(ctx context.Context, call *Call, in JobInput) (JobView, error) {
	if !call.Actor.Is(staff...) {
		return JobView{}, Fail(CodeForbidden, "As %s you may not register jobs.", roleWords(call.Actor.Role))
	}
	if in.CustomerID == nil {
		return JobView{}, Fail(CodeUnprocessable, "A job belongs to a household.").At("/customer_id", "required")
	}
	if _, err := s.Read.Customer(ctx, call.Actor.Scope(), *in.CustomerID); err != nil {
		return JobView{}, meaningIfAbsent(err, "customer", "/customer_id")
	}
	return run(ctx, s, call, func(tx *Work) (JobView, error) {
		return createJob(tx, call.Actor, in)
	})
}

// createJob registers a job in the transaction. Errors as RegisterJob.
func createJob(tx *Work, a Actor, in JobInput) (JobView, error) {
	c, err := tx.Customer(*in.CustomerID)
	if err != nil {
		return JobView{}, meaningIfAbsent(err, "customer", "/customer_id")
	}
	j := Job{Meta: newMeta(tx.svc.idOr(in.ID), tx.Now), CustomerID: c.ID, Priority: "normal", Cover: "warranty",
		SkillLevel: slots.Helper, OpenedAt: tx.Now, Verdict: "untried"}
	if in.SiteID == nil {
		if len(c.Sites) == 0 {
			return JobView{}, Fail(CodeUnprocessable, "The household has no site yet.").At("/site_id", "add a site to the customer first")
		}
		j.SiteID = c.Sites[0].ID
	}
	if in.ContactID == nil && len(c.Contacts) > 0 {
		j.ContactID = &c.Contacts[0].ID
	}
	if old, err := tx.Job(j.ID); err == nil {
		if !a.reaches(old.CentreID, old.AreaID) || old.CustomerID != c.ID || old.Fault != str2(in.Fault) {
			return JobView{}, Fail(CodeDuplicate, "Another job has this id.")
		}
		return jobView(tx, a, old)
	}
	if err := applyJob(tx, &j, in, c); err != nil {
		return JobView{}, err
	}
	centre, err := centreForJob(tx, a, in.CentreID, c.site(j.SiteID))
	if err != nil {
		return JobView{}, err
	}
	j.CentreID, j.AreaID = centre.ID, centre.AreaID
	if j.Serial != "" {
		if earlier, err := tx.LatestJobBySerial(j.Serial, tx.Now.Add(-repeatWithin), j.ID); err == nil {
			j.RepeatOf = &earlier.ID
		} else if !notFound(err) {
			return JobView{}, err
		}
	}
	known := []StepRecord{}
	if j.RepeatOf != nil && len(j.TriedSteps) > 0 {
		if known, err = stepsKnown(tx, &j); err != nil {
			return JobView{}, err
		}
	}
	if err := tx.apply(&j, "register"); err != nil {
		return JobView{}, err
	}
	tx.entry(&j, a, "job.registered", nil, at(tx.Now), map[string]any{"centre_id": j.CentreID, "repeat_of": j.RepeatOf,
		"priority": j.Priority})
	tried := listedSteps(tx, &j, a, known)
	if len(tried) > 0 {
		if err := proposeReplacement(tx, &j, append(known, tried...)); err != nil {
			return JobView{}, err
		}
	}
	if err := tx.InsertJob(&j); err != nil {
		return JobView{}, err
	}
	if err := insertSteps(tx, tried); err != nil {
		return JobView{}, err
	}
	link := Link{ID: tx.NewID(), JobID: j.ID, CreatedAt: tx.Now}
	if err := tx.svc.newLink(tx, &link); err != nil {
		return JobView{}, err
	}
	return jobView(tx, a, &j)
}

func str2(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

func centreForJob(tx CentreTx, a Actor, want *ID, site *Site) (*Centre, error) {
	if want == nil && a.Role.OfCentre() {
		want = &a.CentreID
	}
	if want == nil {
		c, err := tx.CentreServing(site.PostalCode)
		if err != nil || !a.reaches(c.ID, c.AreaID) {
			return nil, Fail(CodeUnprocessable, "No centre serves this postal code.").At("/centre_id", "name the centre")
		}
		return c, nil
	}
	c, err := authorizeCentre(tx, a, *want)
	return c, meaningIfAbsent(err, "centre", "/centre_id")
}

// PatchJob changes what a job says. Staff of the centre, area manager, agent.
func (s *Service) PatchJob(ctx context.Context, call *Call, id ID, version int64, in JobInput) (JobView, error) {
	return run(ctx, s, call, func(tx *Work) (JobView, error) {
		j, err := authorizeJob(tx, call.Actor, id)
		if err != nil {
			return JobView{}, err
		}
		if !call.Actor.Is(staff...) {
			return JobView{}, Fail(CodeForbidden, "As %s you may not change a job.", roleWords(call.Actor.Role))
		}
		if in.CustomerID != nil || in.CentreID != nil {
			return JobView{}, Fail(CodeUnprocessable, "Customer and centre of a job do not change here.").At("/centre_id", "use transfer")
		}
		if err := ifVersion(j.Meta, version); err != nil {
			return JobView{}, err
		}
		c, err := tx.Customer(j.CustomerID)
		if err != nil {
			return JobView{}, err
		}
		was := *j
		if err := applyJob(tx, j, in, c); err != nil {
			return JobView{}, err
		}
		tx.entry(j, call.Actor, "job.changed", nil, at(tx.Now), in)
		historyCorrected(tx, j, call.Actor, corrected{Changes: storyChanges(&was, j)}, at(tx.Now))
		if in.TriedSteps != nil {
			if err := addListedSteps(tx, j, call.Actor); err != nil {
				return JobView{}, err
			}
		}
		return jobView(tx, call.Actor, j)
	})
}

// authorizeJob locks a job that the actor may see: a technician while in the crew
// of one of its visits.
func authorizeJob(tx *Work, a Actor, id ID) (*Job, error) {
	j, err := tx.LockJob(id)
	if err != nil {
		return nil, err
	}
	switch {
	case a.Role == RoleCustomer:
		if j.ID != a.JobID {
			return nil, NotFound("job")
		}
	case a.Role == RoleTechnician:
		visits, err := tx.VisitsOfJob(id)
		if err != nil {
			return nil, err
		}
		for i := range visits {
			if has(visits[i].Crew, a.UserID) {
				return j, nil
			}
		}
		return nil, NotFound("job")
	case !a.reaches(j.CentreID, j.AreaID):
		return nil, NotFound("job")
	}
	return j, nil
}

func jobView(tx *Work, a Actor, j *Job) (JobView, error) {
	if err := tx.save(); err != nil {
		return JobView{}, err
	}
	holds, err := tx.HoldsOver(j, true)
	if err != nil {
		return JobView{}, err
	}
	return NewJobView(a, j, holds, tx.Now), nil
}

// NewJobView shows a job to an actor: open holds, the plan in force, actions.
func NewJobView(a Actor, j *Job, holds []Hold, now time.Time) JobView {
	plan := PlanInForce(holds)
	return jobViewUnder(a, j, holds, plan, now)
}

// NewJobListView is NewJobView from open holds and a plan read apart.
func NewJobListView(a Actor, j *Job, open []Hold, plan []string, now time.Time) JobView {
	return jobViewUnder(a, j, open, plan, now)
}

func jobViewUnder(a Actor, j *Job, holds []Hold, plan []string, now time.Time) JobView {
	v := JobView{Job: *j, Holds: JSONList[Hold]{}, Plan: plan, Actions: JobActions(a, j, holds, plan, now)}
	for _, h := range holds {
		if h.LiftedAt == nil {
			if h.Kind == HoldSafety {
				h.Alternatives = HoldAlternatives
			}
			if h.Kind == HoldSafety && !a.Is(RoleAreaManager, RoleSystem) {
				// Person or place would tell the kind of the report.
				h.Reason, h.CustomerID, h.SiteID = "area hold", &j.CustomerID, nil
			}
			v.Holds = append(v.Holds, h)
		}
	}
	return v
}

// PlanInForce is the safe-visit plan of the safety hold released last. A hazard
// that was settled says no more than that, so it takes nothing from what was
// asked for another reason.
func PlanInForce(holds []Hold) JSONList[string] {
	if h := planHold(holds); h != nil {
		return h.Plan
	}
	return JSONList[string]{}
}

// planHold is the released hold whose plan binds; nil when none does.
func planHold(holds []Hold) *Hold {
	var last *Hold
	settled := func(h *Hold) bool { return h.Fixable && len(h.Plan) == 1 && h.Plan[0] == "hazard_removed" }
	for i := range holds {
		h := &holds[i]
		switch {
		case h.Kind != HoldSafety || h.LiftedAt == nil || len(h.Plan) == 0:
		case last == nil, settled(last) && !settled(h):
			last = h
		case settled(h) && !settled(last):
		case !h.LiftedAt.Before(*last.LiftedAt):
			last = h
		}
	}
	return last
}
