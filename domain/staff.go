package domain

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// AreaInput creates or changes an area.
type AreaInput struct {
	ID   *ID     `json:"id"`
	Name *string `json:"name"`
}

// CentreInput creates or changes a centre; what is absent stays.
type CentreInput struct {
	ID            *ID                `json:"id"`
	AreaID        *ID                `json:"area_id"`
	Name          *string            `json:"name"`
	Zone          *string            `json:"zone"`
	Country       *string            `json:"country"`
	PostalCodes   *[]string          `json:"postal_codes"`
	WorkingDays   *[]int             `json:"working_days"`
	Holidays      *[]string          `json:"holidays"`
	Phone         *string            `json:"phone"`
	ImportMapping *map[string]string `json:"import_mapping"`
	// MaxVisitsPerDay 0 takes the bound away.
	MaxVisitsPerDay *int `json:"max_visits_per_day"`
}

// UserInput creates or changes a user; what is absent stays.
type UserInput struct {
	ID       *ID       `json:"id"`
	Login    *string   `json:"login"`
	Name     *string   `json:"name"`
	Role     *Role     `json:"role"`
	CentreID *ID       `json:"centre_id"`
	AreaID   *ID       `json:"area_id"`
	DeputyID *ID       `json:"deputy_id"`
	Phone    *string   `json:"phone"`
	Language *string   `json:"language"`
	Disabled *bool     `json:"disabled"`
	Skills   *[]string `json:"skills"`
	Hours    *[]Shift  `json:"hours"`
	HomeLat  *float64  `json:"home_lat"`
	HomeLon  *float64  `json:"home_lon"`
}

func mustAdmin(a Actor, what string) error {
	if a.Role != RoleAdmin {
		return Fail(CodeForbidden, "Only the admin %s.", what)
	}
	return nil
}

// CreateArea makes an area. Admin. Errors: CodeForbidden, CodeDuplicate.
func (s *Service) CreateArea(ctx context.Context, call *Call, in AreaInput) (Area, error) {
	return run(ctx, s, call, func(tx *Work) (Area, error) {
		if err := mustAdmin(call.Actor, "creates areas"); err != nil {
			return Area{}, err
		}
		a := Area{Meta: newMeta(s.idOr(in.ID), tx.Now), Name: str(in.Name)}
		if old, err := tx.Area(a.ID); err == nil {
			return *old, sameOr(old.Name == a.Name, "area")
		}
		return a, tx.InsertArea(&a)
	})
}

// sameOr is nil for a repeated create, else CodeDuplicate.
func sameOr(same bool, what string) error {
	if same {
		return nil
	}
	return Fail(CodeDuplicate, "Another %s has this id.", what)
}

func str(p *string) string {
	if p == nil {
		return ""
	}
	return strings.TrimSpace(*p)
}

// set sets a field that is given.
func set[T any](dst *T, src *T) {
	if src != nil {
		*dst = *src
	}
}

// PatchArea renames an area. Admin. Errors: CodeStale.
func (s *Service) PatchArea(ctx context.Context, call *Call, id ID, version int64, in AreaInput) (Area, error) {
	return run(ctx, s, call, func(tx *Work) (Area, error) {
		a, err := tx.Area(id)
		if err != nil {
			return Area{}, err
		}
		if call.Actor.Role == RoleAreaManager && !has(call.Actor.Scope().AreaIDs, id) {
			return Area{}, NotFound("area")
		}
		if err := mustAdmin(call.Actor, "changes areas"); err != nil {
			return Area{}, err
		}
		if err := ifVersion(a.Meta, version); err != nil {
			return Area{}, err
		}
		set(&a.Name, in.Name)
		a.changedAt(tx.Now)
		err = tx.SaveArea(a)
		return *a, err
	})
}

func (s *Service) applyCentre(tx CentreTx, c *Centre, in CentreInput) error {
	set(&c.AreaID, in.AreaID)
	set(&c.Name, in.Name)
	set(&c.Zone, in.Zone)
	set(&c.Country, in.Country)
	if in.PostalCodes != nil {
		c.PostalCodes = *in.PostalCodes
	}
	if in.WorkingDays != nil {
		c.WorkingDays = *in.WorkingDays
	}
	if in.Holidays != nil {
		c.Holidays = slices.Clone(*in.Holidays)
	}
	if in.ImportMapping != nil {
		c.ImportMapping.V = *in.ImportMapping
	}
	if err := setMost(&c.MaxVisitsPerDay, in.MaxVisitsPerDay); err != nil {
		return err
	}
	if c.Zone == "" || c.Zone == "Local" {
		return Fail(CodeUnprocessable, "A centre needs a time zone.").At("/zone", "an IANA name such as Asia/Kolkata")
	}
	if _, err := time.LoadLocation(c.Zone); err != nil {
		return Fail(CodeUnprocessable, "This time zone is unknown.").At("/zone", "an IANA name such as Asia/Kolkata")
	}
	if len(c.Country) != 2 {
		return Fail(CodeUnprocessable, "A centre needs a country.").At("/country", "two letters, ISO 3166-1, such as IN")
	}
	for i, d := range c.Holidays {
		if _, err := time.Parse("2006-01-02", d); err != nil {
			return Fail(CodeUnprocessable, "A holiday is not a date.").At(fmt.Sprintf("/holidays/%d", i), "YYYY-MM-DD")
		}
	}
	slices.Sort(c.Holidays)
	c.Holidays = slices.Compact(c.Holidays)
	for i, d := range c.WorkingDays {
		if d < 0 || d > 6 {
			return Fail(CodeUnprocessable, "A working day is not a weekday.").At(fmt.Sprintf("/working_days/%d", i), "0 Sunday to 6 Saturday")
		}
	}
	if in.Phone != nil {
		phone, err := s.phone(*in.Phone, c.Country, "/phone")
		if err != nil {
			return err
		}
		c.Phone = phone
	}
	if _, err := tx.Area(c.AreaID); err != nil {
		return Fail(CodeUnprocessable, "There is no such area.").At("/area_id", "an existing area")
	}
	return nil
}

// phone reads a number as dialled in a country. Errors: CodeUnprocessable at the pointer.
func (s *Service) phone(raw, country, pointer string) (string, error) {
	if strings.TrimSpace(raw) == "" {
		return "", nil
	}
	e164, err := s.ParsePhone(raw, country)
	if err != nil {
		return "", Fail(CodeUnprocessable, "This is not a phone number that can be dialled.").At(pointer, "a valid number, best as +… in E.164")
	}
	return e164, nil
}

// CreateCentre makes a centre. Admin.
func (s *Service) CreateCentre(ctx context.Context, call *Call, in CentreInput) (Centre, error) {
	return run(ctx, s, call, func(tx *Work) (Centre, error) {
		if err := mustAdmin(call.Actor, "creates centres"); err != nil {
			return Centre{}, err
		}
		c := Centre{Meta: newMeta(s.idOr(in.ID), tx.Now), WorkingDays: JSONList[int]{1, 2, 3, 4, 5, 6}}
		if err := s.applyCentre(tx, &c, in); err != nil {
			return Centre{}, err
		}
		if old, err := tx.Centre(c.ID); err == nil {
			return *old, sameOr(old.Name == c.Name && old.AreaID == c.AreaID && old.Zone == c.Zone && old.Country == c.Country, "centre")
		}
		return c, tx.InsertCentre(&c)
	})
}

// PatchCentre changes a centre. Admin; the proprietor and area manager its
// holidays, working days, visits a day, phone and import mapping.
func (s *Service) PatchCentre(ctx context.Context, call *Call, id ID, version int64, in CentreInput) (Centre, error) {
	return run(ctx, s, call, func(tx *Work) (Centre, error) {
		c, err := authorizeCentre(tx, call.Actor, id)
		if err != nil {
			return Centre{}, err
		}
		switch call.Actor.Role {
		case RoleAdmin:
		case RoleProprietor, RoleAreaManager:
			if in.AreaID != nil || in.Name != nil || in.Zone != nil || in.Country != nil || in.PostalCodes != nil {
				return Centre{}, Fail(CodeForbidden, "Name, area, zone, country and postal codes of a centre are the admin's to change.")
			}
		default:
			return Centre{}, Fail(CodeForbidden, "As %s you may not change a centre.", roleWords(call.Actor.Role))
		}
		if err := ifVersion(c.Meta, version); err != nil {
			return Centre{}, err
		}
		if err := s.applyCentre(tx, c, in); err != nil {
			return Centre{}, err
		}
		c.changedAt(tx.Now)
		err = tx.SaveCentre(c)
		return *c, err
	})
}

