package domain

import (
	"math"
	"strings"
	"time"
	"unicode"

	"doorstep/domain/geo"
)

// Customer is a household: brand-wide, visible to a centre that holds or held
// a job of theirs.
type Customer struct {
	Meta
	Name     string `json:"name"`
	Language string `json:"language"` // BCP 47: en, hi
	// RegisteredCentreID lets the centre that registered a household see it before
	// it has a job.
	RegisteredCentreID *ID                    `json:"-"`
	NumberChanges      JSONList[NumberChange] `json:"-"`                     // what staff changed of its numbers, while that is open
	MergedIntoID       *ID                    `json:"-"`                     // it is part of another household (household_merge.go)
	MergedInto         *ID                    `json:"merged_into,omitempty"` // of what is left, where a part of it was asked for
	Contacts           []Contact              `json:"contacts"`
	Sites              []Site                 `json:"sites"`
}

// NewHousehold is a household as whoever registered it reads it.
type NewHousehold struct {
	Customer
	MayBeKnown bool `json:"may_be_known,omitempty"` // as JobView
}

// HomeHistory is a household with what was with it so far.
type HomeHistory struct {
	Customer Customer
	Visits   int // at which somebody came
	NoAccess int // of these, those at which nobody opened
	Missed   int // to which nobody came
}

// Contact is a person of the household.
type Contact struct {
	ID            ID               `json:"id"`
	CustomerID    ID               `json:"-"`
	Name          string           `json:"name"`
	Relation      string           `json:"relation"`
	Phones        JSONList[string] `json:"phones"` // E.164
	Email         string           `json:"email"`
	Language      string           `json:"language"`
	VoiceOnly     bool             `json:"voice_only"` // cannot use a page or read a message
	Position      int              `json:"-"`
	InvalidPhones JSONList[string] `json:"struck_phones"` // proved wrong; no longer known numbers
}

// Site is where appliances stand.
type Site struct {
	ID         ID       `json:"id"`
	CustomerID ID       `json:"-"`
	Label      string   `json:"label"`
	Address    string   `json:"address"`
	Landmark   string   `json:"landmark"`
	PostalCode string   `json:"postal_code"`
	Zone       string   `json:"zone"`
	Lat        *float64 `json:"lat"`
	Lon        *float64 `json:"lon"`
	Occupant   string   `json:"occupant"`
}

// Location is the site's zone.
func (s *Site) Location() *time.Location { return Location(s.Zone) }

// Appliance is a thing that can be repaired.
type Appliance struct {
	Meta
	CustomerID  ID     `json:"customer_id"`
	SiteID      *ID    `json:"site_id"`
	Category    string `json:"category"` // the skill that its repair asks for
	Brand       string `json:"brand"`
	Model       string `json:"model"`
	Serial      string `json:"serial"`
	PurchasedOn string `json:"purchased_on"` // YYYY-MM-DD or empty
}

// VoiceOnly reports whether nobody of the household can use a page.
func (c *Customer) VoiceOnly() bool {
	for _, p := range c.Contacts {
		if !p.VoiceOnly {
			return false
		}
	}
	return len(c.Contacts) > 0
}

// Contact finds a person of the household; nil: none.
func (c *Customer) Contact(id ID) *Contact {
	for i := range c.Contacts {
		if c.Contacts[i].ID == id {
			return &c.Contacts[i]
		}
	}
	return nil
}

// Site finds a site of the household; nil: none.
func (c *Customer) Site(id ID) *Site {
	for i := range c.Sites {
		if c.Sites[i].ID == id {
			return &c.Sites[i]
		}
	}
	return nil
}

// PerhapsSame reports whether two households share a number, or a place as far as anybody can
// say: the same words, or next door.
func (c *Customer) PerhapsSame(o *Customer) bool {
	for i := range c.Contacts {
		for _, phone := range c.Contacts[i].Phones {
			if o.Knows(phone) {
				return true
			}
		}
	}
	for i := range c.Sites {
		for k := range o.Sites {
			s, x := &c.Sites[i], &o.Sites[k]
			key, _, from, _ := s.PlaceKeys()
			theirs, _, theirFrom, _ := x.PlaceKeys()
			if key == theirs && key != PlaceKey("", s.PostalCode) || from != "" && strings.HasPrefix(theirs, from) ||
				theirFrom != "" && strings.HasPrefix(key, theirFrom) {
				return true
			}
			if like := PlaceLike(s.Address); like != NoPlace && like == PlaceLike(x.Address) && sameDistrict(s.PostalCode, x.PostalCode) {
				return true
			}
			if s.MayBeAt(x) {
				return true
			}
			if s.Lat != nil && s.Lon != nil && x.Lat != nil && x.Lon != nil && geo.Metres(*s.Lat, *s.Lon, *x.Lat, *x.Lon) <= NextDoor {
				return true
			}
		}
	}
	return false
}

// Around is the box of degrees that holds what is within some metres of a place, and little more.
func Around(lat, lon float64, metres float64) (south, north, west, east float64) {
	d := metres / 111_000
	w := d / max(math.Cos(lat*math.Pi/180), 0.01)
	return lat - d, lat + d, lon - w, lon + w
}

// LanguageOf is what somebody of the household reads: their own language where
// notices and pages speak it, else the household's.
func (c *Customer) LanguageOf(contact *ID) string {
	if contact != nil {
		if p := c.Contact(*contact); p != nil {
			base, _, _ := strings.Cut(strings.ToLower(p.Language), "-")
			if Has(Languages, base) {
				return base
			}
		}
	}
	return c.Language
}

// HeadingKey makes "Phone No.", "phone_no" and "PHONE NO" the same.
func HeadingKey(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// SameWords compares names and addresses without case, spaces and signs.
func SameWords(a, b string) bool { return HeadingKey(a) == HeadingKey(b) }

// Knows reports whether the household has a number, or had it struck.
func (c *Customer) Knows(phone string) bool {
	for _, p := range c.Contacts {
		if Has(p.Phones, phone) || Has(p.InvalidPhones, phone) {
			return true
		}
	}
	return false
}
