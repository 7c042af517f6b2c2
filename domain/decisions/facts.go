package decisions

import (
	"context"
	"slices"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/alarm"
	"doorstep/domain/casework"
)

// What a card says stands twice in it: as an English sentence, and as a code with what
// fills it, so that a page says it in its reader's language, in their zone, and makes a link of a number. Beside it stand who it is about
// and the
// home, so that whoever decides at night need not look further (docs/product.md sections 5 and 9).

// Fact is a sentence as a code. Values by name: `at`, `from`, `to`, `since` are instants (RFC 3339), `n` and the names of kinds are
// numbers, `lat`
// and `lon` degrees, `text` and `name` words of people; what else there is are codes.
type Fact struct {
	Code   string            `json:"code"`
	Values map[string]string `json:"values"`
}

// fact fills a code with pairs of name and value.
func fact(code string, pairs ...string) Fact {
	f := Fact{Code: code, Values: map[string]string{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			f.Values[pairs[i]] = pairs[i+1]
		}
	}
	return f
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Person is somebody of the staff as whoever decides needs them: to call, unless an alarm was raised in silence.
type Person struct {
	ID     domain.ID   `json:"user_id"`
	Name   string      `json:"name"`
	Role   domain.Role `json:"role"`
	Phone  string      `json:"phone"`
	Openly bool        `json:"openly"` // false: never to be called openly
}

func personOf(u *domain.User, silent bool) *Person {
	return &Person{ID: u.ID, Name: u.Name, Role: u.Role, Phone: u.Phone, Openly: !silent}
}

// Home is the household of a card: who it is, where, by which number it is called, and what was with it so far.
type Home struct {
	ID        domain.ID `json:"customer_id"`
	Name      string    `json:"name"`
	Contact   string    `json:"contact"` // whose number it is
	Phone     string    `json:"phone"`
	VoiceOnly bool      `json:"voice_only"`
	Address   string    `json:"address"`
	Centre    string    `json:"centre"`
	Zone      string    `json:"zone"`
	Visits    int       `json:"visits"` // that were made, of those in the reader's scope
	NoAccess  int       `json:"no_access"`
	Missed    int       `json:"missed"`
	Reports   *int      `json:"reports"` // other ones of this home that the reader decides about; nil: not theirs to read
}

// Place is what is known of where something is.
type Place struct {
	Known domain.JSONList[string]
	Facts domain.JSONList[Fact]
}

func (p *Place) know(words, code string, pairs ...string) {
	p.Known, p.Facts = append(p.Known, words), append(p.Facts, fact(code, pairs...))
}

// know adds what is known, in words and as a code.
func (it *QueueItem) know(words, code string, pairs ...string) {
	it.Known, it.Facts = append(it.Known, words), append(it.Facts, fact(code, pairs...))
}

// quote adds what somebody said; nothing where they said nothing.
func (it *QueueItem) quote(code, words string) {
	if words != "" {
		it.know("“"+words+"”", code, "text", words)
	}
}

// call adds a number to call, if there is one.
func (it *QueueItem) call(number string) {
	if number != "" {
		it.know("Call "+number, "call", "number", number)
	}
}

// why adds to a hold what was reported; whoever asks has made sure that the actor answers for it.
func (it *QueueItem) why(ctx context.Context, s *casework.Service, a domain.Actor, f *domain.Flag) error {
	it.know("Because of: "+strings.ReplaceAll(f.Kind, "_", " "), "report", "kind", f.Kind)
	it.quote("words", f.Note)
	return it.knowFailures(ctx, s, a, f)
}

// nameCards names the people and homes of all cards, in a few reads whatever their number. A home is read in the reader's scope; where they
// decide about the report behind a card, which may have been passed on to them, that home is read too.
func nameCards(ctx context.Context, s *casework.Service, a domain.Actor, items []QueueItem) error {
	var people, jobs, theirs []domain.ID
	for i := range items {
		it := &items[i]
		for _, id := range []*domain.ID{it.who, it.about} {
			if id != nil {
				people = append(people, *id)
			}
		}
		if it.JobID != nil && it.answers {
			theirs = append(theirs, *it.JobID)
		} else if it.JobID != nil {
			jobs = append(jobs, *it.JobID)
		}
	}
	named, err := PeopleOf(ctx, s, people)
	if err != nil {
		return err
	}
	silent, err := alarm.Silent(ctx, s, a, people...)
	if err != nil {
		return err
	}
	everything := domain.Scope{All: true} // of the homes of reports that the reader decides about
	briefs, err := s.Read.JobBriefs(ctx, a.Scope(), jobs)
	if err != nil {
		return err
	}
	behind, err := s.Read.JobBriefs(ctx, everything, theirs)
	if err != nil {
		return err
	}
	var inScope, answered []domain.ID
	for i := range items {
		it := &items[i]
		it.Who, it.About = person(it.Who, it.who, named, silent), person(nil, it.about, named, silent)
		if it.JobID != nil {
			if b, ok := jobOf(it, briefs, behind); ok && it.home == nil {
				it.home = &b.CustomerID
			}
		}
		switch {
		case it.home == nil:
		case it.answers:
			answered = append(answered, *it.home)
		default:
			inScope = append(inScope, *it.home)
		}
	}
	homes, err := s.Read.HomeHistories(ctx, a.Scope(), inScope)
	if err != nil {
		return err
	}
	of, err := s.Read.HomeHistories(ctx, everything, answered)
	if err != nil {
		return err
	}
	reports, err := reportsAbout(ctx, s, a, append(inScope, answered...))
	if err != nil {
		return err
	}
	centres, err := s.Read.Centres(ctx, everything, domain.Page{Limit: 1000})
	if err != nil {
		return err
	}
	for i := range items {
		it := &items[i]
		if it.home == nil {
			continue
		}
		h, ok := homes[*it.home]
		if it.answers {
			h, ok = of[*it.home]
		}
		if !ok {
			continue
		}
		b, _ := jobOf(it, briefs, behind)
		it.Home = homeOf(&h, &b)
		for k := range centres {
			if centres[k].ID == b.CentreID {
				it.Home.Centre = centres[k].Name
			}
		}
		if a.Is(domain.RoleAreaManager, domain.RoleAdmin) {
			n := 0
			for _, id := range reports[*it.home] {
				if id != it.ID && (it.report == nil || id != *it.report) {
					n++
				}
			}
			it.Home.Reports = &n
		}
	}
	return nil
}

func jobOf(it *QueueItem, briefs, behind map[domain.ID]domain.JobBrief) (domain.JobBrief, bool) {
	if it.JobID == nil {
		return domain.JobBrief{}, false
	}
	if it.answers {
		b, ok := behind[*it.JobID]
		return b, ok
	}
	b, ok := briefs[*it.JobID]
	return b, ok
}

func person(known *Person, id *domain.ID, people map[domain.ID]domain.User, silent map[domain.ID]bool) *Person {
	if known != nil || id == nil {
		return known
	}
	u, ok := people[*id]
	if !ok {
		return nil
	}
	return personOf(&u, silent[*id])
}

func homeOf(h *domain.HomeHistory, b *domain.JobBrief) *Home {
	c := &h.Customer
	out := &Home{ID: c.ID, Name: c.Name, VoiceOnly: c.VoiceOnly(), Visits: h.Visits, NoAccess: h.NoAccess, Missed: h.Missed}
	for i := range c.Contacts {
		if k := &c.Contacts[i]; len(k.Phones) > 0 {
			out.Contact, out.Phone = k.Name, k.Phones[0]
			break
		}
	}
	for i := range c.Sites {
		if site := &c.Sites[i]; i == 0 || site.ID == b.SiteID {
			parts := slices.DeleteFunc([]string{site.Address, site.Landmark, site.PostalCode}, func(part string) bool { return part == "" })
			out.Address, out.Zone = strings.Join(parts, ", "), site.Zone
		}
	}
	return out
}

// reportsAbout are the reports of homes that the actor decides or decided about: what they may not read is not counted either.
func reportsAbout(ctx context.Context, s *casework.Service, a domain.Actor, homes []domain.ID) (map[domain.ID][]domain.ID, error) {
	out := map[domain.ID][]domain.ID{}
	if len(homes) == 0 || !a.Is(domain.RoleAreaManager, domain.RoleAdmin) {
		return out, nil
	}
	rows, err := s.Read.Flags(ctx, a, domain.FlagFilter{CustomerIDs: homes}, domain.Page{Limit: 1000})
	for i := range rows {
		if f := &rows[i]; a.AnswersFor(f) {
			out[*f.CustomerID] = append(out[*f.CustomerID], f.ID)
		}
	}
	return out, err
}
