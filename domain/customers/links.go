package customers

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/reach"
)

// LinkURL recomputes the address of a link; it is added at sending and never
// stored. ok is false when its key was retired.
func (s *Service) LinkURL(l *domain.Link) (url string, ok bool) {
	token, ok := s.Keys.Token(l.KeyID, "link", l.ID)
	return s.BaseURL + "/c/" + token, ok
}

// ShareLink is the link as staff hand it on: address and ready text in the
// household's language.
type ShareLink struct {
	JobID     domain.ID `json:"job_id"`
	ShareURL  string    `json:"share_url"`
	Text      string    `json:"text"`
	CreatedAt time.Time `json:"created_at"`
	ReadAt    time.Time `json:"read_at"`
}

// Share gives a link of the job to staff who see the job, the crew included: never
// the one that the system delivers. The reading is noted, for who comes by this link
// may be one of them (docs/product.md section 10). Errors: CodeNotFound.
func (s *Service) Share(ctx context.Context, a domain.Actor, job domain.ID) (ShareLink, error) {
	j, err := s.Read.Job(ctx, a.Scope(), job)
	if err != nil {
		return ShareLink{}, err
	}
	var l *domain.Link
	err = s.InWork(ctx, nil, func(tx *casework.Work) error {
		locked, err := tx.LockJob(job)
		if err != nil {
			return err
		}
		l, err = tx.ReadLinkOfJob(job)
		if casework.NotFound(err) {
			l = &domain.Link{JobID: job, CreatedAt: tx.Now, ReadAt: &tx.Now, ReadBy: &a.UserID}
			err = casework.NewLink(tx.Svc, tx, l)
		}
		if err == nil {
			tx.Entry(locked, a, "link.read", nil, casework.At(tx.Now), nil)
			err = casework.LogSecurity(tx, domain.SecurityEvent{Kind: domain.SecurityLinkRead, ActorID: &a.UserID, JobID: &job})
		}
		return err
	})
	if err != nil {
		return ShareLink{}, err
	}
	url, ok := s.LinkURL(l)
	if !ok {
		return ShareLink{}, domain.NotFound("link")
	}
	c, err := s.Read.Customer(ctx, domain.Scope{All: true}, j.CustomerID)
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
	if visits, err := s.Read.Visits(ctx, domain.Scope{All: true},
		domain.VisitFilter{JobID: &job, Status: []domain.VisitStatus{domain.VisitScheduled}},
		domain.Page{Limit: 1}); err == nil && len(visits) == 1 {
		loc := time.UTC
		if site := c.Site(j.SiteID); site != nil {
			loc = site.Location()
		}
		when = casework.WindowWords(visits[0].WindowStart, visits[0].WindowEnd, loc, language)
	} else if !last {
		kind = "job.share"
	}
	title, body := domain.Say(kind, language, when)
	return ShareLink{JobID: job, ShareURL: url, Text: title + ": " + body + " " + url, CreatedAt: l.CreatedAt,
		ReadAt: *l.ReadAt}, nil
}

// DeliveredLink is the link of a job for the system to deliver; one is made where
// staff have read what there is, which is so of each from before readings were noted.
func (s *Service) DeliveredLink(ctx context.Context, job domain.ID) (l *domain.Link, err error) {
	return l, s.InWork(ctx, nil, func(tx *casework.Work) error {
		if _, err := tx.LockJob(job); err != nil {
			return err
		}
		if l, err = tx.LinkOfJob(job); !casework.NotFound(err) {
			return err
		}
		l = &domain.Link{JobID: job, CreatedAt: tx.Now}
		return casework.NewLink(tx.Svc, tx, l)
	})
}

// SentLink says how a link went to its household.
type SentLink struct {
	JobID  domain.ID               `json:"job_id"`
	SentBy domain.JSONList[string] `json:"sent_by"`
}

