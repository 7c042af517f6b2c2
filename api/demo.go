package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/pages"
	"doorstep/api/web"
	"doorstep/domain"
)

// Demo is what the demo page shows and moves; cmd fills it in, in the demo
// alone.
type Demo struct {
	// Phones gives what every fake phone got, each with its newest push first.
	Phones func() []DemoPhone
	// Advance moves the clock and does what falls due on the way.
	Advance func(ctx context.Context, d time.Duration) (now time.Time, done int, err error)
	// Household gives the household of a job a fake phone, as if the link had come to it, and gives the link.
	Household func(ctx context.Context, job domain.ID) (link string, err error)
	Now       func() time.Time
	Users     []DemoUser
	// Featured names the phones of one story: a technician, a coordinator, a
	// proprietor, an area manager and the customer. The others are folded.
	Featured []string
	// CustomerLink and APIPage are addresses: of a customer's page, of /docs.
	CustomerLink, APIPage string
}

// DemoUser is a login of the demo.
type DemoUser struct{ Login, Password, Role, Name string }

// DemoPhone is a fake phone.
type DemoPhone struct {
	Login  string     `json:"login"` // or "customer"
	Pushes []DemoPush `json:"pushes"`
}

// DemoPush is a push as a lock screen shows it.
type DemoPush struct {
	Title string            `json:"title"`
	Body  string            `json:"body"`
	Data  map[string]string `json:"data"`
	At    time.Time         `json:"at"`
}

// demoLongest is how far one tap may move the clock.
const demoLongest = 90 * 24 * time.Hour

func mountDemo(a *App, s *web.Server, d *Demo) {
	type phones struct {
		Now    time.Time   `json:"now"`
		Phones []DemoPhone `json:"phones"`
	}
	s.Page("GET", "/demo", func(c *fiber.Ctx) error {
		body, err := pages.Demo.Render("demo", d.view())
		if err != nil {
			return err
		}
		c.Set(fiber.HeaderContentSecurityPolicy, pages.Demo.CSP)
		c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
		return c.Send(body)
	})
	serveScript(s, "/demo/app.js", "demo_stories.js", "demo.js")
	s.Handle("GET", "/demo/phones", func(c *fiber.Ctx) error {
		return c.JSON(phones{Now: d.Now().UTC(), Phones: d.phones()})
	})
	s.Handle("POST", "/demo/households", func(c *fiber.Ctx) error {
		in, err := decode[struct {
			JobID domain.ID `json:"job_id"`
		}](c)
		if err != nil {
			return err
		}
		link, err := d.Household(c.UserContext(), in.JobID)
		if err != nil {
			return err
		}
		return c.JSON(fiber.Map{"link": link})
	})
	s.Handle("POST", "/demo/clock", func(c *fiber.Ctx) error {
		in, err := decode[struct {
			Advance string `json:"advance"`
		}](c)
		if err != nil {
			return err
		}
		by, err := time.ParseDuration(in.Advance)
		if err != nil || by <= 0 || by > demoLongest {
			return domain.Fail(domain.CodeUnprocessable, "The clock moves forward, by 90 days at most.").
				At("/advance", "a duration such as 90m or 26h, up to 2160h")
		}
		now, done, err := d.Advance(c.UserContext(), by)
		if err != nil {
			return err
		}
		return c.JSON(struct {
			Now  time.Time `json:"now"`
			Done int       `json:"done"`
		}{now.UTC(), done})
	})
}

// phones gives the phones with nothing null and the newest push first.
func (d *Demo) phones() []DemoPhone {
	out := []DemoPhone{}
	for _, p := range d.Phones() {
		p.Pushes = append([]DemoPush{}, p.Pushes...)
		slices.SortStableFunc(p.Pushes, func(a, b DemoPush) int { return b.At.Compare(a.At) })
		for i := range p.Pushes {
			if p.Pushes[i].Data == nil {
				p.Pushes[i].Data = map[string]string{}
			}
			p.Pushes[i].At = p.Pushes[i].At.UTC()
		}
		out = append(out, p)
	}
	return out
}

type demoView struct {
	Now                   string
	Stamp                 string
	Phones, Others        []demoPhoneView
	Users                 []DemoUser
	CustomerLink, APIPage string
}

type demoPhoneView struct {
	Login, Who string
	Raises     bool // an SOS
	Pushes     []demoPushView
}

type demoPushView struct{ Title, Body, At, Stamp string }

func (d *Demo) view() demoView {
	const words = "Mon 2 Jan, 15:04 MST"
	v := demoView{Now: d.Now().UTC().Format(words), Stamp: d.Now().UTC().Format(time.RFC3339), Users: d.Users, CustomerLink: d.CustomerLink,
		APIPage: d.APIPage}
	if v.APIPage == "" {
		v.APIPage = "/docs"
	}
	for _, p := range d.phones() {
		one := demoPhoneView{Login: p.Login}
		for _, u := range d.Users {
			if u.Login == p.Login {
				one.Who = u.Name + ", " + strings.ReplaceAll(u.Role, "_", " ")
				one.Raises = u.Role == string(domain.RoleTechnician)
			}
		}
		for _, m := range p.Pushes {
			one.Pushes = append(one.Pushes, demoPushView{m.Title, m.Body, m.At.Format(words), m.At.Format(time.RFC3339)})
		}
		if len(d.Featured) == 0 || slices.Contains(d.Featured, p.Login) {
			v.Phones = append(v.Phones, one)
		} else {
			v.Others = append(v.Others, one)
		}
	}
	return v
}
