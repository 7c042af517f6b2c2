package casework

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/slots"
)

// ContactInput is a person of a household.
type ContactInput struct {
	ID        *domain.ID `json:"id"`
	Name      string     `json:"name"`
	Relation  string     `json:"relation"`
	Phones    []string   `json:"phones"`
	Email     string     `json:"email"`
	Language  string     `json:"language"`
	VoiceOnly bool       `json:"voice_only"`
}

// SiteInput is a place of a household.
type SiteInput struct {
	ID         *domain.ID `json:"id"`
	Label      string     `json:"label"`
	Address    string     `json:"address"`
	Landmark   string     `json:"landmark"`
	PostalCode string     `json:"postal_code"`
	Zone       string     `json:"zone"`
	Lat        *float64   `json:"lat"`
	Lon        *float64   `json:"lon"`
	Occupant   string     `json:"occupant"`
}

// CustomerInput registers or changes a household; contacts and sites, when
// given, are the whole new lists.
type CustomerInput struct {
	ID       *domain.ID      `json:"id"`
	Name     *string         `json:"name"`
	Language *string         `json:"language"`
	Country  *string         `json:"country"` // how numbers without a country code are read
	Contacts *[]ContactInput `json:"contacts"`
	Sites    *[]SiteInput    `json:"sites"`
}

func (s *Service) applyCustomer(c *domain.Customer, in CustomerInput, country, zone string) error {
	Set(&c.Name, in.Name)
	Set(&c.Language, in.Language)
	if in.Country != nil {
		country = *in.Country
	}
	if in.Contacts != nil {
		list := make([]domain.Contact, 0, len(*in.Contacts))
		for i, p := range *in.Contacts {
			n := domain.Contact{ID: IDOr(s, p.ID), CustomerID: c.ID, Name: p.Name, Relation: p.Relation,
				Email:    strings.ToLower(strings.TrimSpace(p.Email)),
				Language: p.Language, VoiceOnly: p.VoiceOnly, Position: i}
			for k, raw := range p.Phones {
				e164, err := Phone(s, raw, country, fmt.Sprintf("/contacts/%d/phones/%d", i, k))
				if err != nil {
					return err
				}
				if e164 != "" && !domain.Has(n.Phones, e164) {
					n.Phones = append(n.Phones, e164)
				}
			}
			if old := c.Contact(n.ID); old != nil {
				for _, struck := range old.Struck { // a number proved wrong stays struck unless somebody enters it anew
					if !domain.Has(n.Phones, struck) {
						n.Struck = append(n.Struck, struck)
					}
				}
			}
			list = append(list, n)
		}
		c.Contacts = list
	}
	if in.Sites != nil {
		list := make([]domain.Site, 0, len(*in.Sites))
		for i, p := range *in.Sites {
			n := domain.Site{ID: IDOr(s, p.ID), CustomerID: c.ID, Label: p.Label, Address: p.Address, Landmark: p.Landmark,
				PostalCode: strings.ToUpper(strings.TrimSpace(p.PostalCode)), Zone: p.Zone, Lat: p.Lat, Lon: p.Lon, Occupant: p.Occupant}
			if n.Zone == "" {
				n.Zone = zone
			}
			if _, err := time.LoadLocation(n.Zone); err != nil || n.Zone == "Local" || n.Zone == "" {
				return domain.Fail(domain.CodeUnprocessable, "This time zone is unknown.").
					At(fmt.Sprintf("/sites/%d/zone", i), "an IANA name such as Asia/Kolkata")
			}
			if (n.Lat == nil) != (n.Lon == nil) {
				return domain.Fail(domain.CodeUnprocessable, "Coordinates come in pairs.").
					At(fmt.Sprintf("/sites/%d/lat", i), "lat and lon, or neither")
			}
			list = append(list, n)
		}
		c.Sites = list
	}
	return nil
}

// LocaleDefaults gives the country and zone in which an actor's input is read when the
// input itself says nothing: those of their centre, else of the first centre in
// their scope. It reads outside of transactions.
func (s *Service) LocaleDefaults(ctx context.Context, a domain.Actor) (locale, error) {
	centres, err := s.Read.Centres(ctx, a.Scope(), domain.Page{Limit: 1})
	if err != nil || len(centres) == 0 {
		return locale{Country: "IN", Zone: "UTC"}, err
	}
	return locale{centres[0].Country, centres[0].Zone, &centres[0].ID}, nil
}

