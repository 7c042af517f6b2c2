package api

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"doorstep/api/pages"
	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/accounts"
	"doorstep/domain/customers"
	"doorstep/domain/safety"
)

// linkActions are what the customer's page can do, in the order in which it
// offers them.
var linkActions = []string{"confirm", "done", "dispute", "another-time", "cancel", "stop-visits", "remove-photos", "call-me",
	"could-not-reach", "not-us",
	"go-on", "wrong-word",
	"reopen",
	"passport", "thanks", "report", "withdraw-report", "appeal", "wrong-person", "verify", "undo"}

var dayParts = []string{"morning", "afternoon", "evening", "any"}

// noteLimit of what a customer writes, in characters, as in the contract.
const noteLimit = 500

func mountCustomerPage(a *App, s *web.Server) {
	for name, script := range map[string]string{"/push.js": "push.js", "/sw.js": "sw.js"} {
		body := pages.Script(script)
		s.Page("GET", name, func(c *fiber.Ctx) error {
			c.Set(fiber.HeaderContentType, "text/javascript; charset=utf-8")
			c.Set(fiber.HeaderCacheControl, "no-cache")
			return c.Send(body)
		})
	}
	s.Page("GET", "/c/{token}", retryLater(a.customerPage))
	for _, action := range linkActions {
		s.Page("POST", "/c/{token}/"+action, retryLater(a.customerAct(action)))
	}
	s.Page("GET", "/c/{token}/visit.ics", a.visitCalendar)
	s.Handle("PUT", "/c/{token}/devices/{installation_id}", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "installation_id", "device")
		if err != nil {
			return err
		}
		in, err := decode[accounts.DeviceInput](c)
		if err != nil {
			return err
		}
		if a.Browsers != nil && !a.Browsers.Takes(in.Token) {
			return domain.Fail(domain.CodeUnprocessable, "This is no push service of a browser.").
				At("/token", "the browser's PushSubscription, or a token of the app")
		}
		actor, err := a.Service.Customers.LinkActor(c.UserContext(), c.Params("token"))
		if err != nil {
			return a.missed(c, err)
		}
		call, err := callOf(c, fiber.StatusOK)
		if err != nil {
			return err
		}
		call.Actor = actor
		if _, err := a.Service.Accounts.PutDevice(c.UserContext(), call, id, in); err != nil {
			return err
		}
		return sendAnswer(c, call, "")
	})
}

// customerView is the page as the template reads it.
type customerView struct {
	Text                                                       *pages.Text
	Title, Tone, Explain                                       string
	Centre, Phone, Names                                       string
	Day, Hours, DateTime, WhenLabel                            string
	CanConfirm, CanAnotherTime, CanCancel, CanCallMe, CanNotUs bool
	First                                                      bool // another time is what the customer is asked for first
	ConfirmWords, Calendar                                     string
	Key, Min, Max, PushKey                                     string
	Parts                                                      []partView
	Entered                                                    url.Values // of a form that came back
	Wrong                                                      map[string]string
	Done, Alert, Promise, Replacement                          string
	Promised                                                   []string // other than a call
	CanDone, CanReopen, CanStop                                bool
	PhotoWords                                                 string // how many photos of its home there are
	EndCode                                                    string
	TheySay, YouAnswer                                         string // at the door
	CanWrongWord                                               bool
	TriesWords                                                 string
	Tries                                                      []tryView
	TriesOpen                                                  bool // something in the list can be disputed
	VisitID                                                    string
	// Waits and Agreed are what we understood that it asked for, or agreed to, and it can deny with one tap.
	Waits, Agreed                 string
	VisitDeny                     string // what the customer says to dispute the visit
	VisitClaims, TryClaims        []partView
	VisitSays                     string // what came of its dispute
	Others                        []otherLanguage
	Fault, WhatMatters            string
	Steps                         []stepLine
	Results                       []partView
	CanCorrect, CanThank          bool
	People, Whats                 []partView // of a report about our people
	NoteWords, NoteAnswer         string
	CanAppeal                     bool
	Free                          []partView // windows to choose from
	KeptDay, KeptHours, KeptWords string     // the one that is kept
	AskedWords                    string     // of what was asked by a link that staff had read
	NotMyNumber                   bool       // its number was changed, which it can deny by any link
	Asked                         []string   // what it was; by such a link it is not said
	NeedsCode                     bool

	base, query string
}

