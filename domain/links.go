package domain

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"doorstep/domain/reach"
)

// newLink makes the customer's way in; the caller gives id and job.
func (s *Service) newLink(tx Tx, l *Link) error {
	// The id alone must not be guessable: 128 random bits, not a time-ordered
	// identifier (OWASP ASVS 11.5.1).
	if _, err := rand.Read(l.ID[:]); err != nil {
		return err
	}
	l.KeyID = s.Keys.Current()
	token, _ := s.Keys.token(l.KeyID, "link", l.ID)
	l.TokenHash = HashToken(token)
	return tx.InsertLink(l)
}

// LinkURL recomputes the address of a link; it is added at sending and never
// stored. ok is false when its key was retired.
func (s *Service) LinkURL(l *Link) (url string, ok bool) {
	token, ok := s.Keys.token(l.KeyID, "link", l.ID)
	return s.BaseURL + "/c/" + token, ok
}

// ShareLink is the link as staff hand it on: address and ready text in the
// household's language.
type ShareLink struct {
	JobID     ID        `json:"job_id"`
	ShareURL  string    `json:"share_url"`
	Text      string    `json:"text"`
	CreatedAt time.Time `json:"created_at"`
}

// Share gives the job's link to staff who see the job, the crew included.
// Errors: CodeNotFound.
func (s *Service) Share(ctx context.Context, a Actor, job ID) (ShareLink, error) {
	j, err := s.Read.Job(ctx, a.Scope(), job)
	if err != nil {
		return ShareLink{}, err
	}
	l, err := s.Read.Link(ctx, a.Scope(), job)
	if err != nil {
		return ShareLink{}, err
	}
	url, ok := s.LinkURL(l)
	if !ok {
		return ShareLink{}, NotFound("link")
	}
	c, err := s.Read.Customer(ctx, Scope{All: true}, j.CustomerID)
	if err != nil {
		return ShareLink{}, err
	}
	kind := "visit.offered"
	if j.Verdict == reach.Trying || j.Verdict == reach.LastNotice || j.Verdict == reach.Unreachable {
		kind = "job.last_notice"
	}
	when := ""
	if visits, err := s.Read.Visits(ctx, Scope{All: true}, VisitFilter{JobID: &job, Status: []VisitStatus{VisitScheduled}}, Page{Limit: 1}); err == nil && len(visits) == 1 {
		loc := time.UTC
		if site := c.site(j.SiteID); site != nil {
			loc = site.Location()
		}
		when = WindowWords(visits[0].WindowStart, visits[0].WindowEnd, loc, c.Language)
	} else {
		kind = "job.last_notice"
	}
	title, body := say(kind, c.Language, when)
	return ShareLink{JobID: job, ShareURL: url, Text: title + ": " + body + " " + url, CreatedAt: l.CreatedAt}, nil
}

// LinkPage is what the customer's page shows: no full phone number or
// address, no surname.
type LinkPage struct {
	Link        Link
	Job         Job
	Visit       *Visit // the one ahead or under way, else the last one
	CrewNames   []string
	CentreName  string
	CentrePhone string
	Location    *time.Location
	Language    string
	FormKey     string
	Now         time.Time
	// What the page offers now.
	CanConfirm, CanAnotherTime, CanCancel, CanCallMe bool
	Unreachable                                      bool
}

func linkGone() error { return NotFound("link") }