// frame is where an actor stands.
type locale struct {
	Country, Zone string
	centre        *domain.ID
}

// CreateCustomer registers a household. Coordinator, proprietor, area
// manager, agent. Errors: CodeForbidden, CodeUnprocessable, CodeDuplicate.
func (s *Service) CreateCustomer(ctx context.Context, call *Call, in CustomerInput) (domain.Customer, error) {
	if !call.Actor.Is(domain.Staff...) {
		return domain.Customer{}, domain.Fail(domain.CodeForbidden, "As %s you may not register households.", domain.RoleWords(call.Actor.Role))
	}
	where, err := s.LocaleDefaults(ctx, call.Actor)
	if err != nil {
		return domain.Customer{}, err
	}
	known := false // the client's id names a household that they may see
	if in.ID != nil {
		_, err := s.Read.Customer(ctx, call.Actor.Scope(), *in.ID)
		if known = err == nil; err != nil && !NotFound(err) {
			return domain.Customer{}, err
		}
	}
	return Run(ctx, s, call, func(tx *Work) (domain.Customer, error) {
		c := domain.Customer{Meta: domain.NewMeta(IDOr(s, in.ID), tx.Now), Language: "en", Contacts: []domain.Contact{}, Sites: []domain.Site{}}
		if call.Actor.Role != domain.RoleAgent { // agents see every household anyway
			c.RegisteredCentreID = where.centre
		}
		if err := s.applyCustomer(&c, in, where.Country, where.Zone); err != nil {
			return domain.Customer{}, err
		}
		if old, err := tx.Customer(c.ID); err == nil {
			return *old, SameOr(known && sameCustomer(old, &c), "customer")
		}
		return c, tx.InsertCustomer(&c)
	})
}

// sameCustomer tells a retry from another customer under the same id. Ids
// of people and places may be the server's, so they do not count.
func sameCustomer(a, b *domain.Customer) bool {
	return a.Name == b.Name && a.Language == b.Language &&
		slices.EqualFunc(a.Contacts, b.Contacts, func(x, y domain.Contact) bool {
			return x.Name == y.Name && x.Relation == y.Relation && x.Email == y.Email && x.VoiceOnly == y.VoiceOnly &&
				slices.Equal(x.Phones, y.Phones)
		}) &&
		slices.EqualFunc(a.Sites, b.Sites, func(x, y domain.Site) bool {
			return x.Address == y.Address && x.PostalCode == y.PostalCode && x.Landmark == y.Landmark && x.Zone == y.Zone
		})
}

// PatchCustomer changes a household. Coordinator, proprietor, area manager,
// agent who can see it.
func (s *Service) PatchCustomer(ctx context.Context, call *Call, id domain.ID, version int64, in CustomerInput) (domain.Customer, error) {
	if _, err := s.Read.Customer(ctx, call.Actor.Scope(), id); err != nil {
		return domain.Customer{}, err
	}
	where, err := s.LocaleDefaults(ctx, call.Actor)
	if err != nil {
		return domain.Customer{}, err
	}
	return Run(ctx, s, call, func(tx *Work) (domain.Customer, error) {
		if !call.Actor.Is(domain.Staff...) {
			return domain.Customer{}, domain.Fail(domain.CodeForbidden, "As %s you may not change households.", domain.RoleWords(call.Actor.Role))
		}
		c, err := tx.LockCustomer(id)
		if err != nil {
			return domain.Customer{}, err
		}
		if err := IfVersion(c.Meta, version); err != nil {
			return domain.Customer{}, err
		}
		if err := s.applyCustomer(c, in, where.Country, where.Zone); err != nil {
			return domain.Customer{}, err
		}
		c.ChangedAt(tx.Now)
		err = tx.SaveCustomer(c)
		return *c, err
	})
}

// ApplianceInput registers or changes an appliance.
type ApplianceInput struct {
	ID          *domain.ID `json:"id"`
	CustomerID  *domain.ID `json:"customer_id"`
	SiteID      *domain.ID `json:"site_id"`
	Category    *string    `json:"category"`
	Brand       *string    `json:"brand"`
	Model       *string    `json:"model"`
	Serial      *string    `json:"serial"`
	PurchasedOn *string    `json:"purchased_on"`
}