// tryView is one try to reach the customer, in words.
type tryView struct {
	ID, When, Words, Grade, Says string
	Disputable                   bool
}

type partView struct {
	Value, Words string
	Checked      bool
}

// field names one text field of the page, so that its label is its own.
type field struct {
	*customerView
	Name string
	Of   string // which of two alike parts it is, for its words: "" or ".try"
}

// otherLanguage is one that the reader may choose, by its own name.
type otherLanguage struct{ Lang, Name, URL string }

// Field gives the view to a part of the page under a name.
func (v *customerView) Field(name, of string) field { return field{v, name, of} }

// Devices is where the browser registers; its own id is added.
func (v *customerView) Devices() string { return v.base + "/devices/" }

// Action is the address of a form.
func (v *customerView) Action(name string) string { return v.base + "/" + name + v.query }

// localizer is the language of one request: the reader's own choice on the page,
// else Accept-Language, else the customer's language, else English.
func localizer(c *fiber.Ctx, language string) (text *pages.Text, chosen bool) {
	if text = pages.In(c.Query("lang")); text != nil {
		return text, true
	}
	return pages.Speak(c.Get(fiber.HeaderAcceptLanguage), language), false
}

// retryLater asks a reader, in their language, to come back when the server cannot
// answer just now or was asked too often.
func retryLater(h fiber.Handler) fiber.Handler {
	return func(c *fiber.Ctx) error {
		err := h(c)
		p := web.ProblemOf(err)
		if err == nil || p.Code != domain.CodeUnavailable && p.Status != fiber.StatusTooManyRequests || !web.WantsHTML(c) {
			return err
		}
		text, _ := localizer(c, "")
		if p.Code == domain.CodeUnavailable {
			p.RetryAfter = max(p.RetryAfter, time.Minute)
		}
		p.SetRetryAfter(c)
		return sendCustomer(c, p.Status, "plain", &customerView{Text: text, Tone: "warn", Title: text.Say("later.title"),
			Explain: text.Say("later.explain")})
	}
}

func (a *App) customerPage(c *fiber.Ctx) error {
	page, err := a.Service.Customers.OpenLink(c.UserContext(), c.Params("token"))
	if err != nil {
		return a.linkFailed(c, err)
	}
	v := viewCustomer(c, page)
	if a.Browsers != nil {
		v.PushKey = a.Browsers.PublicKey()
	}
	v.Done = doneWords(v.Text, c.Query("done"), page)
	return sendCustomer(c, fiber.StatusOK, "customer", v)
}

// doneWords thanks for what was done. The query chooses among known sentences
// only, and not one that the state belies.
func doneWords(t *pages.Text, done string, p *customers.LinkPage) string {
	switch done {
	case "confirm":
		if p.Visit == nil || p.Visit.Confirmation != domain.ConfirmConfirmed {
			return ""
		}
	case "cancel":
		if p.Visit == nil || p.Visit.Status != domain.VisitCancelled {
			return ""
		}
	case "done":
		if p.Visit == nil || p.Visit.DoneConfirmedAt == nil {
			return ""
		}
	case "stop-visits":
		if p.CanStop {
			return ""
		}
	case "remove-photos":
		if p.Photos > 0 {
			return ""
		}
	case "slot-held":
		if p.Held == nil {
			return ""
		}
	case "slot-taken":
		if p.Visit == nil || p.Visit.Status != domain.VisitScheduled || p.Visit.Confirmation != domain.ConfirmConfirmed {
			return ""
		}
	case "another-time", "not-us", "go-on", "wrong-word", "call-me", "could-not-reach", "dispute", "reopen", "passport", "thanks", "report",
		"withdraw-report",
		"appeal",
		"already", "kept", "verify", "undo":
	default:
		return ""
	}
	return t.Say("done." + done)
}

