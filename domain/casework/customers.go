package casework

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"doorstep/domain"
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

func applyCustomer(s *Service, c *domain.Customer, in CustomerInput, country, zone string) error {
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
			if slices.ContainsFunc(list, func(o domain.Contact) bool { return o.ID == n.ID }) {
				return domain.Fail(domain.CodeUnprocessable, "This person stands here twice.").At(fmt.Sprintf("/contacts/%d/id", i), "each once")
			}
			if old := c.Contact(n.ID); old != nil {
				for _, struck := range old.InvalidPhones { // a number proved wrong stays struck unless somebody enters it anew
					if !domain.Has(n.Phones, struck) {
						n.InvalidPhones = append(n.InvalidPhones, struck)
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
			if slices.ContainsFunc(list, func(o domain.Site) bool { return o.ID == n.ID }) {
				return domain.Fail(domain.CodeUnprocessable, "This place stands here twice.").At(fmt.Sprintf("/sites/%d/id", i), "each once")
			}
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
func LocaleDefaults(ctx context.Context, s *Service, a domain.Actor) (Locale, error) {
	centres, err := s.Read.Centres(ctx, a.Scope(), domain.Page{Limit: 1})
	if err != nil || len(centres) == 0 {
		return Locale{Country: "IN", Zone: "UTC"}, err
	}
	return Locale{centres[0].Country, centres[0].Zone, &centres[0].ID}, nil
}

// Locale is the country, language and zone of where an actor stands.
type Locale struct {
	Country, Zone string
	centre        *domain.ID
}

// LockHousehold locks a household; of one that is a part of another it gives the whole.
func LockHousehold(tx domain.CustomerTx, id domain.ID) (*domain.Customer, error) {
	c, err := tx.LockCustomer(id)
	if err != nil || c.MergedIntoID == nil {
		return c, err
	}
	return tx.LockCustomer(*c.MergedIntoID)
}

// CreateCustomer registers a household. Coordinator, proprietor, area
// manager, agent. Errors: CodeForbidden, CodeUnprocessable, CodeDuplicate.
func (s *Service) CreateCustomer(ctx context.Context, call *Call, in CustomerInput) (domain.NewHousehold, error) {
	if !call.Actor.Is(domain.Staff...) {
		return domain.NewHousehold{}, domain.Fail(domain.CodeForbidden, "As %s you may not register households.",
			domain.RoleWords(call.Actor.Role))
	}
	where, err := LocaleDefaults(ctx, s, call.Actor)
	if err != nil {
		return domain.NewHousehold{}, err
	}
	known := false // the client's id names a household that they may see
	if in.ID != nil {
		_, err := s.Read.Customer(ctx, call.Actor.Scope(), *in.ID)
		if known = err == nil; err != nil && !NotFound(err) {
			return domain.NewHousehold{}, err
		}
	}
	return Run(ctx, s, call, func(tx *Work) (domain.NewHousehold, error) {
		c := domain.Customer{Meta: domain.NewMeta(IDOr(s, in.ID), tx.Now), Language: "en", Contacts: []domain.Contact{}, Sites: []domain.Site{}}
		if call.Actor.Role != domain.RoleAgent { // agents see every household anyway
			c.RegisteredCentreID = where.centre
		}
		if err := applyCustomer(s, &c, in, where.Country, where.Zone); err != nil {
			return domain.NewHousehold{}, err
		}
		if old, err := tx.Customer(c.ID); err == nil {
			return domain.NewHousehold{Customer: *old}, SameOr(known && sameCustomer(old, &c))
		}
		if err := tx.InsertCustomer(&c); err != nil {
			return domain.NewHousehold{}, err
		}
		holds, err := tx.HoldsOver(&domain.Job{CustomerID: c.ID}, false)
		out := domain.NewHousehold{Customer: c}
		if err == nil {
			out.MayBeKnown, err = mayBeKnown(tx, c.ID, holds)
		}
		return out, err
	})
}

// sameCustomer tells a retry from another household under the same id. Ids
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
	where, err := LocaleDefaults(ctx, s, call.Actor)
	if err != nil {
		return domain.Customer{}, err
	}
	return Run(ctx, s, call, func(tx *Work) (domain.Customer, error) {
		if !call.Actor.Is(domain.Staff...) {
			return domain.Customer{}, domain.Fail(domain.CodeForbidden, "As %s you may not change households.", domain.RoleWords(call.Actor.Role))
		}
		c, err := LockHousehold(tx, id)
		if err != nil {
			return domain.Customer{}, err
		}
		if err := IfVersion(c.Meta, version); err != nil {
			return domain.Customer{}, err
		}
		if err := applyCustomer(s, c, in, where.Country, where.Zone); err != nil {
			return domain.Customer{}, err
		}
		c.ChangedAt(tx.Now)
		err = tx.SaveCustomer(c)
		return *c, err
	})
}
