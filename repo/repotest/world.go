package repotest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/domain"
	"doorstep/domain/ladder"
	"doorstep/domain/reach"
	"doorstep/repo"
)

// Noon is when the tests' world begins.
var Noon = time.Date(2026, 11, 22, 12, 0, 0, 123456000, time.UTC)

// World is a small brand: two areas with a centre each, people, a customer
// with a job and a visit in the first.
type World struct {
	DB            *repo.DB
	North, South  domain.Area
	Mill, Harbour domain.Centre // of North and South
	Ravi, Asha    domain.User   // technicians of Mill
	Noor          domain.User   // technician of Harbour
	Desk, Boss    domain.User   // coordinator and proprietor of Mill
	Manager       domain.User   // of North; Deputy stands in for her
	Deputy        domain.User   // area manager of South
	Agent, Admin  domain.User
	Customer      domain.Customer
	Washer        domain.Appliance
	Job           domain.Job
	Visit         domain.Visit // scheduled, Ravi's
	Link          domain.Link
}

// ID makes a new id.
func ID() domain.ID { return uuid.Must(uuid.NewV7()) }

// Meta is the head of a new object.
func Meta(at time.Time) domain.Meta {
	return domain.Meta{ID: ID(), Version: 1, CreatedAt: at, UpdatedAt: at}
}

// Ptr points at a value.
func Ptr[T any](v T) *T { return &v }

// Do runs one transaction that has to succeed.
func Do(t testing.TB, db *repo.DB, fn func(domain.Tx) error) {
	t.Helper()
	if err := Try(db, fn); err != nil {
		t.Fatalf("transaction: %v", err)
	}
}

// Try runs one transaction.
func Try(db *repo.DB, fn func(domain.Tx) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return db.InTx(ctx, fn)
}

// Get is the value of a load that has to succeed.
func Get[T any](t testing.TB, db *repo.DB, load func(domain.Tx) (T, error)) T {
	t.Helper()
	var out T
	Do(t, db, func(tx domain.Tx) (err error) {
		out, err = load(tx)
		return err
	})
	return out
}

// all runs each step until one fails.
func all(steps ...error) error { return errors.Join(steps...) }

// NewWorld writes a world into an empty database.
func NewWorld(t testing.TB, db *repo.DB) *World {
	t.Helper()
	w := &World{DB: db}
	w.North, w.South = domain.Area{Meta: Meta(Noon), Name: "North"}, domain.Area{Meta: Meta(Noon), Name: "South"}
	centre := func(area domain.ID, name, code string) domain.Centre {
		return domain.Centre{Meta: Meta(Noon), AreaID: area, Name: name, Zone: "Asia/Kolkata", Country: "IN",
			PostalCodes: domain.JSONList[string]{code},
			WorkingDays: domain.JSONList[int]{1, 2, 3, 4, 5, 6}, Holidays: domain.JSONList[string]{"2027-01-26"}, Phone: "+911100000000",
			MaxVisitsPerDay: Ptr(60),
			Ladder:          domain.JSONList[ladder.Tier]{{After: 0, To: []string{"everyone"}, Repeat: 30}},
			ImportMapping:   domain.JSON[map[string]string]{V: map[string]string{"Fault": "fault"}}}
	}
	w.Mill, w.Harbour = centre(w.North.ID, "Mill", "110001"), centre(w.South.ID, "Harbour", "400001")
	user := func(login string, role domain.Role) domain.User {
		return domain.User{Meta: Meta(Noon), Login: login, Name: login + " Sharma", Role: role, Phone: "+911200000000", Language: "en",
			Skills: domain.JSONList[string]{"washer"}}
	}
	ofCentre := func(login string, role domain.Role, c domain.Centre) domain.User {
		u := user(login, role)
		u.CentreID, u.AreaID = &c.ID, &c.AreaID
		return u
	}
	w.Ravi, w.Asha = ofCentre("ravi", domain.RoleTechnician, w.Mill), ofCentre("asha", domain.RoleTechnician, w.Mill)
	w.Noor = ofCentre("noor", domain.RoleTechnician, w.Harbour)
	w.Desk, w.Boss = ofCentre("desk", domain.RoleCoordinator, w.Mill), ofCentre("boss", domain.RoleProprietor, w.Mill)
	w.Manager, w.Deputy = user("manager", domain.RoleAreaManager), user("deputy", domain.RoleAreaManager)
	w.Manager.AreaID, w.Deputy.AreaID, w.Manager.DeputyID = &w.North.ID, &w.South.ID, &w.Deputy.ID
	w.Agent, w.Admin = user("agent", domain.RoleAgent), user("admin", domain.RoleAdmin)
	w.Customer = NewCustomer("Iyer", "+919800000001")
	w.Washer = domain.Appliance{Meta: Meta(Noon), CustomerID: w.Customer.ID, SiteID: &w.Customer.Sites[0].ID, Category: "washer",
		Brand: "Doorstep",
		Model: "W1", Serial: "SN-1", PurchasedOn: "2024-02-29"}
	w.Job = w.NewJob(&w.Customer, &w.Mill, Noon)
	w.Job.ApplianceID, w.Job.Serial = &w.Washer.ID, "SN-1"
	w.Visit = w.NewVisit(&w.Job, Noon.Add(24*time.Hour), w.Ravi.ID)
	w.Link = NewLink(w.Job.ID)
	Do(t, db, func(tx domain.Tx) error {
		var errs []error
		for _, a := range []*domain.Area{&w.North, &w.South} {
			errs = append(errs, tx.InsertArea(a))
		}
		for _, c := range []*domain.Centre{&w.Mill, &w.Harbour} {
			errs = append(errs, tx.InsertCentre(c))
		}
		for _, u := range []*domain.User{&w.Ravi, &w.Asha, &w.Noor, &w.Desk, &w.Boss, &w.Deputy, &w.Manager, &w.Agent, &w.Admin} {
			errs = append(errs, tx.InsertUser(u))
		}
		return all(append(errs, tx.InsertCustomer(&w.Customer), tx.InsertAppliance(&w.Washer), tx.InsertJob(&w.Job), tx.InsertVisit(&w.Visit),
			tx.InsertLink(&w.Link))...)
	})
	return w
}