// Send has the system deliver the job's link to the household, and shows it to
// nobody. Staff who see the job, the crew included. Errors: CodeNotFound,
// CodeForbidden, CodeState where nothing reaches the household.
func (s *Service) Send(ctx context.Context, call *casework.Call, job domain.ID) (SentLink, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (SentLink, error) {
		j, err := casework.AuthorizeJob(tx, call.Actor, job)
		if err != nil {
			return SentLink{}, err
		}
		if call.Actor.Role == domain.RoleAdmin {
			return SentLink{}, domain.Fail(domain.CodeForbidden, "As admin you may not write to households.")
		}
		c, err := casework.OpenCase(tx, j)
		if err != nil {
			return SentLink{}, err
		}
		out := SentLink{JobID: job, SentBy: domain.JSONList[string]{}}
		devices, err := casework.ProvenDevices(tx, c.Customer, j.ID, tx.Now)
		if err != nil {
			return SentLink{}, err
		}
		if len(devices) > 0 {
			out.SentBy = append(out.SentBy, "device")
		} else if tx.Svc.TextGateway && len(c.Customer.ProvingNumbers(j.ContactID, j.ID, tx.Now)) > 0 {
			out.SentBy = append(out.SentBy, "message")
		}
		if len(out.SentBy) == 0 {
			return SentLink{}, domain.Fail(domain.CodeState,
				"Nothing reaches this household: it has no device, and no number that gets texts. Read the link and hand it on.")
		}
		c.Entry(call.Actor, "link.sent", nil, map[string]any{"by": out.SentBy})
		casework.NotifyCustomer(c, nil, "job.share")
		return out, nil
	})
}

// LinkPage is what the customer's page shows: no full phone number or
// address, no surname.
type LinkPage struct {
	Link        domain.Link
	Job         domain.Job
	Visit       *domain.Visit // the one ahead or under way, else the last one
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
	Photos                                           int        // of its home, which it may have removed
	AnswerBy                                         *time.Time // the last notice runs out
	ClosesFrom                                       *time.Time // an unreachable job may be closed
	Unreachable                                      bool
	// PausedBy is by when whoever answers for a safety hold decides or calls; nil: none stands.
	PausedBy *time.Time
	CanNotUs bool
	// Waits: a hold at the household's request stands, until WaitsUntil where that was said.
	Waits      bool
	WaitsUntil *time.Time
	EndCode    string // to be told to the technician when the work is done
	// DoorWords are what is said at its door today; nil: none. CanWrongWord: it can say that somebody did not know theirs.
	DoorWords    *domain.DoorWords
	CanWrongWord bool
	Tries        []LinkTry
	// VisitSubject is what of the visit the household can dispute now; empty
	// for nothing. VisitDispute is what it disputed of it.
	VisitSubject string
	// Caller and CallBy are who calls back, by first name, and when; empty when
	// nobody promised.
	Caller       string
	CallBy       time.Time
	VisitDispute *domain.Dispute
	// Promised is what else staff promised it for this job.
	Promised []LinkPromise
	// What is known, for the household to read and correct.
	Steps                []domain.StepRecord
	CanCorrect, CanThank bool
	// NoteUntil is how long a note stands that the household was told of, and
	// NoteAnswer why it stayed on its last appeal.
	NoteUntil  *time.Time
	NoteAnswer string
	CanAppeal  bool
	People     []LinkPerson // whom a report can be about
	Free       []FreeSlot   // windows that it can choose, in order
	Held       *HeldSlot    // the one that it has chosen and not taken
	// Asked is what was asked by a link that staff had read, and waits for the
	// household's word.
	Asked []domain.LinkRequest
}

// LinkPerson is one of our people as a household knows them.
type LinkPerson struct {
	ID   domain.ID
	Name string // the first one
}

// LinkPromise is what was promised to a household, other than a call.
type LinkPromise struct {
	What string
	By   time.Time
}

// LinkTry is one try to reach the household as its page lists it: no number,
// no name.
type LinkTry struct {
	ID         domain.ID
	At         time.Time
	Channel    string
	Outcome    string
	Grade      string
	Disputable bool
	Dispute    *domain.Dispute
}

// linkTries bounds the list of the page; older ones stay in the timeline.
const linkTries = 20

func linkGone() error { return domain.NotFound("link") }

// openLink finds a live link; unknown, revoked and expired are one answer.
// write locks the job; looking does not wait for writers.
func openLink(tx *casework.Work, token string, write bool) (*domain.Link, *domain.Job, []domain.Visit, error) {
	if len(token) > 128 {
		return nil, nil, nil, linkGone()
	}
	l, err := tx.LinkByHash(domain.HashToken(token))
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
	if tx.Now.Sub(last) > domain.LinkAfterVisit && (j.Status.Ended() || len(visits) > 0) {
		asked, err := tx.LinkRequestsOf(j.ID) // whether a change of its number was its own: it can say so by this link alone
		if err != nil {
			return nil, nil, nil, err
		}
		if !slices.ContainsFunc(asked, func(r domain.LinkRequest) bool { return r.Action == domain.NumberChanged && r.Open(tx.Now) }) {
			return nil, nil, nil, linkGone()
		}
	}
	return l, j, visits, nil
}