func (a *App) customerAct(action string) fiber.Handler {
	return func(c *fiber.Ctx) error {
		token := c.Params("token")
		form, err := web.Form(c)
		if err != nil {
			return err
		}
		in := customers.LinkAction{Action: action, FormKey: form.Get("form_key"), Date: form.Get("date"), Part: form.Get("part"),
			Window: form.Get("window"), Take: form.Has("take"), Note: form.Get("note"),
			Claim: form.Get("claim"), Reason: form.Get("reason"),
			Fault: said(form, "fault"), WhatMatters: said(form, "what_matters"), Step: said(form, "step"), Result: form.Get("result"),
			Text: form.Get("text"), What: form.Get("what"), Code: form.Get("code")}
		if form.Has("back") {
			in.Note = form.Get("back")
		}
		var done string
		for name, to := range map[string]**domain.ID{"attempt_id": &in.AttemptID, "visit_id": &in.VisitID, "who": &in.SubjectID,
			"device": &in.Device} {
			if raw := form.Get(name); raw != "" && err == nil {
				id, bad := uuid.Parse(raw)
				if bad != nil {
					err = domain.Fail(domain.CodeUnprocessable, "There is no such entry.").At("/"+name, "an id")
				}
				*to = &id
			}
		}
		if err != nil {
			return a.customerRefused(c, token, form, err)
		}
		if len([]rune(in.Note)) > noteLimit {
			err = domain.Fail(domain.CodeUnprocessable, "The note is too long.").At("/note", "at most 500 characters")
		} else {
			done, err = a.Service.Customers.LinkAct(c.UserContext(), token, in)
		}
		if err != nil {
			return a.customerRefused(c, token, form, err)
		}
		if action == "wrong-person" && done != "kept" { // the link is gone; there is no page to go back to
			text, _ := localizer(c, "")
			return sendCustomer(c, fiber.StatusOK, "plain", &customerView{Text: text, Tone: "good", Title: text.Say("wrong.title"),
				Explain: text.Say("wrong.explain")})
		}
		query := url.Values{"done": {done}}
		if text, chosen := localizer(c, ""); chosen {
			query.Set("lang", text.Lang)
		}
		c.Set(fiber.HeaderLocation, "/c/"+url.PathEscape(token)+"?"+query.Encode())
		setCustomerHeaders(c)
		return c.SendStatus(fiber.StatusSeeOther)
	}
}

// customerRefused shows the page as it stands now and says why nothing was
// done. The sentence of the error is for staff and is not shown.
func (a *App) customerRefused(c *fiber.Ctx, token string, form url.Values, err error) error {
	kind := domainKind(err)
	if kind != domain.KindConflict && kind != domain.KindPrecondition && kind != domain.KindForbidden && kind != domain.KindUnprocessable {
		return a.linkFailed(c, err)
	}
	page, openErr := a.Service.Customers.OpenLink(c.UserContext(), token)
	if openErr != nil {
		return a.linkFailed(c, openErr)
	}
	v := viewCustomer(c, page)
	if kind != domain.KindUnprocessable {
		v.Alert = v.Text.Say("stale")
		if domain.IsCode(err, domain.CodeOverlap) {
			v.Alert = v.Text.Say("slots.gone")
		}
		return sendCustomer(c, fiber.StatusConflict, "customer", v)
	}
	v.Alert, v.Entered = v.Text.Say("check"), form
	for i := range v.Parts {
		v.Parts[i].Checked = v.Parts[i].Value == form.Get("part")
	}
	for i := range v.Results {
		v.Results[i].Checked = v.Results[i].Value == form.Get("result")
	}
	for i := range v.Whats {
		v.Whats[i].Checked = v.Whats[i].Value == form.Get("what")
	}
	for i := range v.People {
		v.People[i].Checked = v.People[i].Value == form.Get("who")
	}
	var e *domain.Error
	if errors.As(err, &e) {
		for _, f := range e.Fields {
			switch field := strings.TrimPrefix(f.Pointer, "/"); field {
			case "code":
				v.Wrong["code"] = v.Text.Say("asked.code.wrong")
			case "window_start":
				v.Wrong["window"] = v.Text.Say("slots.window.wrong")
			case "date", "part", "note":
				if form.Has("back") {
					v.Wrong["back"] = v.Text.Say("another.note.wrong")
					break
				}
				if form.Has("what") {
					v.Wrong["what"] = v.Text.Say("another.note.wrong")
					break
				}
				v.Wrong[field] = v.Text.Say("another." + field + ".wrong")
			case "claim", "attempt_id", "visit_id":
				v.Wrong["claim"] = v.Text.Say("dispute.claim.wrong")
			case "what", "who":
				v.Wrong[field] = v.Text.Say("report." + field + ".wrong")
			case "reason":
				if form.Has("claim") {
					v.Wrong["claim"] = v.Text.Say("another.note.wrong")
				} else {
					v.Wrong["note_reason"] = v.Text.Say("another.note.wrong")
				}
			case "fault", "what_matters", "step", "result", "text":
				if field == "result" || form.Has(field) {
					v.Wrong[field] = v.Text.Say("known." + field + ".wrong")
				}
			}
		}
	}
	return sendCustomer(c, fiber.StatusUnprocessableEntity, "customer", v)
}