func applyAppliance(ap *domain.Appliance, in ApplianceInput, c *domain.Customer) error {
	Set(&ap.Category, in.Category)
	Set(&ap.Brand, in.Brand)
	Set(&ap.Model, in.Model)
	if in.Serial != nil {
		ap.Serial = strings.ToUpper(strings.TrimSpace(*in.Serial))
	}
	Set(&ap.PurchasedOn, in.PurchasedOn)
	if in.SiteID != nil {
		if c.Site(*in.SiteID) == nil {
			return domain.Fail(domain.CodeUnprocessable, "The household has no such site.").At("/site_id", "a site of the customer")
		}
		ap.SiteID = in.SiteID
	}
	return nil
}

// CreateAppliance registers an appliance of a household the caller can see.
func (s *Service) CreateAppliance(ctx context.Context, call *Call, in ApplianceInput) (domain.Appliance, error) {
	if in.CustomerID == nil {
		return domain.Appliance{}, domain.Fail(domain.CodeUnprocessable, "An appliance belongs to a household.").At("/customer_id", "required")
	}
	if !call.Actor.Is(domain.Staff...) {
		return domain.Appliance{}, domain.Fail(domain.CodeForbidden, "As %s you may not register appliances.", domain.RoleWords(call.Actor.Role))
	}
	if _, err := s.Read.Customer(ctx, call.Actor.Scope(), *in.CustomerID); err != nil {
		return domain.Appliance{}, MeaningIfAbsent(err, "customer", "/customer_id")
	}
	return Run(ctx, s, call, func(tx *Work) (domain.Appliance, error) {
		c, err := tx.Customer(*in.CustomerID)
		if err != nil {
			return domain.Appliance{}, err
		}
		ap := domain.Appliance{Meta: domain.NewMeta(IDOr(s, in.ID), tx.Now), CustomerID: c.ID}
		if err := applyAppliance(&ap, in, c); err != nil {
			return domain.Appliance{}, err
		}
		if old, err := tx.Appliance(ap.ID); err == nil {
			return *old, SameOr(old.CustomerID == ap.CustomerID && old.Serial == ap.Serial && old.Category == ap.Category && old.Brand == ap.Brand &&
				old.Model == ap.Model, "appliance")
		}
		return ap, tx.InsertAppliance(&ap)
	})
}

// MeaningIfAbsent turns "not found" of a referenced object into a 422 at the
// reference.
func MeaningIfAbsent(err error, what, pointer string) error {
	if NotFound(err) {
		return domain.Fail(domain.CodeUnprocessable, "There is no such %s, or it is outside what you may see.", what).
			At(pointer, "an existing "+what)
	}
	return err
}

// PatchAppliance changes an appliance.
func (s *Service) PatchAppliance(ctx context.Context, call *Call, id domain.ID, version int64,
	in ApplianceInput) (domain.Appliance, error) {
	if _, err := s.Read.Appliance(ctx, call.Actor.Scope(), id); err != nil {
		return domain.Appliance{}, err
	}
	return Run(ctx, s, call, func(tx *Work) (domain.Appliance, error) {
		if !call.Actor.Is(domain.Staff...) {
			return domain.Appliance{}, domain.Fail(domain.CodeForbidden, "As %s you may not change appliances.", domain.RoleWords(call.Actor.Role))
		}
		ap, err := tx.Appliance(id)
		if err != nil {
			return domain.Appliance{}, err
		}
		if err := IfVersion(ap.Meta, version); err != nil {
			return domain.Appliance{}, err
		}
		c, err := tx.Customer(ap.CustomerID)
		if err != nil {
			return domain.Appliance{}, err
		}
		if err := applyAppliance(ap, in, c); err != nil {
			return domain.Appliance{}, err
		}
		ap.ChangedAt(tx.Now)
		err = tx.SaveAppliance(ap)
		return *ap, err
	})
}

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
	Priority       *string             `json:"priority"`
	SafetyCritical *bool               `json:"safety_critical"`
	Cover          *string             `json:"cover"`
	ValueMinor     *int64              `json:"value_minor"`
}

// ApplyJob sets the fields of a job that are given. Errors: CodeUnprocessable.
func ApplyJob(tx domain.Tx, j *domain.Job, in JobInput, c *domain.Customer) error {
	Set(&j.Fault, in.Fault)
	Set(&j.WhatMatters, in.WhatMatters)
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
// centre_id the site's postal code decides. Errors: CodeForbidden,
// CodeUnprocessable, CodeDuplicate.
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
		return CreateJob(tx, call.Actor, in)
	})
}