// openLink finds a live link; unknown, revoked and expired are one answer.
// write locks the job; looking does not wait for writers.
func (s *Service) openLink(tx Tx, token string, write bool, now time.Time) (*Link, *Job, []Visit, error) {
	if len(token) > 128 {
		return nil, nil, nil, linkGone()
	}
	l, err := tx.LinkByHash(HashToken(token))
	if err != nil {
		return nil, nil, nil, err
	}
	if l.RevokedAt != nil {
		return nil, nil, nil, linkGone()
	}
	load := tx.Job
	if write {
		load = tx.LockJob
	}
	j, err := load(l.JobID)
	if err != nil {
		return nil, nil, nil, err
	}
	visits, err := tx.VisitsOfJob(j.ID)
	if err != nil {
		return nil, nil, nil, err
	}
	last := j.OpenedAt
	if j.ReopenedAt != nil {
		last = *j.ReopenedAt
	}
	for i := range visits {
		if visits[i].WindowEnd.After(last) {
			last = visits[i].WindowEnd
		}
	}
	if j.EndedAt != nil && j.EndedAt.After(last) {
		last = *j.EndedAt
	}
	// An open job without a visit ahead still waits for its household.
	if now.Sub(last) > linkAfterVisit && j.Status.Ended() || now.Sub(last) > linkAfterVisit && len(visits) > 0 {
		return nil, nil, nil, linkGone()
	}
	return l, j, visits, nil
}

// currentVisit is the one the page speaks of.
func currentVisit(visits []Visit) *Visit {
	var last *Visit
	for i := range visits {
		v := &visits[i]
		if v.Status.UnderWay() {
			return v
		}
		if last == nil || v.Status == VisitScheduled && last.Status != VisitScheduled ||
			v.Status == last.Status && v.Status != VisitScheduled && v.WindowStart.After(last.WindowStart) ||
			v.Status != VisitScheduled && last.Status != VisitScheduled && v.WindowStart.After(last.WindowStart) {
			last = v
		}
	}
	return last
}

// OpenLink shows the page of a token. It changes nothing: link-preview bots
// may fetch it as often as they like. Errors: CodeNotFound for unknown,
// revoked and expired alike.
func (s *Service) OpenLink(ctx context.Context, token string) (*LinkPage, error) {
	var page *LinkPage
	err := s.Store.InTx(ctx, func(tx Tx) (err error) {
		page, err = s.linkPage(tx, token, s.now())
		return err
	})
	return page, err
}

func (s *Service) linkPage(tx Tx, token string, now time.Time) (*LinkPage, error) {
	l, j, visits, err := s.openLink(tx, token, false, now)
	if err != nil {
		return nil, err
	}
	d, err := s.dossier(tx, j)
	if err != nil {
		return nil, err
	}
	p := &LinkPage{Link: *l, Job: *j, Visit: currentVisit(visits), CentreName: d.centre.Name, CentrePhone: d.centre.Phone, Location: d.site.Location(),
		Language: d.customer.Language, Now: now, CanCallMe: !j.Status.Ended(), Unreachable: j.Verdict == reach.Unreachable}
	if v := p.Visit; v != nil {
		for _, id := range v.Crew {
			u, err := tx.User(id)
			if err != nil {
				return nil, err
			}
			p.CrewNames = append(p.CrewNames, u.FirstName())
		}
		p.CanConfirm = v.Status == VisitScheduled && v.Confirmation != ConfirmConfirmed && now.Before(v.WindowEnd) && d.held == nil
		p.CanCancel = has(visitMove("cancel").From, v.Status)
		p.CanAnotherTime = v.Status == VisitScheduled && now.Before(v.WindowStart.Add(-anotherTimeUntil))
	}
	if (p.Visit == nil || !p.Visit.Status.Unfinished()) && !j.Status.Ended() && j.Status != JobResolved {
		p.CanAnotherTime = true
	}
	p.FormKey = s.formKey(l, p.Visit)
	return p, nil
}

// formKey is good for one action on the state that the page showed.
func (s *Service) formKey(l *Link, v *Visit) string {
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce)
	return s.signForm(l, base64.RawURLEncoding.EncodeToString(nonce), visitMark(v))
}

func visitMark(v *Visit) string {
	if v == nil {
		return "0"
	}
	return strconv.FormatUint(binary.BigEndian.Uint64(v.ID[8:])^uint64(v.Version), 36)
}