// linkFailed answers unknown, expired and revoked links with the same bytes.
func (a *App) linkFailed(c *fiber.Ctx, err error) error {
	if err = a.missed(c, err); domainKind(err) != domain.KindNotFound {
		return err
	}
	text, _ := localizer(c, "")
	return sendCustomer(c, fiber.StatusNotFound, "plain", &customerView{Text: text, Tone: "warn", Title: text.Say("gone.title"),
		Explain: text.Say("gone.explain")})
}

func setCustomerHeaders(c *fiber.Ctx) {
	c.Set(fiber.HeaderContentSecurityPolicy, pages.Customer.CSP)
	c.Set("X-Robots-Tag", "noindex, nofollow")
}

func sendCustomer(c *fiber.Ctx, status int, name string, v *customerView) error {
	body, err := pages.Customer.Render(name, v)
	if err != nil {
		return err
	}
	setCustomerHeaders(c)
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	return c.Status(status).Send(body)
}

// viewCustomer says a page of a link in the reader's language.
func viewCustomer(c *fiber.Ctx, p *customers.LinkPage) *customerView {
	text, chosen := localizer(c, p.Language)
	v := newCustomerView(p, text)
	v.base = "/c/" + url.PathEscape(c.Params("token"))
	if chosen {
		v.query = "?lang=" + text.Lang
	}
	if v.Calendar != "" {
		v.Calendar = v.base + "/visit.ics" + v.query
	}
	for i := range v.Others {
		v.Others[i].URL = v.base + "?lang=" + v.Others[i].Lang
	}
	return v
}

// customerState names what the page speaks of: it chooses heading, sentence
// and tone.
func customerState(p *customers.LinkPage) (state, tone string) {
	v := p.Visit
	switch {
	case p.Job.Status == domain.JobClosed:
		return "closed", ""
	case p.Job.Status == domain.JobCancelled:
		return "job_cancelled", ""
	case p.Unreachable && (v == nil || !v.Status.Unfinished()):
		return "unreachable", "warn"
	case p.AnswerBy != nil && (v == nil || !v.Status.Unfinished()):
		return "last_notice", "warn"
	case v == nil:
		return "none", ""
	case p.VisitDispute != nil && p.VisitDispute.Status == domain.DisputeOpen:
		return "objected", "warn"
	case v.Status == domain.VisitCompleted && v.DoneConfirmedAt != nil:
		return "done", "good"
	case v.Status != domain.VisitScheduled:
		switch v.Status {
		case domain.VisitMissed:
			return string(v.Status), "bad"
		case domain.VisitNoAccess, domain.VisitStopped, domain.VisitPartial, domain.VisitCancelled:
			return string(v.Status), "warn"
		case domain.VisitRescheduled:
			return string(v.Status), ""
		case domain.VisitScheduled, domain.VisitEnRoute, domain.VisitArrived, domain.VisitInProgress, domain.VisitCompleted:
		}
		return string(v.Status), "good"
	case !p.Now.Before(v.WindowEnd):
		return "late", "warn"
	case v.Confirmation == domain.ConfirmDeclined:
		return "declined", ""
	case v.Confirmation == domain.ConfirmConfirmed:
		return "confirmed", "good"
	case !p.CanConfirm: // something must be settled first; the page does not say what
		return "waiting", "warn"
	}
	return "awaiting", ""
}