// authorizeCentre loads a centre that the actor may see.
func authorizeCentre(tx CentreTx, a Actor, id ID) (*Centre, error) {
	c, err := tx.Centre(id)
	if err != nil {
		return nil, err
	}
	if !a.reaches(c.ID, c.AreaID) {
		return nil, NotFound("centre")
	}
	return c, nil
}

// reaches reports whether the actor's scope covers a centre.
func (a Actor) reaches(centre, area ID) bool {
	sc := a.Scope()
	switch {
	case sc.All:
		return true
	case len(sc.AreaIDs) > 0:
		return has(sc.AreaIDs, area)
	default:
		return sc.CentreID == centre
	}
}

// authorizeUser finds a user whom the actor may see. Errors: CodeNotFound.
func authorizeUser(tx UserTx, a Actor, id ID) (*User, error) {
	u, err := tx.LockUser(id)
	if err != nil {
		return nil, err
	}
	var centre, area ID
	if u.CentreID != nil {
		centre = *u.CentreID
	}
	if u.AreaID != nil {
		area = *u.AreaID
	}
	if u.ID != a.UserID && (a.Role == RoleTechnician || !a.reaches(centre, area)) {
		return nil, NotFound("user")
	}
	return u, nil
}

var loginPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._@+-]{2,99}$`)
var clockPattern = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$`)

func (s *Service) applyUser(tx Tx, u *User, in UserInput) error {
	if in.Login != nil {
		u.Login = strings.ToLower(strings.TrimSpace(*in.Login))
	}
	set(&u.Name, in.Name)
	set(&u.Role, in.Role)
	if in.CentreID != nil {
		u.CentreID = in.CentreID
	}
	if in.AreaID != nil {
		u.AreaID = in.AreaID
	}
	if in.DeputyID != nil {
		u.DeputyID = in.DeputyID
	}
	set(&u.Language, in.Language)
	set(&u.Disabled, in.Disabled)
	if in.Skills != nil {
		u.Skills, u.SkillLevels.V = *in.Skills, nil
	}
	if in.Hours != nil {
		u.Hours, u.RingsAlways = *in.Hours, false
	}
	if in.HomeLat != nil {
		u.HomeLat = in.HomeLat
	}
	if in.HomeLon != nil {
		u.HomeLon = in.HomeLon
	}
	if !loginPattern.MatchString(u.Login) {
		return Fail(CodeUnprocessable, "This login cannot be used.").At("/login", "3 to 100 of a-z 0-9 . _ @ + -")
	}
	if !has(Roles, u.Role) {
		return Fail(CodeUnprocessable, "This role does not exist.").
			At("/role", "technician, coordinator, proprietor, area_manager, agent or admin")
	}
	country := "IN"
	switch {
	case u.Role.OfCentre():
		if u.CentreID == nil {
			return Fail(CodeUnprocessable, "A %s belongs to a centre.", u.Role).At("/centre_id", "an existing centre")
		}
		c, err := tx.Centre(*u.CentreID)
		if err != nil {
			return Fail(CodeUnprocessable, "There is no such centre.").At("/centre_id", "an existing centre")
		}
		u.AreaID, country = &c.AreaID, c.Country
	case u.Role == RoleAreaManager:
		u.CentreID = nil
		if u.AreaID == nil {
			return Fail(CodeUnprocessable, "An area manager belongs to an area.").At("/area_id", "an existing area")
		}
		if _, err := tx.Area(*u.AreaID); err != nil {
			return Fail(CodeUnprocessable, "There is no such area.").At("/area_id", "an existing area")
		}
	default:
		u.CentreID, u.AreaID = nil, nil
	}
	if in.Phone != nil {
		phone, err := s.phone(*in.Phone, country, "/phone")
		if err != nil {
			return err
		}
		u.Phone = phone
	}
	if in.DeputyID != nil {
		d, err := tx.User(*in.DeputyID)
		if err != nil || d.Role != RoleAreaManager || d.Disabled || d.ID == u.ID || u.Role != RoleAreaManager {
			return Fail(CodeUnprocessable, "A deputy is another area manager.").At("/deputy_id", "an enabled area manager other than themselves")
		}
	}
	return checkHours(u.Hours)
}

// checkHours refuses shifts that overlap or end before they begin.
func checkHours(hours []Shift) error {
	for i, h := range hours {
		p := fmt.Sprintf("/hours/%d", i)
		if h.Weekday < 0 || h.Weekday > 6 {
			return Fail(CodeUnprocessable, "A weekday is 0 (Sunday) to 6 (Saturday).").At(p+"/weekday", "0 to 6")
		}
		if !clockPattern.MatchString(h.From) || !clockPattern.MatchString(h.To) || h.From >= h.To {
			return Fail(CodeUnprocessable, "A shift runs from an earlier to a later HH:MM of one day.").At(p, "from before to, HH:MM")
		}
		for _, o := range hours[:i] {
			if o.Weekday == h.Weekday && o.From < h.To && h.From < o.To {
				return Fail(CodeUnprocessable, "Two shifts overlap.").At(p, "shifts of one day must not overlap")
			}
		}
	}
	return nil
}

// mayChangeAccount refuses a party to an open report what would silence, or
// turn into them, another party, whoever decides included (docs/product.md,
// Trust): password, phone, login, role, place, being disabled. Who is in a report
// about our own people changes nobody's account, so that a refusal for one name
// tells nothing of that name. Errors: CodeForbidden.
func mayChangeAccount(tx SafetyTx, a Actor, target *User) error {
	if a.UserID == (ID{}) || a.UserID == target.ID { // the command line; one's own
		return nil
	}
	reports, err := tx.PartiesTo(a.UserID)
	if err != nil {
		return err
	}
	other := Actor{UserID: target.ID, Role: target.Role}
	if target.CentreID != nil {
		other.CentreID = *target.CentreID
	}
	if target.AreaID != nil {
		other.AreaID = *target.AreaID
	}
	for i := range reports {
		f := &reports[i]
		if f.Conduct() || other.answersFor(f) || f.involves(target.ID) {
			return accountRefused()
		}
	}
	return nil
}

// mayPatchUser refuses a change of an account while a report is open: whoever is
// party to it is disabled by the area manager only and otherwise stays who and
// where they are and is reached as before; and nobody names the deputy who would
// decide about themselves.
func mayPatchUser(tx SafetyTx, a Actor, before, u *User) error {
	if a.UserID == u.ID && !same(u.DeputyID, before.DeputyID) {
		reports, err := tx.PartiesTo(a.UserID)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(reports, func(f Flag) bool { return f.Conduct() }) {
			return accountRefused()
		}
	}
	moved := u.Role != before.Role || u.Phone != before.Phone || u.Login != before.Login || !same(u.CentreID, before.CentreID) ||
		!same(u.AreaID, before.AreaID)
	if a.UserID != u.ID && (moved || u.Disabled && !before.Disabled && a.Role != RoleAreaManager) {
		party, err := tx.PartyToReport(u.ID)
		if err != nil {
			return err
		}
		if party {
			return accountRefused()
		}
	}
	if err := mayChangeAccount(tx, a, before); err != nil {
		return err
	}
	return mayChangeAccount(tx, a, u) // as they would be: a new judge is one too
}

// accountRefused is the one answer to a change of an account that is not theirs to make.
func accountRefused() error {
	return Fail(CodeForbidden, "You cannot change this account for now. Ask the area manager, or another one, or an admin.")
}

// CreateUser makes a user without a password; invite them next. Admin.
func (s *Service) CreateUser(ctx context.Context, call *Call, in UserInput) (User, error) {
	return run(ctx, s, call, func(tx *Work) (User, error) {
		if err := mustAdmin(call.Actor, "creates users"); err != nil {
			return User{}, err
		}
		u := User{Meta: newMeta(s.idOr(in.ID), tx.Now), Language: "en"}
		if err := s.applyUser(tx, &u, in); err != nil {
			return User{}, err
		}
		if err := mayChangeAccount(tx, call.Actor, &u); err != nil {
			return User{}, err
		}
		if old, err := tx.User(u.ID); err == nil {
			return *old, sameOr(old.Login == u.Login && old.Role == u.Role && old.Name == u.Name && same(old.CentreID, u.CentreID) &&
				same(old.AreaID, u.AreaID), "user")
		}
		if _, err := tx.UserByLogin(u.Login); err == nil {
			return User{}, Fail(CodeDuplicate, "Another user has this login.").At("/login", "taken")
		}
		return u, tx.InsertUser(&u)
	})
}

// PatchUser changes a user. Admin; the area manager disables their people and
// names their deputy; everyone their own language. A user with an open flag is
// disabled by the area manager only (docs/product.md, People
// and scope). Errors: CodeForbidden, CodeStale, CodeUnprocessable, CodeDuplicate.
func (s *Service) PatchUser(ctx context.Context, call *Call, id ID, version int64, in UserInput) (User, error) {
	return run(ctx, s, call, func(tx *Work) (User, error) {
		u, err := authorizeUser(tx, call.Actor, id)
		if err != nil {
			return User{}, err
		}
		a := call.Actor
		self := u.ID == a.UserID
		others := in.Login != nil || in.Name != nil || in.Role != nil || in.CentreID != nil || in.AreaID != nil || in.Phone != nil ||
			in.Skills != nil || in.Hours != nil || in.HomeLat != nil || in.HomeLon != nil
		switch {
		case a.Role == RoleAdmin:
		case others,
			in.Disabled != nil && a.Role != RoleAreaManager,
			in.DeputyID != nil && !(self && a.Role == RoleAreaManager),
			in.Language != nil && !self:
			return User{}, Fail(CodeForbidden, "As %s you may not change this of a user.", roleWords(a.Role))
		}
		if err := ifVersion(u.Meta, version); err != nil {
			return User{}, err
		}
		before := *u
		if err := s.applyUser(tx, u, in); err != nil {
			return User{}, err
		}
		if u.Login != before.Login {
			if _, err := tx.UserByLogin(u.Login); err == nil {
				return User{}, Fail(CodeDuplicate, "Another user has this login.").At("/login", "taken")
			}
		}
		// Judged last, so that what is wrong with the values is answered alike for
		// everybody.
		if err := mayPatchUser(tx, a, &before, u); err != nil {
			return User{}, err
		}
		if u.Phone != before.Phone || u.Login != before.Login {
			notifyOfAccount(tx, u, "account.changed", nil, tx.Now.Add(resetsTold))
		}
		if u.Role != before.Role || u.Disabled != before.Disabled || !same(u.CentreID, before.CentreID) || !same(u.AreaID, before.AreaID) {
			u.Epoch++ // tokens of the former role end now, refresh tokens too
			if err := s.signOut(tx, u, "account changed"); err != nil {
				return User{}, err
			}
		}
		u.changedAt(tx.Now)
		err = tx.SaveUser(u)
		return *u, err
	})
}

// same reports whether two ids are both absent or equal.
func same(a, b *ID) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }

// SetHours replaces a technician's weekly hours and, unless they are nil, the
// exceptions from them and how many visits a day they take (0: as many as
// fit). Coordinator, proprietor, area manager, admin. Errors: CodeUnprocessable.
func (s *Service) SetHours(ctx context.Context, call *Call, id ID, hours []Shift, exceptions *JSONList[DayHours], most *int) (User, error) {
	return s.setTechnician(ctx, call, id, func(u *User) error {
		u.Hours, u.RingsAlways = hours, false
		if exceptions != nil {
			u.Exceptions = *exceptions
		}
		if err := setMost(&u.MaxVisitsPerDay, most); err != nil {
			return err
		}
		if err := checkHours(hours); err != nil {
			return err
		}
		return checkExceptions(u.Exceptions)
	})
}

func checkExceptions(days []DayHours) error {
	seen := map[string]bool{}
	for i, d := range days {
		p := fmt.Sprintf("/exceptions/%d", i)
		if !DateShape(d.Date) || seen[d.Date] {
			return Fail(CodeUnprocessable, "An exception is for a date, once.").At(p+"/date", "YYYY-MM-DD, each once")
		}
		seen[d.Date] = true
		shifts := make([]Shift, len(d.Hours))
		for k, h := range d.Hours {
			shifts[k] = Shift{From: h.From, To: h.To}
		}
		if checkHours(shifts) != nil {
			return Fail(CodeUnprocessable, "The hours of an exception run from an earlier to a later HH:MM and do not overlap.").
				At(p+"/hours", "from before to, HH:MM")
		}
	}
	return nil
}

func (s *Service) setTechnician(ctx context.Context, call *Call, id ID, change func(*User) error) (User, error) {
	return run(ctx, s, call, func(tx *Work) (User, error) {
		u, err := authorizeUser(tx, call.Actor, id)
		if err != nil || u.Role != RoleTechnician {
			return User{}, NotFound("technician")
		}
		if !call.Actor.Is(RoleCoordinator, RoleProprietor, RoleAreaManager, RoleAdmin) {
			return User{}, Fail(CodeForbidden, "As %s you may not change hours and skills.", roleWords(call.Actor.Role))
		}
		if err := change(u); err != nil {
			return User{}, err
		}
		u.changedAt(tx.Now)
		err = tx.SaveUser(u)
		return *u, err
	})
}