func (s *Service) signForm(l *Link, nonce, mark string) string {
	mac, _ := s.Keys.mac(l.KeyID, "form", l.ID[:], []byte(nonce), []byte(mark))
	return nonce + "." + mark + "." + base64.RawURLEncoding.EncodeToString(mac)
}

// LinkAction is what a customer does on the page.
type LinkAction struct {
	Action  string // confirm, another-time, cancel, call-me, wrong-person
	FormKey string
	Date    string // of another-time: YYYY-MM-DD in the site's zone
	Part    string // morning, afternoon, evening, any
	Note    string
}

// LinkOutcome is what the page says next.
type LinkOutcome struct {
	Done string // the action, or "already" when it was done before
	Page *LinkPage
}

// LinkAct carries out one action of the page. State is read anew; a stale
// form is answered with CodeState and explains itself, a repeated one with
// what came of the first. Errors: CodeNotFound, CodeState, CodeMeaning.
func (s *Service) LinkAct(ctx context.Context, token string, in LinkAction) (*LinkOutcome, error) {
	var out *LinkOutcome
	var refused error // after the contact was recorded: a late tap is contact all the same
	err := s.Store.InTx(ctx, func(tx Tx) error {
		refused = nil
		now := s.now()
		l, j, visits, err := s.openLink(tx, token, true, now)
		if err != nil {
			return err
		}
		out = &LinkOutcome{Done: in.Action}
		v := currentVisit(visits)
		parts := strings.Split(in.FormKey, ".")
		if len(parts) != 3 || len(in.FormKey) > 200 || !hmac.Equal([]byte(s.signForm(l, parts[0], parts[1])), []byte(in.FormKey)) {
			return Fail(CodeState, "The page had been open for a while. Please look at it again and tap once more.")
		}
		fresh, err := tx.UseFormKey(HashToken(in.Action+" "+in.FormKey), l.ID, now)
		if err != nil {
			return err
		}
		if !fresh {
			out.Done = "already"
			return nil
		}
		d, err := s.dossier(tx, j)
		if err != nil {
			return err
		}
		actor := Actor{Role: RoleCustomer, JobID: j.ID, Name: "customer"}
		call := &Call{Actor: actor}
		m := &visitMoveCtx{tx: tx, now: now, v: v, d: d, st: at(now)}
		if in.Action != "wrong-person" {
			// The customer's own action is contact: it first lifts unreachable.
			if _, err := s.recordAttempt(tx, call, d, nil, AttemptInput{Direction: reach.Inbound, Channel: reach.Push, Outcome: reach.Reached, Grade: reach.Proven, Note: in.Action + " by link"}, now); err != nil {
				return err
			}
			if d.holds, err = tx.HoldsOver(j, true); err != nil {
				return err
			}
		}
		done := func() error {
			s.changed(&j.Meta, now)
			return tx.SaveJob(j)
		}
		if parts[1] != visitMark(v) && (in.Action == "confirm" || in.Action == "cancel" || in.Action == "another-time") {
			refused = Fail(CodeState, "The visit has changed since you opened the page. Please look at it again.")
			return done()
		}
		switch in.Action {
		case "confirm", "cancel":
			if v == nil {
				return Fail(CodeState, "There is no visit to %s now.", in.Action)
			}
			if err := CheckVisit(actor, in.Action, v); err != nil {
				return err
			}
			if in.Action == "cancel" {
				err = s.cancelVisit(m, actor, "by the customer", "nobody")
			} else if d.held != nil {
				// The household is not told of a safety hold by its own tap.
				err = Fail(CodeState, "This visit cannot be confirmed right now. Please call us.")
			} else {
				err = s.confirm(m, call, ConfirmInput{})
			}
		case "another-time":
			err = s.anotherTime(m, actor, in)
		case "call-me":
			if len([]rune(in.Note)) > 500 {
				return Fail(CodeMeaning, "The note is too long.").At("/note", "at most 500 characters")
			}
			s.fact(tx, j, actor, "contact.call_me", nil, at(now), map[string]any{"note": in.Note})
			err = s.tellStaff(tx, d, nil, "contact.call_me", now, RoleCoordinator)
		case "wrong-person":
			err = s.wrongPerson(tx, d, l, actor, now)
		default:
			return NotFound("action")
		}
		if err != nil {
			return err
		}
		return done()
	})
	if err == nil {
		err = refused
	}
	return out, err
}

// anotherTime records the household's wish as contact; until an hour before
// the window of a scheduled visit.
func (s *Service) anotherTime(m *visitMoveCtx, a Actor, in LinkAction) error {
	if m.v != nil && m.v.Status.Unfinished() {
		if err := CheckVisit(a, "another-time", m.v); err != nil {
			return err
		}
		if !m.now.Before(m.v.WindowStart.Add(-anotherTimeUntil)) {
			return Fail(CodeState, "The visit is less than an hour away; please call us.")
		}
	}
	day, err := time.ParseInLocation("2006-01-02", in.Date, m.d.site.Location())
	if err != nil || day.AddDate(0, 0, 1).Before(m.now) || day.After(m.now.AddDate(0, 3, 0)) {
		return Fail(CodeMeaning, "Please choose a day within the next three months.").At("/date", "YYYY-MM-DD")
	}
	if !has([]string{"morning", "afternoon", "evening", "any"}, in.Part) {
		return Fail(CodeMeaning, "Please choose a part of the day.").At("/part", "morning, afternoon, evening or any")
	}
	if len([]rune(in.Note)) > 500 {
		return Fail(CodeMeaning, "The note is too long.").At("/note", "at most 500 characters")
	}
	var id *ID
	if m.v != nil {
		id = &m.v.ID
	}
	s.fact(m.tx, m.d.job, a, "visit.another_time_asked", id, m.st, map[string]any{"date": in.Date, "part": in.Part, "note": in.Note})
	if m.v != nil && m.v.Status == VisitScheduled {
		m.v.Confirmation, m.v.ConfirmedHow = ConfirmDeclined, "link"
		s.changed(&m.v.Meta, m.now)
		if err := m.tx.SaveVisit(m.v); err != nil {
			return err
		}
	}
	return s.tellStaff(m.tx, m.d, m.v, "visit.another_time", m.now, RoleCoordinator)
}

// wrongPerson revokes the link at once and makes a fresh one for the job, so
// that staff can reach the right person.
func (s *Service) wrongPerson(tx Tx, d *dossier, l *Link, a Actor, now time.Time) error {
	l.RevokedAt, l.RevokedWhy = &now, "wrong person"
	if err := tx.SaveLink(l); err != nil {
		return err
	}
	devices, err := tx.CustomerDevices(d.customer.ID)
	if err != nil {
		return err
	}
	for _, dev := range devices {
		if dev.LinkID != nil && *dev.LinkID == l.ID {
			if err := tx.DropDevice(dev.InstallationID, "wrong person", now); err != nil {
				return err
			}
		}
	}
	if err := s.newLink(tx, &Link{JobID: d.job.ID, CreatedAt: now}); err != nil {
		return err
	}
	s.fact(tx, d.job, a, "link.revoked", nil, at(now), map[string]any{"because": "wrong person"})
	return s.tellStaff(tx, d, nil, "link.wrong_person", now, RoleCoordinator)
}

// LinkActor is the household behind a token, for device registration.
func (s *Service) LinkActor(ctx context.Context, token string) (Actor, error) {
	p, err := s.OpenLink(ctx, token)
	if err != nil {
		return Actor{}, err
	}
	return Actor{Role: RoleCustomer, JobID: p.Job.ID, Name: "customer"}, nil
}

// String keeps a link out of logs.
func (l Link) String() string { return fmt.Sprintf("link of job %s", l.JobID) }