func newCustomerView(p *customers.LinkPage, t *pages.Text) *customerView {
	state, tone := customerState(p)
	v := &customerView{Text: t, Tone: tone, Title: t.Say("h." + state), Explain: t.Say("p." + state), Centre: p.CentreName,
		Phone:      p.CentrePhone,
		CanConfirm: p.CanConfirm, CanAnotherTime: p.CanAnotherTime, CanCancel: p.CanCancel, CanCallMe: p.CanCallMe, CanNotUs: p.CanNotUs,
		Key: p.FormKey, Entered: nil, Wrong: map[string]string{}, ConfirmWords: t.Say("confirm")}
	loc := p.Location
	if loc == nil {
		loc = time.UTC
	}
	if state == "declined" {
		v.ConfirmWords, v.WhenLabel = t.Say("confirm.keep"), t.Say("when.before")
	}
	v.First = p.CanAnotherTime && slices.Contains([]string{"missed", "none", "unreachable", "no_access", "partial", "cancelled"}, state)
	if visit := p.Visit; visit != nil && state != "unreachable" && state != "closed" && state != "job_cancelled" {
		v.Day, v.Hours = windowWords(t, visit.WindowStart, visit.WindowEnd, p.Now, loc)
		v.DateTime = visit.WindowStart.In(loc).Format(time.RFC3339)
		if visit.Status.Unfinished() || visit.Status == domain.VisitCompleted {
			v.Names = strings.Join(p.CrewNames, ", ")
		}
		if visit.Status == domain.VisitScheduled && state != "late" {
			v.Calendar = "visit.ics"
		}
	}
	entriesInWords(v, p, t, loc)
	moment := func(at time.Time) string {
		day, hours := windowWords(t, at, at, p.Now, loc)
		return day + ", " + hours
	}
	if p.Visit != nil {
		if why := p.Visit.NotMet(); why != nil {
			v.Explain += " " + t.Say("notmet", "Why", t.Say("notmet."+why.Code))
		}
	}
	switch {
	case state == "last_notice":
		v.Explain = t.Say("p.last_notice", "When", moment(*p.AnswerBy))
	case state == "unreachable" && p.ClosesFrom != nil:
		v.Explain += " " + t.Say("p.unreachable.closes", "When", moment(*p.ClosesFrom))
	case p.PausedBy != nil:
		v.Explain = t.Say("p.paused", "When", moment(*p.PausedBy))
	case state == "closed" && p.CanReopen:
		v.Explain = t.Say("p.closed.reopen")
	case state == "job_cancelled" && p.CanReopen:
		v.Explain = t.Say("p.job_cancelled.reopen")
	}
	switch {
	case p.Waits && p.WaitsUntil != nil:
		v.Waits = t.Say("waits.until", "When", dayWords(t, *p.WaitsUntil, p.Now, loc))
	case p.Waits:
		v.Waits = t.Say("waits")
	}
	today := p.Now.In(loc)
	v.Min, v.Max = today.Format("2006-01-02"), today.AddDate(0, 3, 0).Format("2006-01-02")
	for _, part := range dayParts {
		v.Parts = append(v.Parts, partView{Value: part, Words: t.Say("part." + part), Checked: part == "any"})
	}
	for _, f := range p.Free {
		day, hours := windowWords(t, f.WindowStart, f.WindowEnd, p.Now, loc)
		v.Free = append(v.Free, partView{Value: f.WindowStart.Format(time.RFC3339), Words: day + ", " + hours})
	}
	if p.Held != nil {
		v.KeptDay, v.KeptHours = windowWords(t, p.Held.WindowStart, p.Held.WindowEnd, p.Now, loc)
		v.KeptWords = t.Say("slots.kept", "Until", p.Held.Until.In(loc).Format("15:04"))
	}
	if len(p.Asked) > 0 {
		v.AskedWords, v.NeedsCode = t.Say("asked.explain"), p.Link.Read()
		number := func(r domain.LinkRequest) bool { return r.Action == domain.NumberChanged }
		if !slices.ContainsFunc(p.Asked, func(r domain.LinkRequest) bool { return !number(r) }) {
			v.AskedWords = t.Say("asked.number.explain")
		}
		v.NotMyNumber = v.NeedsCode && slices.ContainsFunc(p.Asked, number)
		if v.NeedsCode {
			v.AskedWords = t.Say("asked.code.explain")
		}
		for _, r := range p.Asked {
			if !v.NeedsCode {
				v.Asked = append(v.Asked, t.Say("asked."+r.Action))
			}
		}
	}
	v.Fault, v.WhatMatters, v.CanCorrect, v.CanThank = p.Job.Fault, p.Job.WhatMatters, p.CanCorrect, p.CanThank
	v.stepLines(p, loc)
	if p.NoteUntil != nil {
		v.NoteWords, v.NoteAnswer, v.CanAppeal = t.Say("note.explain", "Until", dayWords(t, p.NoteUntil.Add(-time.Second), p.Now, loc)),
			p.NoteAnswer, p.CanAppeal
	}
	for _, result := range []string{"worked", "failed", "unclear"} {
		v.Results = append(v.Results, partView{Value: result, Words: t.Say("result." + result)})
	}
	for _, who := range p.People {
		v.People = append(v.People, partView{Value: who.ID.String(), Words: who.Name})
	}
	v.People = append(v.People, partView{Words: t.Say("report.who.else"), Checked: true})
	for _, what := range safety.ConductWhat {
		v.Whats = append(v.Whats, partView{Value: what, Words: t.Say("report." + what)})
	}
	for _, language := range domain.Languages {
		if language != t.Lang {
			v.Others = append(v.Others, otherLanguage{Lang: language, Name: domain.LanguageName(language)})
		}
	}
	return v
}

// claimsOf lists what a customer can say against an entry.
var claimsOf = map[string][]string{
	domain.AboutAttempt:    {"phone_was_on", "was_home", "nobody_came", "other"},
	domain.AboutNoAccess:   {"was_home", "nobody_came", "other"},
	domain.AboutCompletion: {"nobody_came", "not_done", "other"},
	domain.AboutAgreement:  {"not_agreed", "other"},
}

func claims(t *pages.Text, subject string) []partView {
	var out []partView
	for _, c := range claimsOf[subject] {
		out = append(out, partView{Value: c, Words: t.Say("claim." + c)})
	}
	return out
}

// entriesInWords says what the brand claims to have done, and what the customer
// can say to it.
func entriesInWords(v *customerView, p *customers.LinkPage, t *pages.Text, loc *time.Location) {
	if p.Photos > 0 {
		v.PhotoWords = t.Count("photos", p.Photos)
	}
	v.CanDone, v.CanReopen, v.CanStop, v.EndCode, v.CanWrongWord = p.CanDone, p.CanReopen, p.CanStop, p.EndCode, p.CanWrongWord
	if w := p.DoorWords; w != nil {
		v.TheySay, v.YouAnswer = w.Crew.In(t.Lang), w.Household.In(t.Lang)
	}
	if len(p.Tries) > 0 {
		v.TriesWords, v.TryClaims = t.Count("tries", len(p.Tries)), claims(t, domain.AboutAttempt)
	}
	for _, a := range p.Tries {
		day, hours := windowWords(t, a.At, a.At, p.Now, loc)
		v.Tries = append(v.Tries, tryView{ID: a.ID.String(), When: day + ", " + hours, Words: t.Say("channel."+a.Channel) + ": " +
			t.Say("outcome."+a.Outcome),
			Grade: t.Say("grade." + a.Grade), Says: disputeWords(t, a.Dispute, p.Now, loc), Disputable: a.Disputable})
		v.TriesOpen = v.TriesOpen || a.Disputable
	}
	if r := p.Job.Replacement.V; r != nil && r.Status == "accepted" && r.DecidedAt != nil {
		v.Replacement = t.Say("replacement", "Day", dayWords(t, *r.DecidedAt, p.Now, loc))
	}
	if p.Caller != "" {
		day, hours := windowWords(t, p.CallBy, p.CallBy, p.Now, loc)
		v.Promise = t.Say("promise", "Who", p.Caller, "When", day+", "+hours)
		if p.Now.After(p.CallBy) {
			v.Promise = t.Say("promise.late", "Who", p.Caller, "When", day+", "+hours)
		}
	}
	for _, q := range p.Promised {
		day, hours := windowWords(t, q.By, q.By, p.Now, loc)
		words := "promised"
		if p.Now.After(q.By) {
			words = "promised.late"
		}
		v.Promised = append(v.Promised, t.Say(words, "What", q.What, "When", day+", "+hours))
	}
	if p.Visit != nil {
		v.VisitID, v.VisitSays = p.Visit.ID.String(), disputeWords(t, p.VisitDispute, p.Now, loc)
		if p.VisitSubject != "" {
			if p.VisitSubject == domain.AboutAgreement {
				v.Agreed = t.Say("agreed")
			}
			v.VisitDeny, v.VisitClaims = t.Say("dispute."+p.VisitSubject), claims(t, p.VisitSubject)
		}
	}
}