// NewCustomer makes a customer of one contact and one site.
func NewCustomer(name, phone string) domain.Customer {
	return domain.Customer{Meta: Meta(Noon), Name: name, Language: "hi",
		Contacts: []domain.Contact{{ID: ID(), Name: name, Relation: "self", Phones: domain.JSONList[string]{phone}, Language: "hi",
			InvalidPhones: domain.JSONList[string]{}}},
		Sites: []domain.Site{{ID: ID(), Label: "home", Address: "1 Lane", PostalCode: "110001", Zone: "Asia/Kolkata"}}}
}

// NewJob makes an open job of a customer at a centre.
func (w *World) NewJob(home *domain.Customer, c *domain.Centre, at time.Time) domain.Job {
	return domain.Job{Meta: Meta(at), CustomerID: home.ID, SiteID: home.Sites[0].ID, ContactID: &home.Contacts[0].ID, CentreID: c.ID,
		AreaID: c.AreaID,
		Status: domain.JobOpen, Category: "washer", Fault: "it leaks", TriedSteps: domain.JSONList[domain.TriedStep]{}, Priority: "normal",
		Cover:      "warranty",
		SkillLevel: 1, OpenedAt: at, Verdict: reach.Untried}
}

// NewVisit makes a scheduled visit of two hours with one hour of work.
func (w *World) NewVisit(j *domain.Job, at time.Time, crew ...domain.ID) domain.Visit {
	return domain.Visit{Meta: Meta(Noon), JobID: j.ID, CentreID: j.CentreID, AreaID: j.AreaID, CustomerID: j.CustomerID,
		Status:       domain.VisitScheduled,
		Confirmation: domain.ConfirmAwaiting, WindowStart: at, WindowEnd: at.Add(2 * time.Hour), PlannedStart: at, PlannedMinutes: 60,
		Crew: crew, EverCrew: crew, CountsAgainst: "nobody"}
}

// NewLink makes the link of a job.
func NewLink(job domain.ID) domain.Link {
	id := ID()
	return domain.Link{ID: id, JobID: job, KeyID: "k1", TokenHash: hash(id.String()), CreatedAt: Noon}
}

// NewNotice makes a pending notice to a user.
func NewNotice(user domain.ID, kind string) domain.Notice {
	n := domain.Notice{ID: ID(), Kind: kind, UserID: &user, Title: "New visit", Body: "Mon 23 Nov", Language: "en", NotBefore: Noon,
		ExpiresAt: Noon.Add(time.Hour),
		State:     "pending", CreatedAt: Noon}
	n.Data.V = map[string]string{"kind": kind}
	return n
}

// Actor is a user as they act.
func Actor(u domain.User, deputises ...domain.ID) domain.Actor {
	a := domain.Actor{UserID: u.ID, Name: u.Name, Role: u.Role, Deputises: deputises}
	if u.CentreID != nil {
		a.CentreID = *u.CentreID
	}
	if u.AreaID != nil {
		a.AreaID = *u.AreaID
	}
	return a
}

// hash is a stand-in for any digest.
func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// Same compares what was written with what came back. Empty and absent lists
// and bytes are the same: the columns do not tell them apart.
func Same(t testing.TB, what string, want, got any) {
	t.Helper()
	w, g := plain(reflect.ValueOf(want)), plain(reflect.ValueOf(got))
	if w != g {
		t.Errorf("%s came back different\n  wrote %s\n  read  %s", what, w, g)
	}
}

// plain prints a value with all that it points at.
func plain(v reflect.Value) string {
	switch {
	case !v.IsValid():
		return "nil"
	case v.Type() == reflect.TypeFor[time.Time]():
		return v.Interface().(time.Time).Format(time.RFC3339Nano) // with the zone: everything comes back in UTC
	case v.Type() == reflect.TypeFor[domain.ID]():
		return fmt.Sprint(v.Interface())
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return "nil"
		}
		return plain(v.Elem())
	case reflect.Struct:
		s := v.Type().Name() + "{"
		for i := range v.NumField() {
			s += v.Type().Field(i).Name + ":" + plain(v.Field(i)) + " "
		}
		return s + "}"
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return fmt.Sprintf("%x", v.Bytes())
		}
		s := "["
		for i := range v.Len() {
			s += plain(v.Index(i)) + " "
		}
		return s + "]"
	}
	return fmt.Sprintf("%#v", v.Interface())
}

// filled complains about a field that a round trip would not notice, because
// it has its zero value.
func filled(t testing.TB, what string, v any, except ...string) {
	t.Helper()
	free := map[string]bool{}
	for _, f := range except {
		free[f] = true
	}
	r := reflect.Indirect(reflect.ValueOf(v))
	for i := range r.NumField() {
		if f := r.Type().Field(i); r.Field(i).IsZero() && !free[f.Name] {
			t.Errorf("%s.%s is not filled in", what, f.Name)
		}
	}
}
