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
func (s *Service) newLink(tx LinkTx, l *Link) error {
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
	v, err := s.Reachability(ctx, a, job)
	if err != nil {
		return ShareLink{}, err
	}
	last := v.EnoughAt != nil && !j.Status.Ended() // then this text is the last notice
	if last {
		kind = "job.last_notice"
	}
	when, language := "", c.LanguageOf(j.ContactID)
	if visits, err := s.Read.Visits(ctx, Scope{All: true}, VisitFilter{JobID: &job, Status: []VisitStatus{VisitScheduled}},
		Page{Limit: 1}); err == nil && len(visits) == 1 {
		loc := time.UTC
		if site := c.site(j.SiteID); site != nil {
			loc = site.Location()
		}
		when = WindowWords(visits[0].WindowStart, visits[0].WindowEnd, loc, language)
	} else if !last {
		kind = "job.share"
	}
	title, body := say(kind, language, when)
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
	CanDone, CanReopen                               bool
	CanStop                                          bool       // the visit is one of a series
	AnswerBy                                         *time.Time // the last notice runs out
	ClosesFrom                                       *time.Time // an unreachable job may be closed
	Unreachable                                      bool
	EndCode                                          string // to be told to the technician when the work is done
	Tries                                            []LinkTry
	// VisitSubject is what of the visit the household can dispute now; empty
	// for nothing. VisitDispute is what it disputed of it.
	VisitSubject string
	// Caller and CallBy are who calls back, by first name, and when; empty when
	// nobody promised.
	Caller       string
	CallBy       time.Time
	VisitDispute *Dispute
	// What is known, for the household to read and correct.
	Steps                []StepRecord
	CanCorrect, CanThank bool
	// NoteUntil is how long a note stands that the household was told of, and
	// NoteAnswer why it stayed on its last appeal.
	NoteUntil  *time.Time
	NoteAnswer string
	CanAppeal  bool
	People     []LinkPerson // whom a report can be about
	Free       []FreeSlot   // windows that it can choose, in order
	Held       *HeldSlot    // the one that it has chosen and not taken
}

// LinkPerson is one of our people as a household knows them.
type LinkPerson struct {
	ID   ID
	Name string // the first one
}

// LinkTry is one try to reach the household as its page lists it: no number,
// no name.
type LinkTry struct {
	ID         ID
	At         time.Time
	Channel    string
	Outcome    string
	Grade      string
	Disputable bool
	Dispute    *Dispute
}

// linkTries bounds the list of the page; older ones stay in the timeline.
const linkTries = 20

func linkGone() error { return NotFound("link") }

// openLink finds a live link; unknown, revoked and expired are one answer.
// write locks the job; looking does not wait for writers.
func openLink(tx *Work, token string, write bool) (*Link, *Job, []Visit, error) {
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
	if tx.Now.Sub(last) > linkAfterVisit && j.Status.Ended() || tx.Now.Sub(last) > linkAfterVisit && len(visits) > 0 {
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
	err := s.inWork(ctx, nil, func(tx *Work) (err error) {
		page, err = linkPage(tx, token)
		return err
	})
	return page, err
}

func linkPage(tx *Work, token string) (*LinkPage, error) {
	l, j, visits, err := openLink(tx, token, false)
	if err != nil {
		return nil, err
	}
	d, err := openCase(tx, j)
	if err != nil {
		return nil, err
	}
	p := &LinkPage{Link: *l, Job: *j, Visit: currentVisit(visits), CentreName: d.centre.Name, CentrePhone: d.centre.Phone,
		Location: d.site.Location(),
		Language: d.customer.LanguageOf(j.ContactID), Now: tx.Now, CanCallMe: !j.Status.Ended(), Unreachable: j.Verdict == reach.Unreachable}
	if v := p.Visit; v != nil {
		for _, id := range v.Crew {
			u, err := tx.User(id)
			if err != nil {
				return nil, err
			}
			p.CrewNames = append(p.CrewNames, u.FirstName())
		}
		p.CanConfirm = v.Status == VisitScheduled && v.Confirmation != ConfirmConfirmed && tx.Now.Before(v.WindowEnd) && d.held == nil
		p.CanCancel = has(visitMoveOf("cancel").From, v.Status)
		p.CanAnotherTime = v.Status == VisitScheduled && tx.Now.Before(v.WindowStart.Add(-anotherTimeUntil))
	}
	if (p.Visit == nil || !p.Visit.Status.Unfinished()) && !j.Status.Ended() && j.Status != JobResolved {
		p.CanAnotherTime = true
	}
	if PlanPermits.unmet(d.plan, nil, nil) != "" { // nobody is sent, at no other time either
		p.CanAnotherTime = false
	}
	series, err := seriesOf(tx, j, "active")
	if err != nil {
		return nil, err
	}
	p.CanStop = series != nil
	p.CanReopen = d.held == nil && has(JobActions(Actor{Role: RoleCustomer, JobID: j.ID}, j, d.holds, d.plan, tx.Now), "reopen") &&
		j.Status.Ended() && j.Status != JobCancelled
	if j.Verdict == reach.LastNotice {
		v, _, err := verdict(d)
		if err != nil {
			return nil, err
		}
		p.AnswerBy = v.LastNoticeEndsAt
	}
	for i := range d.holds {
		if h := &d.holds[i]; h.Kind == HoldUnreachable && h.LiftedAt == nil {
			p.ClosesFrom = h.DueAt
		}
	}
	if err := linkFacts(d, p); err != nil {
		return nil, err
	}
	for _, id := range conductPeople(visits) {
		u, err := tx.User(id)
		if err != nil {
			return nil, err
		}
		p.People = append(p.People, LinkPerson{u.ID, u.FirstName()})
	}
	p.CanCorrect = !j.Status.Ended()
	if p.Steps, err = stepsKnown(tx, j); err != nil {
		return nil, err
	}
	thanked, err := thanksVisit(tx, visits)
	if err != nil {
		return nil, err
	}
	p.CanThank = thanked != nil
	if err := linkNote(tx, p); err != nil {
		return nil, err
	}
	if err := linkSlots(d, p); err != nil {
		return nil, err
	}
	p.FormKey = formKey(tx.svc, l, p.Visit, tx.Now)
	return p, nil
}

// linkFacts adds what the brand says it did, for the household to check.
func linkFacts(d *Case, p *LinkPage) error {
	attempts, err := d.tx.AttemptsOf(d.job.ID)
	if err != nil {
		return err
	}
	disputes, err := d.tx.DisputesOf(d.job.ID)
	if err != nil {
		return err
	}
	of := map[ID]*Dispute{}
	for i := range disputes {
		if f := &disputes[i]; f.Status != DisputeWithdrawn && f.AttemptID != nil {
			of[*f.AttemptID] = f
		} else if f.Status != DisputeWithdrawn && f.VisitID != nil {
			of[*f.VisitID] = f
		}
	}
	for i := len(attempts) - 1; i >= 0 && len(p.Tries) < linkTries; i-- {
		if a := &attempts[i]; a.Direction == reach.Outbound {
			p.Tries = append(p.Tries, LinkTry{ID: a.ID, At: a.OccurredAt, Channel: a.Channel, Outcome: a.Outcome, Grade: a.Grade, Dispute: of[a.ID],
				Disputable: a.Discounted == "" && d.disputable(a.ToldAt) == ""})
		}
	}
	promises, err := d.tx.PromisesDue(d.customer.ID)
	if err != nil {
		return err
	}
	for i := range promises {
		if q := &promises[i]; q.Kind == PromiseCallBack && (q.JobID == d.job.ID || q.Source == FromCase) {
			owner, err := d.tx.User(q.OwnerID)
			if err != nil {
				return err
			}
			p.Caller, p.CallBy = owner.FirstName(), q.DueAt
			break
		}
	}
	v := p.Visit
	if v == nil {
		return nil
	}
	p.VisitDispute = of[v.ID]
	if subject, why := d.disputableVisit(v); why == "" {
		p.VisitSubject = subject
	}
	p.CanDone = v.Status == VisitCompleted && v.DoneConfirmedAt == nil && !v.Disputed && !d.job.Status.Ended()
	if v.Status == VisitArrived || v.Status == VisitInProgress {
		p.EndCode = d.tx.svc.endCode(&p.Link, v.ID)
	}
	return nil
}

// formKey is good for one action on the state that the page showed, for as
// long as used ones are remembered.
func formKey(s *Service, l *Link, v *Visit, now time.Time) string {
	nonce := make([]byte, 24)
	binary.BigEndian.PutUint64(nonce, uint64(now.Unix()))
	_, _ = rand.Read(nonce[8:])
	return signForm(s, l, base64.RawURLEncoding.EncodeToString(nonce), visitMark(v))
}

// readForm gives the mark of a form key that is ours and not too old.
func (s *Service) readForm(l *Link, key string, now time.Time) (mark string, ok bool) {
	parts := strings.Split(key, ".")
	if len(parts) != 3 || len(key) > 200 || !hmac.Equal([]byte(signForm(s, l, parts[0], parts[1])), []byte(key)) {
		return "", false
	}
	nonce, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil || len(nonce) != 24 {
		return "", false
	}
	made := time.Unix(int64(binary.BigEndian.Uint64(nonce)), 0)
	return parts[1], now.Sub(made) < formKeyLife
}

func visitMark(v *Visit) string {
	if v == nil {
		return "0"
	}
	return strconv.FormatUint(binary.BigEndian.Uint64(v.ID[8:])^uint64(v.Version), 36)
}

// signForm signs with the link's own key, so that a form that is open outlives a
// rotation; where that key is no longer kept, with the present one.
func signForm(s *Service, l *Link, nonce, mark string) string {
	mac, kept := s.Keys.mac(l.KeyID, "form", l.ID[:], []byte(nonce), []byte(mark))
	if !kept {
		mac, _ = s.Keys.mac(s.Keys.Current(), "form", l.ID[:], []byte(nonce), []byte(mark))
	}
	return nonce + "." + mark + "." + base64.RawURLEncoding.EncodeToString(mac)
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