func disputeWords(t *pages.Text, f *domain.Dispute, now time.Time, loc *time.Location) string {
	if f == nil {
		return ""
	}
	if f.Status == domain.DisputeOpen {
		day, hours := windowWords(t, f.DueAt, f.DueAt, now, loc)
		return t.Say("disputed.open", "When", day+", "+hours)
	}
	reasons := f.Reasons
	if f.ByDefault {
		reasons = t.Say("disputed.default." + f.Fallback)
	}
	return t.Say("disputed."+string(f.Status), "Reasons", reasons)
}

// dayWords says a day in full words, with the year when it is not this one.
func dayWords(t *pages.Text, d, now time.Time, loc *time.Location) string {
	d, id := d.In(loc), "date"
	if d.Year() != now.In(loc).Year() {
		id = "date.year"
	}
	return t.Say(id, "Weekday", t.Say("day."+strconv.Itoa(int(d.Weekday()))), "Day", strconv.Itoa(d.Day()),
		"Month", t.Say("month."+strconv.Itoa(int(d.Month()))), "Year", strconv.Itoa(d.Year()))
}

// windowWords says a window in full words: weekday, date and hours in the
// zone of the place.
func windowWords(t *pages.Text, from, to, now time.Time, loc *time.Location) (day, hours string) {
	from, to, now = from.In(loc), to.In(loc), now.In(loc)
	date := func(d time.Time) string { return dayWords(t, d, now, loc) }
	const ymd = "2006-01-02"
	day = date(from)
	switch from.Format(ymd) {
	case now.Format(ymd):
		day = t.Say("date.today", "Date", day)
	case now.AddDate(0, 0, 1).Format(ymd):
		day = t.Say("date.tomorrow", "Date", day)
	}
	if from.Equal(to) {
		return day, from.Format("15:04")
	}
	until := to.Format("15:04")
	if from.Format(ymd) != to.Format(ymd) {
		if to.Format("15:04") == "00:00" && to.AddDate(0, 0, -1).Format(ymd) == from.Format(ymd) {
			until = "24:00"
		} else {
			until = date(to) + ", " + until
		}
	}
	return day, t.Say("hours", "From", from.Format("15:04"), "To", until)
}
