package domain

import (
	"time"

	"doorstep/domain/ladder"
)

// Role is what a user may do; docs/product.md section 2 has the table.
type Role string

// The roles. RoleCustomer and RoleSystem never sign in: the one acts through
// the job's link or a desk, the other is the clock.
const (
	RoleTechnician  Role = "technician"
	RoleCoordinator Role = "coordinator"
	RoleProprietor  Role = "proprietor"
	RoleAreaManager Role = "area_manager"
	RoleAgent       Role = "agent"
	RoleAdmin       Role = "admin"
	RoleCustomer    Role = "customer"
	RoleSystem      Role = "system"
)

// Roles lists those that sign in.
var Roles = []Role{RoleTechnician, RoleCoordinator, RoleProprietor, RoleAreaManager, RoleAgent, RoleAdmin}

// OfCentre reports whether a user with this role belongs to one centre.
func (r Role) OfCentre() bool {
	return r == RoleTechnician || r == RoleCoordinator || r == RoleProprietor
}

// Area is a group of centres under area managers.
type Area struct {
	Meta
	Name string `json:"name"`
}

// Centre is a service centre: a business with 3 to 40 technicians.
type Centre struct {
	Meta
	AreaID        ID                      `json:"area_id"`
	Name          string                  `json:"name"`
	Zone          string                  `json:"zone"`    // IANA, e.g. Asia/Kolkata
	Country       string                  `json:"country"` // ISO 3166-1 alpha-2; how local phone numbers are read
	PostalCodes   JSONList[string]        `json:"postal_codes"`
	WorkingDays   JSONList[int]           `json:"working_days"` // 0 Sunday … 6 Saturday
	Holidays      JSONList[string]        `json:"holidays"`     // YYYY-MM-DD in the zone
	Phone         string                  `json:"phone"`        // E.164, shown to customers
	ImportMapping JSON[map[string]string] `json:"import_mapping"`
	Ladder        JSONList[ladder.Tier]   `json:"ladder"` // of an SOS; empty: the default
	// MaxVisitsPerDay is how many visits a local day takes; nil: as many as
	// there are people and hours for.
	MaxVisitsPerDay *int `json:"max_visits_per_day"`
}

// Location is the centre's zone; the constructor has proved that it loads.
func (c *Centre) Location() *time.Location { return Location(c.Zone) }

// Location is a zone by its name; UTC where it is not known.
func Location(zone string) *time.Location {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return time.UTC
	}
	return loc
}

// Shift is one stretch of work on a weekday, local wall-clock "HH:MM".
type Shift struct {
	Weekday int    `json:"weekday"` // 0 Sunday … 6 Saturday
	From    string `json:"from"`
	To      string `json:"to"`
}

// DayHours are the hours of one date instead of the week's; none: a day off.
type DayHours struct {
	Date  string            `json:"date"` // YYYY-MM-DD in the centre's zone
	Hours JSONList[Stretch] `json:"hours"`
}

// Stretch is a part of a day, local wall-clock "HH:MM".
type Stretch struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// User is a member of staff.
type User struct {
	Meta
	Login       string           `json:"login"` // lower case, unique
	Name        string           `json:"name"`
	Role        Role             `json:"role"`
	CentreID    *ID              `json:"centre_id"`
	AreaID      *ID              `json:"area_id"`
	DeputyID    *ID              `json:"deputy_id"` // of an area manager: who decides in their absence
	Phone       string           `json:"phone"`
	Language    string           `json:"language"`
	Disabled    bool             `json:"disabled"`
	Skills      JSONList[string] `json:"skills"`
	SkillLevels JSON[Levels]     `json:"skill_levels"` // of those that are not at level 2
	Hours       JSONList[Shift]  `json:"hours"`
	// MaxVisitsPerDay of a technician; nil: as many as fit.
	MaxVisitsPerDay *int               `json:"max_visits_per_day"`
	Exceptions      JSONList[DayHours] `json:"exceptions"` // of technicians: other hours on a date
	QuietFrom       string             `json:"quiet_from"` // HH:MM; only an SOS rings from then
	QuietTo         string             `json:"quiet_to"`
	RingsAlways     bool               `json:"rings_always"` // their own wish: outside their weekly hours too
	ColleagueID     *ID                `json:"colleague_id"` // whom their SOS rings first beside the proprietor
	HomeLat         *float64           `json:"home_lat"`
	HomeLon         *float64           `json:"home_lon"`
	CodeHash        string             `json:"-"` // clears their timers
	DuressHash      string             `json:"-"` // does so too, and calls for help in silence
	// Codes that were set under duress: taken like any, and each use calls for help.
	Feigned           bool       `json:"-"`
	FeignedHash       string     `json:"-"`
	FeignedDuressHash string     `json:"-"`
	PasswordHash      string     `json:"-"`
	SignedInAt        *time.Time `json:"-"` // for the first time
	Epoch             int64      `json:"-"` // rises when tokens given before must stop working
	// Of a technician who leaves, said in the answer and not kept: visits that
	// they give back, and those under way that stay with them.
	VisitsGivenBack *int `json:"visits_given_back,omitempty"`
	VisitsUnderWay  *int `json:"visits_under_way,omitempty"`
}