// currentVisit is the one the page speaks of. Of a visit that was missed because somebody else had moved it, it does not speak of the
// other time.
func currentVisit(visits []domain.Visit) *domain.Visit {
	missed := func(id *domain.ID) bool {
		return id != nil && slices.ContainsFunc(visits, func(v domain.Visit) bool { return v.ID == *id && v.Status == domain.VisitMissed })
	}
	var last *domain.Visit
	for i := range visits {
		v := &visits[i]
		if v.Status.UnderWay() {
			return v
		}
		if v.Status == domain.VisitCancelled && missed(v.PredecessorID) {
			continue
		}
		if last == nil || v.Status == domain.VisitScheduled && last.Status != domain.VisitScheduled ||
			v.Status == last.Status && v.Status != domain.VisitScheduled && v.WindowStart.After(last.WindowStart) ||
			v.Status != domain.VisitScheduled && last.Status != domain.VisitScheduled && v.WindowStart.After(last.WindowStart) {
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
	err := s.InWork(ctx, nil, func(tx *casework.Work) (err error) {
		page, err = linkPage(tx, token)
		return err
	})
	return page, err
}

func linkPage(tx *casework.Work, token string) (*LinkPage, error) {
	l, j, visits, err := openLink(tx, token, false)
	if err != nil {
		return nil, err
	}
	c, err := casework.OpenCase(tx, j)
	if err != nil {
		return nil, err
	}
	p := &LinkPage{Link: *l, Job: *j, Visit: currentVisit(visits), CentreName: c.Centre.Name, CentrePhone: c.Centre.Phone,
		Location: c.Site.Location(),
		Language: c.Customer.LanguageOf(j.ContactID), Now: tx.Now, CanCallMe: !j.Status.Ended(), Unreachable: j.Verdict == reach.Unreachable}
	leaving := false // somebody of the crew does not go for this centre any more, and is not named
	if v := p.Visit; v != nil {
		for _, id := range v.Crew {
			u, err := tx.User(id)
			if err != nil {
				return nil, err
			}
			if v.Status.Unfinished() && !u.GoesFor(j.CentreID) {
				leaving = true
				continue
			}
			p.CrewNames = append(p.CrewNames, u.FirstName())
		}
		p.CanConfirm = v.Status == domain.VisitScheduled && v.Confirmation != domain.ConfirmConfirmed && tx.Now.Before(v.WindowEnd) &&
			c.Held == nil
		p.CanCancel = domain.Has(domain.VisitMoveOf("cancel").From, v.Status)
		p.CanAnotherTime = v.Status == domain.VisitScheduled && tx.Now.Before(v.WindowStart.Add(-domain.AnotherTimeUntil))
	}
	if (p.Visit == nil || !p.Visit.Status.Unfinished()) && !j.Status.Ended() && j.Status != domain.JobResolved {
		p.CanAnotherTime = true
	}
	if domain.PlanPermits.Unmet(c.Plan, nil, nil) != "" { // nobody is sent, at no other time either
		p.CanAnotherTime = false
	}
	series, err := seriesOf(tx, j, "active")
	if err != nil {
		return nil, err
	}
	p.CanStop = series != nil
	photos, err := tx.FilesOfHome(j.ID)
	if err != nil {
		return nil, err
	}
	p.Photos = len(photos)
	p.CanReopen = c.Held == nil && domain.Has(domain.JobActions(domain.Actor{Role: domain.RoleCustomer, JobID: j.ID}, j, c.Holds, c.Plan,
		tx.Now), "reopen") && j.Status.Ended()
	if j.Verdict == reach.LastNotice {
		v, _, err := casework.Verdict(c)
		if err != nil {
			return nil, err
		}
		p.AnswerBy = v.LastNoticeEndsAt
	}
	for i := range c.Holds {
		switch h := &c.Holds[i]; {
		case h.LiftedAt != nil:
		case h.Kind == domain.HoldUnreachable:
			p.ClosesFrom = h.DueAt
		case h.Kind == domain.HoldCustomerRequest && !j.Status.Ended():
			p.Waits, p.WaitsUntil = true, h.DueAt
		}
	}
	if c.Held != nil && c.Held.DueAt != nil && !j.Status.Ended() {
		with, err := c.SomebodyIsThere() // to whom it would be dangerous that the household reads of it
		if err != nil {
			return nil, err
		}
		if !with {
			p.PausedBy, p.CanNotUs = c.Held.DueAt, true
		}
	}
	if v := p.Visit; v != nil && awaitedToday(c, v) {
		p.CanWrongWord = true
		// By a link that staff have read somebody else would learn what the household answers.
		if !l.Read() && v.HasDoorWords(p.PausedBy != nil) && !leaving {
			p.DoorWords = domain.Ptr(tx.Svc.Keys.DoorWords(v.ID, v.Crew))
		}
	}
	if err := linkEntries(c, p); err != nil {
		return nil, err
	}
	for _, id := range ConductPeople(visits) {
		u, err := tx.User(id)
		if err != nil {
			return nil, err
		}
		p.People = append(p.People, LinkPerson{u.ID, u.FirstName()})
	}
	p.CanCorrect = !j.Status.Ended()
	if p.Steps, err = casework.StepsKnown(tx, j); err != nil {
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
	if p.Asked, err = tx.LinkRequestsOf(j.ID); err != nil {
		return nil, err
	}
	p.Asked = slices.DeleteFunc(p.Asked, func(r domain.LinkRequest) bool { return !r.Open(tx.Now) })
	if err := linkSlots(c, p); err != nil {
		return nil, err
	}
	p.FormKey = formKey(tx.Svc, l, p.Visit, tx.Now)
	return p, nil
}

// linkEntries adds what the brand says it did, for the customer to check.
func linkEntries(c *casework.Case, p *LinkPage) error {
	attempts, err := c.Tx.AttemptsOf(c.Job.ID)
	if err != nil {
		return err
	}
	disputes, err := c.Tx.DisputesOf(c.Job.ID)
	if err != nil {
		return err
	}
	of := map[domain.ID]*domain.Dispute{}
	by := map[domain.ID]*domain.Attempt{}
	for i := range attempts {
		by[attempts[i].ID] = &attempts[i]
	}
	again := map[domain.ID]*domain.Dispute{} // what this page may deny once more
	for i := range disputes {
		f := &disputes[i]
		about := f.AttemptID
		if about == nil {
			about = f.VisitID
		}
		if f.Status == domain.DisputeWithdrawn {
			continue
		}
		of[*about] = f
		if f.ViaID != nil && !p.Link.Read() && mayReplace(f, by[*f.ViaID]) {
			again[*about] = f
		}
	}
	for i := len(attempts) - 1; i >= 0 && len(p.Tries) < linkTries; i-- {
		if a := &attempts[i]; a.Direction == reach.Outbound {
			p.Tries = append(p.Tries, LinkTry{ID: a.ID, At: a.OccurredAt, Channel: a.Channel, Outcome: a.Outcome, Grade: a.Grade, Dispute: of[a.ID],
				Disputable: (a.Discounted == "" && of[a.ID] == nil || again[a.ID] != nil) && c.Disputable(a.ToldAt) == ""})
		}
	}
	promises, err := c.Tx.PromisesDue(c.Customer.ID)
	if err != nil {
		return err
	}
	for i := range promises {
		switch q := &promises[i]; {
		case q.Kind != domain.PromiseCallBack:
			if q.JobID == c.Job.ID && domain.Says(q.What) {
				p.Promised = append(p.Promised, LinkPromise{What: q.What, By: q.DueAt})
			}
		case p.Caller == "" && (q.JobID == c.Job.ID || q.Source == domain.FromCase):
			owner, err := c.Tx.User(q.OwnerID)
			if err != nil {
				return err
			}
			p.Caller, p.CallBy = owner.FirstName(), q.DueAt
		}
	}
	v := p.Visit
	if v == nil {
		return nil
	}
	p.VisitDispute = of[v.ID]
	old := of[v.ID]
	if subject, why := c.DisputableVisit(v); why == "" && (old == nil || old.Subject != subject || again[v.ID] != nil) {
		p.VisitSubject = subject
	} else if f := again[v.ID]; f != nil && v.Disputed && c.Disputable(v.ToldAt) == "" {
		p.VisitSubject = f.Subject
	}
	p.CanDone = v.Status == domain.VisitCompleted && v.DoneConfirmedAt == nil && !v.Disputed && !c.Job.Status.Ended()
	// The code proves that the crew spoke with the household; by this link they could
	// read it themselves.
	if !p.Link.Read() && (v.Status == domain.VisitArrived || v.Status == domain.VisitInProgress) {
		p.EndCode = casework.EndCode(c.Tx.Svc, &p.Link, v.ID)
	}
	return nil
}

// formKey is good for one action on the state that the page showed, for as
// long as used ones are remembered.
func formKey(s *casework.Service, l *domain.Link, v *domain.Visit, now time.Time) string {
	nonce := make([]byte, 24)
	binary.BigEndian.PutUint64(nonce, uint64(now.Unix()))
	_, _ = rand.Read(nonce[8:])
	return signForm(s, l, base64.RawURLEncoding.EncodeToString(nonce), visitMark(v))
}

// readForm gives the mark of a form key that is ours and not too old.
func (s *Service) readForm(l *domain.Link, key string, now time.Time) (mark string, ok bool) {
	parts := strings.Split(key, ".")
	if len(parts) != 3 || len(key) > 200 || !hmac.Equal([]byte(signForm(s.Service, l, parts[0], parts[1])), []byte(key)) {
		return "", false
	}
	nonce, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil || len(nonce) != 24 {
		return "", false
	}
	made := time.Unix(int64(binary.BigEndian.Uint64(nonce)), 0)
	return parts[1], now.Sub(made) < domain.FormKeyLife
}

func visitMark(v *domain.Visit) string {
	if v == nil {
		return "0"
	}
	return strconv.FormatUint(binary.BigEndian.Uint64(v.ID[8:])^uint64(v.Version), 36)
}

// signForm signs with the link's own key, so that a form that is open outlives a
// rotation; where that key is no longer kept, with the present one.
func signForm(s *casework.Service, l *domain.Link, nonce, mark string) string {
	mac, kept := s.Keys.Mac(l.KeyID, "form", l.ID[:], []byte(nonce), []byte(mark))
	if !kept {
		mac, _ = s.Keys.Mac(s.Keys.Current(), "form", l.ID[:], []byte(nonce), []byte(mark))
	}
	return nonce + "." + mark + "." + base64.RawURLEncoding.EncodeToString(mac)
}

// LinkActor is the household behind a token, for device registration.
func (s *Service) LinkActor(ctx context.Context, token string) (domain.Actor, error) {
	p, err := s.OpenLink(ctx, token)
	if err != nil {
		return domain.Actor{}, err
	}
	return domain.Actor{Role: domain.RoleCustomer, JobID: p.Job.ID, LinkID: p.Link.ID, Unproven: p.Link.Read(), Name: "customer"}, nil
}

// ToldOf lists the advisories that a household was told of, that concern a
// job's door and stand.
func ToldOf(tx *casework.Work, j *domain.Job) ([]domain.Advisory, error) {
	list, err := tx.AdvisoriesOf(j.CustomerID)
	if err != nil {
		return nil, err
	}
	out := []domain.Advisory{}
	for _, x := range list {
		if x.Stands(tx.Now) == domain.AdvisoryApproved && x.ToldAt != nil && (x.SiteID == nil || *x.SiteID == j.SiteID) {
			out = append(out, x)
		}
	}
	return out, nil
}

// linkNote tells the household's page that a note stands and until when, and
// nothing of what is in it.
func linkNote(tx *casework.Work, p *LinkPage) error {
	list, err := ToldOf(tx, &p.Job)
	if err != nil {
		return err
	}
	for i := range list {
		x := &list[i]
		if p.NoteUntil == nil || x.ExpiresAt.After(*p.NoteUntil) {
			p.NoteUntil = &x.ExpiresAt
		}
		appeals, err := tx.AppealsOf(x.ID)
		if err != nil {
			return err
		}
		p.CanAppeal = p.CanAppeal || domain.OpenAppeal(appeals) == nil
		for _, q := range appeals {
			if q.Outcome == "keep" {
				p.NoteAnswer = q.Reasons
			}
		}
	}
	return nil
}

// ConductPeople are those of our people who set out for a household. Whom it
// has not met yet it can only describe.
func ConductPeople(visits []domain.Visit) []domain.ID {
	var out []domain.ID
	add := func(ids []domain.ID) {
		for _, id := range ids {
			if !domain.Has(out, id) {
				out = append(out, id)
			}
		}
	}
	for i := range visits {
		if v := &visits[i]; v.Met() {
			add(v.EverCrew)
		}
	}
	return out
}
