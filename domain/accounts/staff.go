package accounts

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// AreaInput creates or changes an area.
type AreaInput struct {
	ID   *domain.ID `json:"id"`
	Name *string    `json:"name"`
}

// CentreInput creates or changes a centre; what is absent stays.
type CentreInput struct {
	ID            *domain.ID         `json:"id"`
	AreaID        *domain.ID         `json:"area_id"`
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
	ID       *domain.ID      `json:"id"`
	Login    *string         `json:"login"`
	Name     *string         `json:"name"`
	Role     *domain.Role    `json:"role"`
	CentreID *domain.ID      `json:"centre_id"`
	AreaID   *domain.ID      `json:"area_id"`
	DeputyID *domain.ID      `json:"deputy_id"`
	Phone    *string         `json:"phone"`
	Language *string         `json:"language"`
	Disabled *bool           `json:"disabled"`
	Skills   *[]string       `json:"skills"`
	Hours    *[]domain.Shift `json:"hours"`
	HomeLat  *float64        `json:"home_lat"`
	HomeLon  *float64        `json:"home_lon"`
}

func mustAdmin(a domain.Actor, what string) error {
	if a.Role != domain.RoleAdmin {
		return domain.Fail(domain.CodeForbidden, "Only the admin %s.", what)
	}
	return nil
}

// CreateArea makes an area. Admin. Errors: CodeForbidden, CodeDuplicate.
func (s *Service) CreateArea(ctx context.Context, call *casework.Call, in AreaInput) (domain.Area, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.Area, error) {
		if err := mustAdmin(call.Actor, "creates areas"); err != nil {
			return domain.Area{}, err
		}
		a := domain.Area{Meta: domain.NewMeta(casework.IDOr(s.Service, in.ID), tx.Now), Name: str(in.Name)}
		if old, err := tx.Area(a.ID); err == nil {
			return *old, casework.SameOr(old.Name == a.Name)
		}
		return a, tx.InsertArea(&a)
	})
}

func str(p *string) string {
	if p == nil {
		return ""
	}
	return strings.TrimSpace(*p)
}

// PatchArea renames an area. Admin. Errors: CodeStale.
func (s *Service) PatchArea(ctx context.Context, call *casework.Call, id domain.ID, version int64, in AreaInput) (domain.Area, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.Area, error) {
		a, err := tx.Area(id)
		if err != nil {
			return domain.Area{}, err
		}
		if call.Actor.Role == domain.RoleAreaManager && !domain.Has(call.Actor.Scope().AreaIDs, id) {
			return domain.Area{}, domain.NotFound("area")
		}
		if err := mustAdmin(call.Actor, "changes areas"); err != nil {
			return domain.Area{}, err
		}
		if err := casework.IfVersion(a.Meta, version); err != nil {
			return domain.Area{}, err
		}
		casework.Set(&a.Name, in.Name)
		a.ChangedAt(tx.Now)
		err = tx.SaveArea(a)
		return *a, err
	})
}

func (s *Service) applyCentre(tx domain.CentreTx, c *domain.Centre, in CentreInput) error {
	casework.Set(&c.AreaID, in.AreaID)
	casework.Set(&c.Name, in.Name)
	casework.Set(&c.Zone, in.Zone)
	casework.Set(&c.Country, in.Country)
	if in.PostalCodes != nil {
		c.PostalCodes = domain.Once(*in.PostalCodes)
	}
	if in.WorkingDays != nil {
		c.WorkingDays = domain.Once(*in.WorkingDays)
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
		return domain.Fail(domain.CodeUnprocessable, "A centre needs a time zone.").At("/zone", "an IANA name such as Asia/Kolkata")
	}
	if _, err := time.LoadLocation(c.Zone); err != nil {
		return domain.Fail(domain.CodeUnprocessable, "This time zone is unknown.").At("/zone", "an IANA name such as Asia/Kolkata")
	}
	if len(c.Country) != 2 {
		return domain.Fail(domain.CodeUnprocessable, "A centre needs a country.").At("/country", "two letters, ISO 3166-1, such as IN")
	}
	for i, d := range c.Holidays {
		if _, err := time.Parse("2006-01-02", d); err != nil {
			return domain.Fail(domain.CodeUnprocessable, "A holiday is not a date.").At(fmt.Sprintf("/holidays/%d", i), "YYYY-MM-DD")
		}
	}
	slices.Sort(c.Holidays)
	c.Holidays = slices.Compact(c.Holidays)
	for i, d := range c.WorkingDays {
		if d < 0 || d > 6 {
			return domain.Fail(domain.CodeUnprocessable, "A working day is not a weekday.").
				At(fmt.Sprintf("/working_days/%d", i), "0 Sunday to 6 Saturday")
		}
	}
	if in.Phone != nil {
		phone, err := casework.Phone(s.Service, *in.Phone, c.Country, "/phone")
		if err != nil {
			return err
		}
		c.Phone = phone
	}
	if _, err := tx.Area(c.AreaID); err != nil {
		return domain.Fail(domain.CodeUnprocessable, "There is no such area.").At("/area_id", "an existing area")
	}
	return nil
}

// CreateCentre makes a centre. Admin.
func (s *Service) CreateCentre(ctx context.Context, call *casework.Call, in CentreInput) (domain.Centre, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.Centre, error) {
		if err := mustAdmin(call.Actor, "creates centres"); err != nil {
			return domain.Centre{}, err
		}
		c := domain.Centre{Meta: domain.NewMeta(casework.IDOr(s.Service, in.ID), tx.Now), WorkingDays: domain.JSONList[int]{1, 2, 3, 4, 5, 6}}
		if err := s.applyCentre(tx, &c, in); err != nil {
			return domain.Centre{}, err
		}
		if old, err := tx.Centre(c.ID); err == nil {
			return *old, casework.SameOr(old.Name == c.Name && old.AreaID == c.AreaID && old.Zone == c.Zone && old.Country == c.Country)
		}
		return c, tx.InsertCentre(&c)
	})
}

// PatchCentre changes a centre. Admin; the proprietor and area manager its
// holidays, working days, visits a day, phone and import mapping.
func (s *Service) PatchCentre(ctx context.Context, call *casework.Call, id domain.ID, version int64,
	in CentreInput) (domain.Centre, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.Centre, error) {
		c, err := casework.AuthorizeCentre(tx, call.Actor, id)
		if err != nil {
			return domain.Centre{}, err
		}
		switch call.Actor.Role {
		case domain.RoleAdmin:
		case domain.RoleProprietor, domain.RoleAreaManager:
			if in.AreaID != nil || in.Name != nil || in.Zone != nil || in.Country != nil || in.PostalCodes != nil {
				return domain.Centre{}, domain.Fail(domain.CodeForbidden,
					"Name, area, zone, country and postal codes of a centre are the admin's to change.")
			}
		default:
			return domain.Centre{}, domain.Fail(domain.CodeForbidden, "As %s you may not change a centre.", domain.RoleWords(call.Actor.Role))
		}
		if err := casework.IfVersion(c.Meta, version); err != nil {
			return domain.Centre{}, err
		}
		if err := s.applyCentre(tx, c, in); err != nil {
			return domain.Centre{}, err
		}
		c.ChangedAt(tx.Now)
		err = tx.SaveCentre(c)
		return *c, err
	})
}

var loginPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._@+-]{2,99}$`)

func (s *Service) applyUser(tx domain.Tx, u *domain.User, in UserInput) error {
	if in.Login != nil {
		u.Login = strings.ToLower(strings.TrimSpace(*in.Login))
	}
	casework.Set(&u.Name, in.Name)
	casework.Set(&u.Role, in.Role)
	if in.CentreID != nil {
		u.CentreID = in.CentreID
	}
	if in.AreaID != nil {
		u.AreaID = in.AreaID
	}
	if in.DeputyID != nil {
		u.DeputyID = in.DeputyID
	}
	casework.Set(&u.Language, in.Language)
	casework.Set(&u.Disabled, in.Disabled)
	if in.Skills != nil {
		u.Skills, u.SkillLevels.V = domain.Once(*in.Skills), nil
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
		return domain.Fail(domain.CodeUnprocessable, "This login cannot be used.").At("/login", "3 to 100 of a-z 0-9 . _ @ + -")
	}
	if !domain.Has(domain.Roles, u.Role) {
		return domain.Fail(domain.CodeUnprocessable, "This role does not exist.").
			At("/role", "technician, coordinator, proprietor, area_manager, agent or admin")
	}
	country := "IN"
	switch {
	case u.Role.OfCentre():
		if u.CentreID == nil {
			return domain.Fail(domain.CodeUnprocessable, "A %s belongs to a centre.", u.Role).At("/centre_id", "an existing centre")
		}
		c, err := tx.Centre(*u.CentreID)
		if err != nil {
			return domain.Fail(domain.CodeUnprocessable, "There is no such centre.").At("/centre_id", "an existing centre")
		}
		u.AreaID, country = &c.AreaID, c.Country
	case u.Role == domain.RoleAreaManager:
		u.CentreID = nil
		if u.AreaID == nil {
			return domain.Fail(domain.CodeUnprocessable, "An area manager belongs to an area.").At("/area_id", "an existing area")
		}
		if _, err := tx.Area(*u.AreaID); err != nil {
			return domain.Fail(domain.CodeUnprocessable, "There is no such area.").At("/area_id", "an existing area")
		}
	default:
		u.CentreID, u.AreaID = nil, nil
	}
	if in.Phone != nil {
		phone, err := casework.Phone(s.Service, *in.Phone, country, "/phone")
		if err != nil {
			return err
		}
		u.Phone = phone
	}
	if in.DeputyID != nil {
		d, err := tx.User(*in.DeputyID)
		if err != nil || d.Role != domain.RoleAreaManager || d.Disabled || d.ID == u.ID || u.Role != domain.RoleAreaManager {
			return domain.Fail(domain.CodeUnprocessable, "A deputy is another area manager.").
				At("/deputy_id", "an enabled area manager other than themselves")
		}
	}
	return checkHours(u.Hours)
}

// mayPatchUser refuses a change of an account while a report is open: whoever is
// party to it stays who and where they are and is reached as before; whom it is about is disabled by an area manager who answers for it
// only, and who reported by nobody; and nobody names the deputy who would
// decide about themselves.
func mayPatchUser(tx domain.SafetyTx, a domain.Actor, before, u *domain.User) error {
	if a.UserID == u.ID && !domain.Same(u.DeputyID, before.DeputyID) {
		reports, err := tx.PartiesTo(a.UserID)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(reports, func(f domain.Flag) bool { return f.Conduct() }) {
			return accountRefused()
		}
	}
	moved := u.Role != before.Role || u.Phone != before.Phone || u.Login != before.Login || !domain.Same(u.CentreID, before.CentreID) ||
		!domain.Same(u.AreaID, before.AreaID)
	if a.UserID != u.ID && (moved || u.Disabled && !before.Disabled) {
		reports, err := tx.PartiesTo(u.ID)
		if err != nil {
			return err
		}
		for i := range reports {
			f := &reports[i]
			if moved || a.Role != domain.RoleAreaManager || f.ReportedBy(u.ID) || !a.AnswersFor(f) {
				return accountRefused()
			}
		}
	}
	if err := mayChangeAccount(tx, a, before); err != nil {
		return err
	}
	return mayChangeAccount(tx, a, u) // as they would be: a new judge is one too
}

// CreateUser makes a user without a password; invite them next. Admin.
func (s *Service) CreateUser(ctx context.Context, call *casework.Call, in UserInput) (domain.User, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.User, error) {
		if err := mustAdmin(call.Actor, "creates users"); err != nil {
			return domain.User{}, err
		}
		u := domain.User{Meta: domain.NewMeta(casework.IDOr(s.Service, in.ID), tx.Now), Language: "en"}
		if err := s.applyUser(tx, &u, in); err != nil {
			return domain.User{}, err
		}
		if err := mayChangeAccount(tx, call.Actor, &u); err != nil {
			return domain.User{}, err
		}
		if old, err := tx.User(u.ID); err == nil {
			return *old, casework.SameOr(old.Login == u.Login && old.Role == u.Role && old.Name == u.Name && domain.Same(old.CentreID, u.CentreID) &&
				domain.Same(old.AreaID, u.AreaID))
		}
		if _, err := tx.UserByLogin(u.Login); err == nil {
			return domain.User{}, domain.Fail(domain.CodeDuplicate, "Another user has this login.").At("/login", "taken")
		}
		return u, tx.InsertUser(&u)
	})
}

// PatchUser changes a user. Admin; the area manager disables their people and
// names their deputy; everyone their own language. Whom an open report is about is
// disabled by the area manager who answers for it only, and who reported by nobody (docs/product.md, People
// and scope). Errors: CodeForbidden, CodeStale, CodeUnprocessable, CodeDuplicate.
func (s *Service) PatchUser(ctx context.Context, call *casework.Call, id domain.ID, version int64, in UserInput) (domain.User, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.User, error) {
		u, err := casework.AuthorizeUser(tx, call.Actor, id)
		if err != nil {
			return domain.User{}, err
		}
		a := call.Actor
		self := u.ID == a.UserID
		others := in.Login != nil || in.Name != nil || in.Role != nil || in.CentreID != nil || in.AreaID != nil || in.Phone != nil ||
			in.Skills != nil || in.Hours != nil || in.HomeLat != nil || in.HomeLon != nil
		switch {
		case a.Role == domain.RoleAdmin:
		case others,
			in.Disabled != nil && a.Role != domain.RoleAreaManager,
			in.DeputyID != nil && !(self && a.Role == domain.RoleAreaManager),
			in.Language != nil && !self:
			return domain.User{}, domain.Fail(domain.CodeForbidden, "As %s you may not change this of a user.", domain.RoleWords(a.Role))
		}
		if err := casework.IfVersion(u.Meta, version); err != nil {
			return domain.User{}, err
		}
		before := *u
		if err := s.applyUser(tx, u, in); err != nil {
			return domain.User{}, err
		}
		if u.Login != before.Login {
			if _, err := tx.UserByLogin(u.Login); err == nil {
				return domain.User{}, domain.Fail(domain.CodeDuplicate, "Another user has this login.").At("/login", "taken")
			}
		}
		// Judged last, so that what is wrong with the values is answered alike for
		// everybody.
		if err := mayPatchUser(tx, a, &before, u); err != nil {
			return domain.User{}, err
		}
		if u.Phone != before.Phone || u.Login != before.Login {
			notifyOfAccount(tx, u, "account.changed", nil, tx.Now.Add(resetsTold))
		}
		if u.Role != before.Role || u.Disabled != before.Disabled || !domain.Same(u.CentreID, before.CentreID) ||
			!domain.Same(u.AreaID, before.AreaID) {
			u.Epoch++ // tokens of the former role end now, refresh tokens too
			if err := s.signOut(tx, u, "account changed"); err != nil {
				return domain.User{}, err
			}
			if u.Disabled && !before.Disabled { // what was done is in the queues of their phones
				if err := tx.SealDevicesOf(u.ID, tx.Now); err != nil {
					return domain.User{}, err
				}
			}
			if err := casework.PassOnPromises(tx, u); err != nil {
				return domain.User{}, err
			}
		}
		u.ChangedAt(tx.Now)
		if err := tx.SaveUser(u); err != nil || !u.Leaves(&before) {
			return *u, err
		}
		ahead, underWay, err := casework.GiveBack(tx, u, *before.CentreID)
		u.VisitsGivenBack, u.VisitsUnderWay = &ahead, &underWay
		return *u, err
	})
}

func (s *Service) setTechnician(ctx context.Context, call *casework.Call, id domain.ID,
	change func(*domain.User) error) (domain.User, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.User, error) {
		u, err := casework.AuthorizeUser(tx, call.Actor, id)
		if err != nil || u.Role != domain.RoleTechnician {
			return domain.User{}, domain.NotFound("technician")
		}
		if !call.Actor.Is(domain.RoleCoordinator, domain.RoleProprietor, domain.RoleAreaManager, domain.RoleAdmin) {
			return domain.User{}, domain.Fail(domain.CodeForbidden, "As %s you may not change hours and skills.", domain.RoleWords(call.Actor.Role))
		}
		if err := change(u); err != nil {
			return domain.User{}, err
		}
		u.ChangedAt(tx.Now)
		err = tx.SaveUser(u)
		return *u, err
	})
}

// mayChangeAccount refuses a party to an open report what would silence, or
// turn into them, another party, whoever decides included (docs/product.md,
// Trust): password, phone, login, role, place, being disabled. Who is in a report
// about our own people changes nobody's account, so that a refusal for one name
// tells nothing of that name. Errors: CodeForbidden.
func mayChangeAccount(tx domain.SafetyTx, a domain.Actor, target *domain.User) error {
	if a.UserID == (domain.ID{}) || a.UserID == target.ID { // the command line; one's own
		return nil
	}
	reports, err := tx.PartiesTo(a.UserID)
	if err != nil {
		return err
	}
	other := domain.Actor{UserID: target.ID, Role: target.Role}
	if target.CentreID != nil {
		other.CentreID = *target.CentreID
	}
	if target.AreaID != nil {
		other.AreaID = *target.AreaID
	}
	for i := range reports {
		f := &reports[i]
		if f.Conduct() || other.AnswersFor(f) || f.Involves(target.ID) {
			return accountRefused()
		}
	}
	return nil
}

// accountRefused is the one answer to a change of an account that is not theirs to make.
func accountRefused() error {
	return domain.Fail(domain.CodeForbidden, "You cannot change this account for now. Ask the area manager, or another one, or an admin.")
}