// Leaves reports whether a technician as they were no longer goes to the homes
// of their centre.
func (u *User) Leaves(before *User) bool {
	return before.Role == RoleTechnician && !before.Disabled && before.CentreID != nil && !u.GoesFor(*before.CentreID)
}

// GoesFor reports whether they go to homes for a centre.
func (u *User) GoesFor(centre ID) bool {
	return u.Role == RoleTechnician && !u.Disabled && u.CentreID != nil && *u.CentreID == centre
}

// FirstName is all that customers and lock screens learn of staff.
func (u *User) FirstName() string {
	for i, r := range u.Name {
		if r == ' ' {
			return u.Name[:i]
		}
	}
	return u.Name
}

// Session is one refresh token of a family that began with a sign-in.
// Rotation and reuse follow RFC 9700 section 4.14.2.
type Session struct {
	ID          ID
	FamilyID    ID
	UserID      ID
	TokenHash   string
	SuccessorID *ID
	Epoch       int64
	CreatedAt   time.Time
	ExpiresAt   time.Time
	UsedAt      *time.Time
	RevokedAt   *time.Time
}

// Actor is who acts: a signed-in user, a household, or the clock.
type Actor struct {
	UserID   ID
	Name     string
	Language string // of their account
	Role     Role
	CentreID ID // of technician, coordinator, proprietor
	AreaID   ID // of all but agent and admin
	JobID    ID // of a customer: the link's job
	LinkID   ID // of a customer: the link
	// Unproven says of a customer that staff have read the link: it may be one of
	// them.
	Unproven bool
	// Deputises lists the areas for whose managers this manager stands in.
	Deputises []ID
	Session   ID // of the access token; zero where no session is known
	Sealed    ID // the installation that uploads its last queue, since it was reported lost; zero: none
}

// System is the clock as an actor.
var System = Actor{Role: RoleSystem, Name: "system"}

// Scope limits every read. The zero Scope reads nothing: the repository
// refuses it, so that a forgotten scope cannot show another centre's rows.
type Scope struct {
	All          bool
	AreaIDs      []ID // area managers
	CentreID     ID   // desk and proprietor
	TechnicianID ID   // own visits and what they need; with CentreID set too
	JobID        ID   // the link
}

// Scope of an actor (docs/product.md section 2).
func (a Actor) Scope() Scope {
	switch a.Role {
	case RoleAgent, RoleAdmin, RoleSystem:
		return Scope{All: true}
	case RoleAreaManager:
		return Scope{AreaIDs: append([]ID{a.AreaID}, a.Deputises...)}
	case RoleProprietor, RoleCoordinator:
		return Scope{CentreID: a.CentreID}
	case RoleTechnician:
		return Scope{CentreID: a.CentreID, TechnicianID: a.UserID}
	case RoleCustomer:
		return Scope{JobID: a.JobID}
	}
	return Scope{}
}

// Is reports whether the actor has one of the roles.
func (a Actor) Is(roles ...Role) bool { return Has(roles, a.Role) }

// Sees reports whether the visit is in the actor's scope.
func (a Actor) Sees(v *Visit) bool {
	switch a.Role {
	case RoleTechnician:
		return Has(v.Crew, a.UserID)
	case RoleCustomer:
		return v.JobID == a.JobID
	default: // the others by their centres
	}
	return a.Reaches(v.CentreID, v.AreaID)
}

// Reaches reports whether the actor's scope covers a centre.
func (a Actor) Reaches(centre, area ID) bool {
	sc := a.Scope()
	switch {
	case sc.All:
		return true
	case len(sc.AreaIDs) > 0:
		return Has(sc.AreaIDs, area)
	default:
		return sc.CentreID == centre
	}
}

// Knows reports whether somebody is a colleague of the actor's: of their centre or area,
// or of the brand. Of others it is not told that they exist.
func (a Actor) Knows(u *User) bool {
	if a.Is(RoleAdmin, RoleAgent) || u.Role == RoleAdmin || u.Role == RoleAgent {
		return true
	}
	if a.Role != RoleAreaManager && u.CentreID != nil {
		return *u.CentreID == a.CentreID
	}
	return u.AreaID != nil && (*u.AreaID == a.AreaID || Has(a.Scope().AreaIDs, *u.AreaID))
}

// Same reports whether two ids are both absent or equal.
func Same(a, b *ID) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }
