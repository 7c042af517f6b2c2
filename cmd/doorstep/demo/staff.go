package demo

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"doorstep/domain"
	"doorstep/domain/slots"
)

// people makes areas, centres, accounts and their phones: what a real
// deployment bootstraps with.
func (b *builder) people() error {
	hash, err := b.svc.HashPassword(Password)
	if err != nil {
		return err
	}
	at := b.clock.Now().UTC().Truncate(time.Microsecond)
	return b.svc.Store.InTx(b.ctx, func(tx domain.Tx) error {
		b.brand.Users, b.centres, b.agents, b.numbers = nil, nil, nil, 0 // the transaction may run again
		s := setup{b, tx, at, hash}
		areas := map[string]domain.ID{}
		managers := map[string][]*worker{}
		for i, name := range areaNames {
			if areas[name], managers[name], err = s.area(i, name); err != nil {
				return err
			}
		}
		for _, data := range sampleCentres {
			c, err := s.centre(data, areas[data.area], managers[data.area])
			if err != nil {
				return err
			}
			b.centres = append(b.centres, c)
		}
		if err := s.everywhere(); err != nil {
			return err
		}
		order := func(u User) int { return slices.Index(domain.Roles, domain.Role(u.Role)) }
		slices.SortStableFunc(b.brand.Users, func(x, y User) int { return order(x) - order(y) })
		return nil
	})
}

// setup is the transaction that makes all accounts.
type setup struct {
	*builder
	tx   domain.Tx
	at   time.Time
	hash string // of the password
}

func (s *setup) meta() domain.Meta {
	return domain.Meta{ID: s.svc.NewID(), Version: 1, CreatedAt: s.at, UpdatedAt: s.at}
}

// add makes an account with a phone.
func (s *setup) add(u domain.User, centre, area string) (*worker, error) {
	u.Meta, u.PasswordHash, u.Language = s.meta(), s.hash, "en"
	u.Login = strings.ToLower(strings.NewReplacer(" ", ".", "'", "").Replace(u.Name))
	if err := s.tx.InsertUser(&u); err != nil {
		return nil, err
	}
	device := domain.Device{InstallationID: installation(u.Login), UserID: &u.ID, Token: "demo:" + u.Login, Platform: "android",
		Language: "en", CreatedAt: s.at, UpdatedAt: s.at}
	if err := s.tx.PutDevice(&device); err != nil {
		return nil, err
	}
	w := &worker{User: u, actor: domain.Actor{UserID: u.ID, Name: u.Name, Role: u.Role}}
	if u.CentreID != nil {
		w.actor.CentreID = *u.CentreID
	}
	if u.AreaID != nil {
		w.actor.AreaID = *u.AreaID
	}
	s.brand.Users = append(s.brand.Users, User{string(u.Role), u.Name, u.Login, Password, centre, area})
	return w, nil
}

// area makes an area with its managers.
func (s *setup) area(i int, name string) (domain.ID, []*worker, error) {
	area := domain.Area{Meta: s.meta(), Name: name}
	if err := s.tx.InsertArea(&area); err != nil {
		return area.ID, nil, err
	}
	country := sampleCentres[2*i].country
	second, err := s.add(domain.User{Name: managerNames[i][1], Role: domain.RoleAreaManager, AreaID: &area.ID,
		Phone: s.number(country)}, "", name)
	if err != nil {
		return area.ID, nil, err
	}
	first, err := s.add(domain.User{Name: managerNames[i][0], Role: domain.RoleAreaManager, AreaID: &area.ID, DeputyID: &second.ID,
		Phone: s.number(country)}, "", name)
	return area.ID, []*worker{first, second}, err
}

// centre makes a centre with its technicians, desk and proprietor.
func (s *setup) centre(data centreData, area domain.ID, managers []*worker) (*centre, error) {
	loc, err := time.LoadLocation(data.zone)
	if err != nil {
		return nil, err
	}
	c := &centre{centreData: data, loc: loc, managers: managers, taken: map[booking]bool{}}
	y, m, d := s.now.In(loc).Date()
	c.today = time.Date(y, m, d, 0, 0, 0, 0, loc)
	row := domain.Centre{Meta: s.meta(), AreaID: area, Name: data.name, Zone: data.zone, Country: data.country, Phone: data.phone,
		PostalCodes: data.codes,
		WorkingDays: domain.JSONList[int]{0, 1, 2, 3, 4, 5, 6}, Holidays: holidays(data.country, c.today)}
	if err := s.tx.InsertCentre(&row); err != nil {
		return nil, err
	}
	c.id = row.ID
	user := func(name string, role domain.Role) domain.User {
		return domain.User{Name: name, Role: role, CentreID: &row.ID, AreaID: &area, Phone: s.number(data.country)}
	}
	for i, name := range data.technicians {
		u := user(name, domain.RoleTechnician)
		u.Skills, u.Hours = skills(i), rota(i)
		if i < 2 { // the first is whom others ask, the second learns
			u.SkillLevels.V = domain.Levels{u.Skills[0]: slots.Expert - 2*i}
		}
		u.RingsAlways = true // a newcomer sees pushes at any hour
		home := data.places[(2*i+1)%len(data.places)]
		u.HomeLat, u.HomeLon = &home.lat, &home.lon
		w, err := s.add(u, data.name, data.area)
		if err != nil {
			return nil, err
		}
		c.technicians = append(c.technicians, w)
	}
	for _, name := range data.coordinators {
		w, err := s.add(user(name, domain.RoleCoordinator), data.name, data.area)
		if err != nil {
			return nil, err
		}
		c.coordinators = append(c.coordinators, w)
	}
	c.proprietor, err = s.add(user(data.proprietor, domain.RoleProprietor), data.name, data.area)
	return c, err
}

// everywhere makes those who belong to no area.
func (s *setup) everywhere() error {
	for i, name := range agentNames {
		w, err := s.add(domain.User{Name: name, Role: domain.RoleAgent, Phone: s.number(sampleCentres[2*i].country)}, "", "")
		if err != nil {
			return err
		}
		s.agents = append(s.agents, w)
	}
	for i, name := range adminNames {
		if _, err := s.add(domain.User{Name: name, Role: domain.RoleAdmin, Phone: s.number(sampleCentres[2*i].country)}, "", ""); err != nil {
			return err
		}
	}
	return nil
}

// installation is the same for a login in every demo.
func installation(login string) domain.ID {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("doorstep:demo:"+login))
}

// number gives out phone numbers: in Britain of the range kept for drama
// (07700 900000 to 900999), in India, which has none, plain ones.
func (b *builder) number(country string) string {
	b.numbers++
	if country == "GB" {
		return fmt.Sprintf("+447700900%03d", b.numbers%1000)
	}
	return fmt.Sprintf("+9170000%05d", 10000+b.numbers)
}

var categories = []string{"refrigerator", "washing_machine", "air_conditioner", "water_purifier", "microwave", "oven", "dishwasher"}

// skills leaves out two categories for each technician, others for the next.
func skills(i int) domain.JSONList[string] {
	var out domain.JSONList[string]
	for k, c := range categories {
		if k != i && k != i+1 {
			out = append(out, c)
		}
	}
	return out
}

// rota is five days a week, begun on another day by each technician, so that
// four or five of six work on any day; the first and the fourth work wide
// hours all week.
func rota(i int) domain.JSONList[domain.Shift] {
	var out domain.JSONList[domain.Shift]
	for d := range 7 {
		switch {
		case i%3 == 0:
			out = append(out, domain.Shift{Weekday: d, From: "06:00", To: "22:00"})
		case (d-i+7)%7 < 5:
			out = append(out, domain.Shift{Weekday: d, From: "08:00", To: "13:00"}, domain.Shift{Weekday: d, From: "13:30", To: "20:30"})
		}
	}
	return out
}

// holidays are real ones, but none near today: the demo shows a day of work.
func holidays(country string, today time.Time) domain.JSONList[string] {
	days := []string{"01-26", "05-01", "08-15", "10-02"}
	if country == "GB" {
		days = []string{"01-01", "12-25", "12-26"}
	}
	out := domain.JSONList[string]{}
	for year := today.Year(); year <= today.Year()+1; year++ {
		for _, d := range days {
			day, err := time.ParseInLocation("2006-01-02", fmt.Sprintf("%d-%s", year, d), today.Location())
			if err == nil && day.Sub(today).Abs() > 15*24*time.Hour {
				out = append(out, day.Format("2006-01-02"))
			}
		}
	}
	return out
}