// CreateJob registers a job in the transaction. Errors as RegisterJob.
func CreateJob(tx *Work, a domain.Actor, in JobInput) (domain.JobView, error) {
	c, err := tx.Customer(*in.CustomerID)
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
	if old, err := tx.Job(j.ID); err == nil {
		if !a.Reaches(old.CentreID, old.AreaID) || old.CustomerID != c.ID || old.Fault != str2(in.Fault) {
			return domain.JobView{}, domain.Fail(domain.CodeDuplicate, "Another job has this id.")
		}
		return jobView(tx, a, old)
	}
	if err := ApplyJob(tx, &j, in, c); err != nil {
		return domain.JobView{}, err
	}
	centre, err := centreForJob(tx, a, in.CentreID, c.Site(j.SiteID))
	if err != nil {
		return domain.JobView{}, err
	}
	j.CentreID, j.AreaID = centre.ID, centre.AreaID
	if j.Serial != "" {
		if earlier, err := tx.LatestJobBySerial(j.Serial, tx.Now.Add(-domain.RepeatWithin), j.ID); err == nil {
			j.RepeatOf = &earlier.ID
		} else if !NotFound(err) {
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
	tx.Entry(&j, a, "job.registered", nil, At(tx.Now), map[string]any{"centre_id": j.CentreID, "repeat_of": j.RepeatOf,
		"priority": j.Priority})
	tried := listedSteps(tx, &j, a, known)
	if len(tried) > 0 {
		if err := ProposeReplacement(tx, &j, append(known, tried...)); err != nil {
			return domain.JobView{}, err
		}
	}
	if err := tx.InsertJob(&j); err != nil {
		return domain.JobView{}, err
	}
	if err := insertSteps(tx, tried); err != nil {
		return domain.JobView{}, err
	}
	link := domain.Link{ID: tx.NewID(), JobID: j.ID, CreatedAt: tx.Now}
	if err := NewLink(tx.Svc, tx, &link); err != nil {
		return domain.JobView{}, err
	}
	return jobView(tx, a, &j)
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
		was := *j
		if err := ApplyJob(tx, j, in, c); err != nil {
			return domain.JobView{}, err
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

// AuthorizeJob locks a job that the actor may see: a technician while in the crew
// of one of its visits.
func AuthorizeJob(tx *Work, a domain.Actor, id domain.ID) (*domain.Job, error) {
	j, err := tx.LockJob(id)
	if err != nil {
		return nil, err
	}
	switch {
	case a.Role == domain.RoleCustomer:
		if j.ID != a.JobID {
			return nil, domain.NotFound("job")
		}
	case a.Role == domain.RoleTechnician:
		visits, err := tx.VisitsOfJob(id)
		if err != nil {
			return nil, err
		}
		for i := range visits {
			if domain.Has(visits[i].Crew, a.UserID) {
				return j, nil
			}
		}
		return nil, domain.NotFound("job")
	case !a.Reaches(j.CentreID, j.AreaID):
		return nil, domain.NotFound("job")
	}
	return j, nil
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

// NewJobListView is NewJobView from open holds and a plan read apart.
func NewJobListView(a domain.Actor, j *domain.Job, open []domain.Hold, plan []string, now time.Time) domain.JobView {
	return jobViewUnder(a, j, open, plan, now)
}

func jobViewUnder(a domain.Actor, j *domain.Job, holds []domain.Hold, plan []string, now time.Time) domain.JobView {
	v := domain.JobView{Job: *j, Holds: domain.JSONList[domain.Hold]{}, Plan: plan, Actions: domain.JobActions(a, j, holds, plan, now)}
	for _, h := range holds {
		if h.LiftedAt == nil {
			if h.Kind == domain.HoldSafety {
				h.Alternatives = domain.HoldAlternatives
			}
			if h.Kind == domain.HoldSafety && !a.Is(domain.RoleAreaManager, domain.RoleSystem) {
				// Person or place would tell the kind of the report.
				h.Reason, h.CustomerID, h.SiteID = "area hold", &j.CustomerID, nil
			}
			v.Holds = append(v.Holds, h)
		}
	}
	return v
}
