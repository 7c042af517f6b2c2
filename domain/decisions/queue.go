package decisions

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/alarm"
	"doorstep/domain/casework"
	"doorstep/domain/safety"
)

// The decision queue is the one page of an area manager and the deputy: what
// waits for a decision, the most urgent first, each with its due time, what
// happens when nobody decides, what is known, and the moves (docs/product.md
// sections 5 and 9).

// QueueItem is one thing that waits for a decision.
type QueueItem struct {
	Kind    string                  `json:"kind"` // sos, hold, triage, review, dispute, exclusion, promise, …
	ID      domain.ID               `json:"id"`
	JobID   *domain.ID              `json:"job_id"`
	Title   string                  `json:"title"`
	Since   time.Time               `json:"since"`
	DueAt   *time.Time              `json:"due_at"`
	Late    bool                    `json:"late"`
	Default string                  `json:"default"` // what happens when nobody decides in time
	Known   domain.JSONList[string] `json:"known"`
	// What Title, Default and Known say, as codes with what fills them: a page words them in its reader's language.
	Headline  Fact                       `json:"headline"`
	Otherwise Fact                       `json:"otherwise"`
	Facts     domain.JSONList[Fact]      `json:"facts"`
	Level     int                        `json:"level"` // of a report; 0: it is none
	Who       *Person                    `json:"who"`   // who raised, reported or told it; nil: nobody of the staff, or not to be named here
	About     *Person                    `json:"about"` // of a report about one of our people: who that is
	Home      *Home                      `json:"home"`  // nil: none, or not the reader's to read
	ReadBy    *Operation                 `json:"-"`     // gives what is not shown unasked, for reading it is noted; nil: nothing
	Read      string                     `json:"read"`  // its address, filled in where it is shown
	Moves     domain.JSONList[QueueMove] `json:"moves"`
	Rings     int                        `json:"rings"` // of an SOS that nobody acknowledged: how often it rang; of a live report: 1; 0: it is silent
	rank      int
	level     int        // at equal due times the higher comes first: of a report how severe, of an SOS whether it rings
	report    *domain.ID // behind a hold
	who       *domain.ID // is Who, to be read
	about     *domain.ID // is About
	home      *domain.ID // the household, where no job leads to it
	answers   bool       // the reader decides about the report behind it, wherever its home lies
}

// QueueMove is a decision as a form: By is called with Fields as JSON.
type QueueMove struct {
	Code   string                      `json:"code"` // what Label says, for pages that word it themselves
	Label  string                      `json:"label"`
	By     Operation                   `json:"-"`
	To     string                      `json:"to"` // its address, filled in where it is shown
	Fields domain.JSONList[QueueField] `json:"fields"`
}

// Operation is one of openapi.yaml, by its operationId, and the object it is called for.
type Operation struct {
	Name string
	ID   domain.ID
}

// QueueField is one member of the body of a move.
type QueueField struct {
	Name     string                  `json:"name"`
	Label    string                  `json:"label"`
	Type     string                  `json:"type"` // text, choice, choices, number, bool, fixed (the only option, not shown)
	Options  domain.JSONList[string] `json:"options"`
	Labels   domain.JSONList[string] `json:"labels,omitempty"` // of the options, where they are ids
	Required bool                    `json:"required"`
}

// Queue is all that waits for a manager.
type Queue struct {
	Now   time.Time                  `json:"now"`
	Items domain.JSONList[QueueItem] `json:"items"`
	Late  int                        `json:"late"`
	More  int                        `json:"more"` // how many more wait than fit here
}

// queueMost bounds the items of each kind.
const queueMost = 50

var (
	reasonsField = QueueField{Name: "reasons", Label: "Reasons; those concerned read them", Type: "text", Required: true,
		Options: domain.JSONList[string]{}}
	reasonField = QueueField{Name: "reason", Label: "Reason", Type: "text", Required: true, Options: domain.JSONList[string]{}}
)

func choice(name, label string, required bool, options ...string) QueueField {
	return QueueField{Name: name, Label: label, Type: "choice", Options: options, Required: required}
}

// Move is a decision that is offered, with the operation that makes it.
func Move(code, label string, by Operation, fields ...QueueField) QueueMove {
	return QueueMove{Code: code, Label: label, By: by, Fields: append(domain.JSONList[QueueField]{}, fields...)}
}

// queueSources are read in this order; SOS stands above all else.
var queueSources = []func(context.Context, *casework.Service, domain.Actor, time.Time) ([]QueueItem, error){
	queuedSOS, queuedHolds, queuedFlags, queuedDisputes, queuedLinkRequests, queuedHouseholds, queuedClaims, queuedExclusions, queuedKeepAways,
	queuedPromises,
	queuedAftercare, queuedAdvisories,
}

// queueSourcesOfCentre are those of a proprietor, who decides nothing about reports, holds or what a household says of a contact
// (docs/product.md section 2): SOS, what their crews told too late, and leave.
var queueSourcesOfCentre = []func(context.Context, *casework.Service, domain.Actor, time.Time) ([]QueueItem, error){
	queuedSOS, queuedClaims, queuedPromises, queuedLeave,
}

// Queue lists what waits for the actor's decision. Area manager, deputy,
// admin (what was escalated to the brand), proprietor (what is theirs to decide). Errors: CodeForbidden.
func (s *Service) Queue(ctx context.Context, a domain.Actor) (Queue, error) {
	return readQueue(ctx, s.Service, a)
}

func readQueue(ctx context.Context, s *casework.Service, a domain.Actor) (Queue, error) {
	if !a.Is(domain.RoleAreaManager, domain.RoleAdmin, domain.RoleProprietor) {
		return Queue{}, domain.Fail(domain.CodeForbidden, "As %s you have no decisions waiting here.", domain.RoleWords(a.Role))
	}
	q := Queue{Now: s.Instant(), Items: domain.JSONList[QueueItem]{}}
	sources := queueSources
	if a.Role == domain.RoleProprietor {
		sources = queueSourcesOfCentre
	}
	for rank, source := range sources {
		items, err := source(ctx, s, a, q.Now)
		if err != nil {
			return Queue{}, err
		}
		for i := range items {
			it := &items[i]
			switch { // what happens now stands next to an SOS
			case rank == 0:
				it.rank = 0
			case it.Rings > 0:
				it.rank = 1
			default:
				it.rank = 2
			}
			it.Late = it.DueAt != nil && !q.Now.Before(*it.DueAt)
			if it.Late {
				q.Late++
			}
			if it.Known == nil {
				it.Known = domain.JSONList[string]{}
			}
			if it.Facts == nil {
				it.Facts = domain.JSONList[Fact]{}
			}
			if it.Moves == nil {
				it.Moves = domain.JSONList[QueueMove]{}
			}
		}
		slices.SortStableFunc(items, urgency)
		if more := len(items) - queueMost; more > 0 {
			items, q.More = items[:queueMost], q.More+more
		}
		q.Items = append(q.Items, items...)
	}
	slices.SortStableFunc(q.Items, urgency)
	return q, nameCards(ctx, s, a, q.Items)
}

// urgency orders the queue: SOS, reports of what happens now, then by due time, at equal times the more
// severe first; what has no due time comes last, the oldest first. An SOS that
// rings stands above one that somebody answers.
func urgency(x, y QueueItem) int {
	switch {
	case x.rank != y.rank:
		return x.rank - y.rank
	case x.DueAt != nil && y.DueAt != nil:
		return cmp.Or(x.DueAt.Compare(*y.DueAt), y.level-x.level)
	case x.DueAt != nil:
		return -1
	case y.DueAt != nil:
		return 1
	}
	return cmp.Or(y.level-x.level, x.Since.Compare(y.Since))
}

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// waiting is the page of a source: all that can wait at once in practice, the
// most overdue first. What does not fit on the page is only counted.
var waiting = domain.Page{Limit: 1000, ByDue: true}

// PeopleOf reads who is named in items, in one go.
func PeopleOf(ctx context.Context, s *casework.Service, ids []domain.ID) (map[domain.ID]domain.User, error) {
	out := map[domain.ID]domain.User{}
	slices.SortFunc(ids, func(a, b domain.ID) int { return slices.Compare(a[:], b[:]) })
	if ids = slices.Compact(ids); len(ids) == 0 {
		return out, nil
	}
	users, err := s.Read.Users(ctx, domain.Scope{All: true}, domain.UserFilter{IDs: ids}, domain.Page{Limit: len(ids)})
	for _, u := range users {
		out[u.ID] = u
	}
	return out, err
}

func queuedSOS(ctx context.Context, s *casework.Service, a domain.Actor, _ time.Time) ([]QueueItem, error) {
	rows, err := s.Read.SOSs(ctx, a, true, domain.Page{Limit: waiting.Limit})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(rows, func(x, y domain.SOS) int {
		return cmp.Or(strings.Compare(y.Status, x.Status), x.OccurredAt.Compare(y.OccurredAt)) // raised, then acknowledged
	})
	raisers := make([]domain.ID, len(rows))
	for i := range rows {
		raisers[i] = rows[i].RaiserID
	}
	people, err := PeopleOf(ctx, s, slices.Clone(raisers))
	if err != nil {
		return nil, err
	}
	silent, err := alarm.Silent(ctx, s, a, raisers...)
	if err != nil {
		return nil, err
	}
	var out []QueueItem
	for i := range rows {
		if len(out) >= queueMost {
			out = append(out, QueueItem{Since: rows[i].OccurredAt})
			continue
		}
		raiser := people[rows[i].RaiserID]
		it, err := ItemOfSOS(ctx, s, a, &rows[i], &raiser, silent[raiser.ID])
		if err != nil {
			return nil, err
		}
		out = append(out, it)
	}
	return out, nil
}

// ItemOfSOS is an SOS as whoever may answer it reads it, on the queue and the
// board: who it is, how to call them, where, and what may be done. In silence:
// they are not to be called openly, for this alarm or another.
func ItemOfSOS(ctx context.Context, s *casework.Service, a domain.Actor, row *domain.SOS, raiser *domain.User,
	silent bool) (QueueItem, error) {
	x := row.View(a)
	silent = silent || x.Silent
	it := QueueItem{Kind: "sos", ID: x.ID, JobID: x.JobID, Title: "SOS", Since: x.OccurredAt, Headline: fact("sos"),
		Default: "It rings on, tier by tier, until somebody acknowledges.", Otherwise: fact("rings_on")}
	if raiser.ID == x.RaiserID {
		it.Who = personOf(raiser, silent)
		it.Known = append(it.Known, raiser.Name+", "+domain.RoleWords(raiser.Role), alarm.CallOf(raiser, silent))
	}
	it.know(map[string]string{"tap": "Raised by hand.", "timer": "A visit timer ran out and nobody answered.",
		"duress": "Raised in silence: do not call them openly."}[x.Source], "sos_"+x.Source)
	if silent && x.Source != "duress" {
		it.know(alarm.NotOpenly, "not_openly")
	}
	it.quote("words", x.Note)
	place, err := PlaceOfSOS(ctx, s, row)
	if err != nil {
		return it, err
	}
	it.Known, it.Facts = append(it.Known, place.Known...), append(it.Facts, place.Facts...)
	if x.AgeSeconds >= 120 {
		it.know(fmt.Sprintf("It came from an offline phone, %d min old.", x.AgeSeconds/60), "came_late", "n",
			strconv.FormatInt(x.AgeSeconds/60, 10))
	}
	switch x.Status {
	case "raised":
		it.level, it.Rings = 1, max(x.Round, 1)
		if x.UnheardAt != nil {
			it.level, it.Title, it.Default = 2, "SOS, nobody was reached", "It rings on; no phone of anybody who may answer takes it."
			it.Headline, it.Otherwise = fact("sos_unheard"), fact("rings_unheard")
			if silent {
				it.know("Nobody was reached yet: call somebody near them now, not them.", "unheard_silent")
			} else {
				it.know("Nobody was reached yet: call them, or somebody near them, now.", "unheard")
			}
		}
	case "acknowledged":
		it.Title, it.Default = "SOS, somebody is on it", "Whoever acknowledged it answers for it."
		it.Headline, it.Otherwise = fact("sos_taken"), fact("taken")
	}
	it.know("Emergency number "+x.EmergencyNumber+". "+domain.Disclaimer(""), "emergency_number", "number", x.EmergencyNumber)
	for _, action := range x.Actions {
		switch action {
		case "acknowledge":
			it.Moves = append(it.Moves, Move("take_sos", "I am on it", Operation{"acknowledgeSOS", x.ID}))
		case "resolve":
			it.Moves = append(it.Moves, Move("end_sos", "Resolve", Operation{"resolveSOS", x.ID}, choice("outcome", "What was it?", true, "real",
				"false_alarm",
				"test"),
				QueueField{Name: "words", Label: "How did it end?", Type: "text", Required: true, Options: domain.JSONList[string]{}}))
		}
	}
	if domain.Has(x.Actions, "hand-over") {
		takers, err := takersOfSOS(ctx, s, a, row)
		if err != nil {
			return it, err
		}
		it.Moves = append(it.Moves, Move("hand_over", "Hand it over", Operation{"handOverSOS", x.ID}, takers))
	}
	return it, nil
}

func queuedHolds(ctx context.Context, s *casework.Service, a domain.Actor, now time.Time) ([]QueueItem, error) {
	jobs, err := s.Read.Jobs(ctx, a.Scope(), domain.JobFilter{Hold: string(domain.HoldSafety)}, waiting)
	if err != nil {
		return nil, err
	}
	// What was passed on to them lies in another area; the report is theirs all the
	// same, and with it the hold.
	others, err := s.Read.JobsHandedOver(ctx, a, waiting)
	if err != nil {
		return nil, err
	}
	jobs = append(jobs, others...)
	holds, _, err := s.Read.HoldsOfJobs(ctx, jobs)
	if err != nil {
		return nil, err
	}
	var owners, reports []domain.ID
	for _, list := range holds {
		for _, h := range list {
			if h.Kind == domain.HoldSafety && h.OwnerID != nil {
				owners = append(owners, *h.OwnerID)
			}
			if h.Kind == domain.HoldSafety && h.FlagID != nil {
				reports = append(reports, *h.FlagID)
			}
		}
	}
	flags, err := s.Read.FlagsBehind(ctx, reports)
	if err != nil {
		return nil, err
	}
	people, err := PeopleOf(ctx, s, owners)
	if err != nil {
		return nil, err
	}
	var out []QueueItem
	seen := map[domain.ID]bool{}
	for i := range jobs {
		j := &jobs[i]
		for _, h := range holds[j.ID] {
			if h.Kind != domain.HoldSafety || seen[h.ID] {
				continue
			}
			seen[h.ID] = true
			var f *domain.Flag
			if h.FlagID != nil {
				if report, ok := flags[*h.FlagID]; ok {
					f = &report
				}
			}
			notYet := a.CheckRelease(&h, f, now)
			if domain.IsCode(notYet, domain.CodeForbidden) {
				continue
			}
			it := QueueItem{Kind: "hold", ID: h.ID, JobID: &j.ID, Title: "Area hold: decide how to go on", Since: h.Since, DueAt: h.DueAt,
				Headline: fact("hold"), Default: "The hold stays and nobody is sent; it escalates.", Otherwise: fact("held_escalates"),
				home: &j.CustomerID}
			if h.OwnerID != nil {
				if owner, ok := people[*h.OwnerID]; ok {
					it.know("Owner: "+owner.Name, "owner", "name", owner.Name)
				}
			}
			it.know("Job "+jobWords(j)+": "+j.Fault, "job", "ref", jobWords(j), "text", j.Fault)
			if h.Fixable {
				it.know("A hazard of the place; the centre may settle it with the household.", "fixable")
			}
			if f != nil && a.AnswersFor(f) { // why: the report behind it is theirs to read
				it.answers, it.report, it.Level, it.who, it.about = true, h.FlagID, f.Level, f.ReporterID, f.SubjectID
				if err := it.why(ctx, s, a, f); err != nil {
					return nil, err
				}
			}
			it.knowHold(&h, f)
			var refused *domain.Error
			if errors.As(notYet, &refused) {
				it.know(refused.Message, "not_yet_"+notYetOf(a, &h, f), "text", refused.Message)
			} else if domain.Has(domain.JobMoveOf("safety-release").From, j.Status) {
				it.Moves = append(it.Moves, Move("release", "Release with a plan", Operation{"safetyRelease", j.ID},
					QueueField{Name: "plan", Label: "Safe-visit plan", Type: "choices", Options: domain.SafeVisitPlans, Required: true}, reasonField,
					QueueField{Name: "confirmed_by", Label: "Hazard removed: who confirmed it?", Type: "text", Options: domain.JSONList[string]{}}))
			}
			out = append(out, it)
		}
	}
	return out, nil
}

// knowHold adds what its reporter, its centre and the first of two who decide say.
func (it *QueueItem) knowHold(h *domain.Hold, f *domain.Flag) {
	if f != nil && f.NextPersonNote != "" {
		it.know("The next person must know: “"+f.NextPersonNote+"”", "next_person", "text", f.NextPersonNote)
	}
	if h.SettledAt != nil {
		it.know("The centre says that it is settled; confirmed by "+h.SettledWords+".", "settled", "text", h.SettledWords)
	}
	if d := h.PendingDecision(); d != nil {
		it.know("One person has decided: "+strings.Join(d.Plan, ", ")+". “"+d.Reason+"” It takes a second.", "first_of_two",
			"plan", strings.Join(d.Plan, ","), "text", d.Reason)
	}
}

// notYetOf is why a hold is not released yet.
func notYetOf(a domain.Actor, h *domain.Hold, f *domain.Flag) string {
	switch {
	case f != nil && f.Status == domain.FlagReported:
		return "triaged"
	case h.PendingDecision() != nil && h.PendingDecision().ByID == a.UserID:
		return "second"
	}
	return "answered"
}

func jobWords(j *domain.Job) string {
	if j.ExternalRef != nil && *j.ExternalRef != "" {
		return *j.ExternalRef
	}
	return j.ID.String()[:8]
}

// knowFailures adds what went wrong on our side before a report.
func (it *QueueItem) knowFailures(ctx context.Context, s *casework.Service, a domain.Actor, f *domain.Flag) error {
	list, err := safety.OwnFailures(ctx, s, a, f)
	n := map[string]int{}
	for i := range list {
		n[list[i].Kind]++
	}
	var parts, values []string
	for _, kind := range []string{"missed", "late", "repeated"} {
		values = append(values, kind, strconv.Itoa(n[kind]))
		if n[kind] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[kind], kind))
		}
	}
	if len(parts) > 0 {
		it.know("Our own failures with this household in the 90 days before: "+strings.Join(parts, ", ")+".", "our_failures", values...)
	}
	return err
}

func queuedFlags(ctx context.Context, s *casework.Service, a domain.Actor, now time.Time) ([]QueueItem, error) {
	rows, err := s.Read.Flags(ctx, a, domain.FlagFilter{Status: []domain.FlagStatus{domain.FlagReported, domain.FlagTriaged,
		domain.FlagUnderReview}}, waiting)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(rows, func(x, y domain.Flag) int { // what is shown is never only counted
		return cmp.Compare(boolRank(y.Live()), boolRank(x.Live()))
	})
	turned, away, err := turnedBack(ctx, s, a, rows)
	if err != nil {
		return nil, err
	}
	recent, err := s.Read.ReportsSince(ctx, now.Add(-domain.PatternWithin))
	if err != nil {
		return nil, err
	}
	people, err := PeopleOf(ctx, s, domain.Lodgers(recent))
	if err != nil {
		return nil, err
	}
	patterns := domain.Patterns(recent, now)
	var out []QueueItem
	for i := range rows {
		f := &rows[i]
		if !a.AnswersFor(f) {
			continue
		}
		if len(out) >= queueMost {
			out = append(out, QueueItem{Since: f.RecordedAt, DueAt: f.DueAt, level: f.Level})
			continue
		}
		it := QueueItem{Kind: "review", ID: f.ID, JobID: f.JobID, level: f.Level, Title: fmt.Sprintf("Report of level %d: decide", f.Level),
			Since: f.RecordedAt, DueAt: f.DueAt, Default: "It stays open and escalates.", Level: f.Level,
			who: f.ReporterID, about: f.SubjectID, home: f.CustomerID, answers: true,
			Headline: fact("review", "level", strconv.Itoa(f.Level)), Otherwise: fact("open_escalates")}
		if f.Status == domain.FlagReported {
			it.Kind, it.Title = "triage", fmt.Sprintf("Report of level %d: triage", f.Level)
			it.Default = "It escalates: deputy, another manager, the brand."
			it.Headline, it.Otherwise = fact("triage", "level", strconv.Itoa(f.Level)), fact("escalates")
		}
		if f.Live() {
			it.Rings, it.Title = 1, fmt.Sprintf("Report of level %d, happening now: triage", f.Level)
			it.Default = "It rings on; then it escalates: deputy, another manager, the brand."
			it.Headline, it.Otherwise = fact("triage_live", "level", strconv.Itoa(f.Level)), fact("rings_escalates")
		}
		it.know(strings.ReplaceAll(f.Kind, "_", " "), "report", "kind", f.Kind)
		switch {
		case f.ByCustomer && f.SubjectID == nil:
			it.know("A household reports one of our people, and named nobody.", "conduct_nobody")
		case f.ByCustomer:
			it.know("A household reports one of our people.", "conduct")
		case f.SubjectID != nil:
			it.know("About one of our people.", "about_staff")
		}
		if f.SubjectID != nil && f.Level >= 2 {
			if err := whereabouts(ctx, s, a, f, turned[f.ID], &it, now); err != nil {
				return nil, err
			}
		}
		if f.WithdrawnAt != nil {
			words := "The household takes it back"
			if f.WithdrawnWords != "" {
				words += ": “" + f.WithdrawnWords + "”"
			}
			it.know(words, "withdrawn", "text", f.WithdrawnWords)
			it.know("It stays open until you decide. Ask the household yourself: somebody may have asked it to, or spoken for it.", "withdrawn_ask")
		}
		lodged, again := domain.OneVoice(f, recent, people)
		switch {
		case f.SubjectID != nil && f.Severe() && again:
			it.know("Whom it is about is kept from this home alone until you triage it: "+
				"the same voice (a person, or their desk within 7 days) has lodged another before.", "one_voice_again")
		case f.SubjectID != nil && f.Severe() && !domain.Has(away, f.ID) && f.TriagedAt == nil:
			it.know("Whom it is about is kept from this home alone until you triage it: "+
				"one of ours wrote it down, and they never set out to this home.", "never_set_out")
		case f.SubjectID != nil && f.Severe():
			it.know("Whom it is about goes to no home until it is decided.", "kept_from_homes")
		}
		if lodged > 1 {
			it.know(fmt.Sprintf("One voice has lodged %d reports about them in 90 days.", lodged), "one_voice", "n", strconv.Itoa(lodged))
		}
		for k := range patterns {
			if p := &patterns[k]; p.SeenBy(a) && p.Concerns(f) {
				it.know(p.Words(), "pattern_"+p.About, "n", strconv.Itoa(p.Sides))
			}
		}
		if err := it.knowFailures(ctx, s, a, f); err != nil {
			return nil, err
		}
		if f.Statement != "" {
			it.know("Their side: “"+f.Statement+"”", "their_side", "text", f.Statement)
		}
		if f.Provisional {
			it.know("A visit was stopped; the reporter has not told more yet.", "provisional")
		}
		it.quote("words", f.Note)
		for _, action := range safety.NewFlagView(a, f, now, true).Actions {
			switch action {
			case "triage":
				it.Moves = append(it.Moves, Move("triage", "Triage", Operation{"triageFlag", f.ID}, QueueField{Name: "level",
					Label:   "Level, if it should change",
					Type:    "number",
					Options: domain.JSONList[string]{"1", "2", "3", "4"}}))
			case "review":
				if f.SubjectID != nil {
					it.Moves = append(it.Moves, Move("hear", "Hear their side", Operation{"reviewFlag", f.ID},
						QueueField{Name: "told", Label: "What they may know", Type: "text",
							Required: true, Options: domain.JSONList[string]{}}))
				}
				if f.Status == domain.FlagTriaged {
					it.Moves = append(it.Moves, Move("review", "Take it into review", Operation{"reviewFlag", f.ID}))
				}
			case "decide":
				it.Moves = append(it.Moves, Move("decide", "Decide", Operation{"decideFlag", f.ID}, choice("outcome", "Outcome", true, "upheld",
					"not_upheld",
					"unclear"),
					reasonsField))
			}
		}
		out = append(out, it)
	}
	return out, nil
}

func queuedDisputes(ctx context.Context, s *casework.Service, a domain.Actor, _ time.Time) ([]QueueItem, error) {
	rows, err := s.Read.Disputes(ctx, a.Scope(), domain.DisputeFilter{Status: []domain.DisputeStatus{domain.DisputeOpen}}, waiting)
	if err != nil {
		return nil, err
	}
	ids := []domain.ID{}
	for i := range rows {
		if rows[i].AttemptID != nil {
			ids = append(ids, *rows[i].AttemptID)
		}
	}
	attempts, err := s.Read.AttemptsByID(ctx, a.Scope(), ids)
	if err != nil {
		return nil, err
	}
	var out []QueueItem
	for i := range rows {
		f := &rows[i]
		it := QueueItem{Kind: "dispute", ID: f.ID, JobID: &f.JobID, Title: "The household says: that is not so", Since: f.RecordedAt,
			DueAt: &f.DueAt,
			Default: map[string]string{domain.Uphold: "The fact stands: it is proven.",
				domain.Strike: "The fact is struck: it is not proven."}[f.Fallback], Headline: fact("dispute"), Otherwise: fact("fact_" + f.Fallback)}
		it.know("About "+strings.ReplaceAll(f.Subject, "_", " ")+": "+strings.ReplaceAll(f.Claim, "_", " "), "disputed", "subject", f.Subject,
			"claim", f.Claim)
		it.quote("words", f.Reason)
		if f.LinkRead {
			words, reader := "It came by a link that our staff had read: ask the household by phone.", ""
			if len(f.LinkReaders) > 0 {
				who, err := PeopleOf(ctx, s, slices.Clone([]domain.ID(f.LinkReaders)))
				if err != nil {
					return nil, err
				}
				names := []string{}
				for _, id := range f.LinkReaders {
					names = append(names, who[id].Name)
				}
				reader = strings.Join(names, ", ")
				words = "It came by a link that our staff had read (" + reader + "): ask the household by phone."
			}
			it.know(words, "link_read", "name", reader)
		}
		own := false
		if f.AttemptID != nil {
			if t, ok := attempts[*f.AttemptID]; ok {
				own = t.ByID != nil && *t.ByID == a.UserID
				words := fmt.Sprintf("%s, %s, %s", t.Channel, strings.ReplaceAll(t.Outcome, "_", " "), t.Grade)
				if t.RingSeconds != nil {
					words += fmt.Sprintf(", rang %d s", *t.RingSeconds)
				}
				ring := ""
				if t.RingSeconds != nil {
					ring = strconv.Itoa(*t.RingSeconds)
				}
				it.know(words, "attempt", "channel", t.Channel, "outcome", t.Outcome, "grade", t.Grade, "n", ring)
			}
		}
		if own {
			it.know("It is your own fact: somebody else decides.", "own_fact")
		} else if domain.Has(f.View(a).Actions, "decide") {
			it.Moves = append(it.Moves, Move("decide", "Decide", Operation{"decideDispute", f.ID}, choice("decision", "The fact", true,
				domain.Uphold,
				domain.Strike),
				reasonsField))
		}
		out = append(out, it)
	}
	return out, nil
}

// queuedLinkRequests are what was asked by links that staff had read.
func queuedLinkRequests(ctx context.Context, s *casework.Service, a domain.Actor, _ time.Time) ([]QueueItem, error) {
	rows, err := s.Read.LinkRequests(ctx, a.Scope(), domain.LinkRequestFilter{Status: []string{domain.LinkRequestPending}}, waiting)
	if err == nil {
		rows, err = casework.LinkRequestsOf(ctx, s, a, rows)
	}
	if err != nil {
		return nil, err
	}
	var out []QueueItem
	for i := range rows {
		r := &rows[i]
		it := QueueItem{Kind: "link_request", ID: r.ID, JobID: &r.JobID, Title: "Did the household ask this?", Since: r.CreatedAt,
			DueAt: &r.DueAt, Default: r.View().Default, Headline: fact("link_request"), Otherwise: fact(unanswered(r))}
		it.know(linkRequestWords[r.Action], "asked_"+r.Action)
		switch {
		case r.Action == domain.NumberChanged:
			it.Title, it.Headline = "Is this number the household's?", fact("number")
		case r.ByID != nil:
			it.know("Our staff wrote it down for a caller: ask the household by phone.", "written_down")
		default:
			it.know("It came by a link that our staff can open: ask the household by phone.", "link_open")
		}
		it.quote("words", r.Words)
		it.Moves = append(it.Moves, Move("decide", "Decide", Operation{"decideLinkRequest", r.ID},
			choice("decision", "The household", true, "accept", "refuse"), reasonsField))
		out = append(out, it)
	}
	return out, nil
}

// queuedLeave is what people of a centre ask for; who asked decides nothing of it.
func queuedLeave(ctx context.Context, s *casework.Service, a domain.Actor, now time.Time) ([]QueueItem, error) {
	rows, err := s.Read.Leaves(ctx, a.Scope(), domain.LeaveFilter{Status: domain.LeaveMoves.Start}, domain.Page{Limit: waiting.Limit})
	if err != nil {
		return nil, err
	}
	var out []QueueItem
	for i := range rows {
		l := &rows[i]
		if !domain.Has(l.View(a, now).Actions, "approve") {
			continue
		}
		it := QueueItem{Kind: "leave", ID: l.ID, Title: "Somebody asks for leave", Since: l.CreatedAt, DueAt: &l.StartsAt, who: &l.TechnicianID,
			Headline: fact("leave"), Default: "It is not granted: they stay in the plan.", Otherwise: fact("not_granted"),
			Moves: domain.JSONList[QueueMove]{Move("approve", "Approve", Operation{"approveLeave", l.ID}),
				Move("decline", "Decline", Operation{"declineLeave", l.ID}, reasonField)}}
		it.know(fmt.Sprintf("%s, %s to %s", l.Kind, l.StartsAt.Format("2 Jan 15:04 MST"), l.EndsAt.Format("2 Jan 15:04 MST")), "leave_time",
			"kind", l.Kind, "from", instant(l.StartsAt), "to", instant(l.EndsAt))
		it.quote("words", l.Note)
		out = append(out, it)
	}
	return out, nil
}

// unanswered is what becomes of a request that nobody decides, as a code.
func unanswered(r *domain.LinkRequest) string {
	if r.Action != domain.NumberChanged {
		return "unanswered_" + r.Action
	}
	if r.Counts() && !r.OfStrike() {
		return "number_proves"
	}
	return "number_nothing"
}

// queuedHouseholds are rows that may be one household.
func queuedHouseholds(ctx context.Context, s *casework.Service, a domain.Actor, _ time.Time) ([]QueueItem, error) {
	if !a.Is(domain.RoleAreaManager, domain.RoleAdmin) {
		return nil, nil
	}
	rows, err := (&safety.Service{Service: s}).HouseholdQuestions(ctx, a, domain.HouseholdAsked, waiting)
	if err != nil {
		return nil, err
	}
	var out []QueueItem
	for i := range rows {
		q := &rows[i]
		it := QueueItem{Kind: "household", ID: q.ID, Title: "Is it the same household?", Since: q.CreatedAt, DueAt: &q.DueAt,
			Default: "Nothing is held by it; it climbs to all who triage.", Headline: fact("household"), Otherwise: fact("climbs")}
		if q.Whose() {
			it.Title, it.Headline = "Is the report about this household?", fact("household_whose")
			it.knowHousehold("Uses the number of the report, as many do", "home_of_number", &q.Household)
		} else {
			it.knowHousehold("Came in", "home_came", &q.Household)
			it.knowHousehold("Under your eyes", "home_known", &q.Other)
		}
		if q.Words != "" {
			it.Default, it.Otherwise = "What is held stays held; it climbs to all who triage.", fact("held_climbs")
			it.know("The household says that it is not the one: “"+q.Words+"”", "not_us", "text", q.Words)
		}
		it.Moves = append(it.Moves,
			Move("decide", "Decide", Operation{"decideHouseholdQuestion", q.ID}, choice("decision", "The household", true, "same", "different"),
				reasonsField))
		out = append(out, it)
	}
	return out, nil
}

func (it *QueueItem) knowHousehold(what, code string, b *domain.HouseholdBrief) {
	it.know(what+": "+b.Name+", "+strings.Join(b.Addresses, "; "), code, "name", b.Name, "address", strings.Join(b.Addresses, "; "))
}

// queuedClaims are what crews told too late: those of one person with one cause are
// one decision.
func queuedClaims(ctx context.Context, s *casework.Service, a domain.Actor, _ time.Time) ([]QueueItem, error) {
	if !a.Is(domain.RoleAreaManager, domain.RoleProprietor) {
		return nil, nil
	}
	rows, err := s.Read.Claims(ctx, a.Scope(), "open", domain.Page{Limit: waiting.Limit})
	if err != nil {
		return nil, err
	}
	makers := make([]domain.ID, len(rows))
	for i := range rows {
		makers[i] = rows[i].ActorID
	}
	people, err := PeopleOf(ctx, s, makers)
	if err != nil {
		return nil, err
	}
	type same struct {
		actor domain.ID
		cause string
	}
	at := map[same]int{}
	var out []QueueItem
	for i := range rows {
		c := &rows[i]
		if !c.Decides(a) {
			continue
		}
		key := same{c.ActorID, c.Cause}
		n, known := at[key]
		if !known {
			n, at[key] = len(out), len(out)
			fields := []QueueField{{Name: "alike", Label: "All of this cause?", Type: "bool", Options: domain.JSONList[string]{"true", "false"},
				Required: true}, reasonsField}
			out = append(out, QueueItem{Kind: "claim", ID: c.ID, JobID: &c.JobID, Since: c.RecordedAt, DueAt: c.DueAt, Default: c.Default(),
				Otherwise: fact(claimDefault(c)), who: &c.ActorID,
				Moves: domain.JSONList[QueueMove]{
					Move("take", "Take", Operation{"decideClaim", c.ID}, append([]QueueField{choice("decision", "Decision", true, "take"),
						{Name: "witness", Label: "Who saw it", Type: "text", Options: domain.JSONList[string]{}}}, fields...)...),
					Move("decline", "Decline", Operation{"decideClaim", c.ID}, append([]QueueField{choice("decision", "Decision", true, "decline")},
						fields...)...)}})
		}
		it, who := &out[n], people[c.ActorID]
		it.know(fmt.Sprintf("%s, %s", strings.ReplaceAll(c.Action, "-", " "), c.OccurredAt.Format("2 Jan 15:04 MST")), "claimed", "action",
			c.Action,
			"at", instant(c.OccurredAt))
		it.Headline = fact("claim", "name", who.Name, "n", strconv.Itoa(len(it.Known)), "cause", c.Cause, "text", c.CauseWords())
		it.Title = fmt.Sprintf("%s, %d claims: %s", who.Name, len(it.Known), c.CauseWords())
		if len(it.Known) == 1 {
			it.Title = fmt.Sprintf("%s, 1 claim: %s", who.Name, c.CauseWords())
		}
	}
	return out, nil
}

// claimDefault is what happens to a claim that nobody decides, as a code.
func claimDefault(c *domain.Claim) string {
	switch {
	case c.Cause == domain.CauseOwnWord:
		return "paid"
	case c.Action == "no-access":
		return "declined_household"
	}
	return "declined"
}

// linkRequestWords say what was asked.
var linkRequestWords = map[string]string{
	"done":            "To confirm that the work is done.",
	"withdraw-report": "To take back a report about our people.",
	"appeal":          "To object to a note about the home.",
	"thanks":          "To thank the crew.",
	"number":          "Our staff changed it. Ask the household by a way that was there before, or vouch for it.",
	"remove-photos":   "To remove the photos and recordings of its home.",
	"wrong-person":    "To strike the number, and to undo what was done by the link.",
}

// queuedExclusions are those to whose lifting the reporter has consented.
func queuedExclusions(ctx context.Context, s *casework.Service, a domain.Actor, _ time.Time) ([]QueueItem, error) {
	rows, err := s.Read.Exclusions(ctx, a, domain.Page{Limit: 1000}) // most wait for nothing
	if err != nil {
		return nil, err
	}
	var out []QueueItem
	for i := range rows {
		x := &rows[i]
		v := safety.NewExclusionView(a, x)
		if x.ConsentedAt == nil || x.LiftedAt != nil || !domain.Has(v.Actions, "lift") {
			continue
		}
		it := QueueItem{Kind: "exclusion", ID: x.ID, JobID: x.Flag.JobID, Title: "Let them meet again?", Since: *x.ConsentedAt, who: &x.UserID,
			home: &x.CustomerID, answers: true,
			Headline: fact("exclusion"), Default: "They stay apart.", Otherwise: fact("stay_apart"), Moves: domain.JSONList[QueueMove]{Move("lift",
				"Lift it", Operation{"liftExclusion", x.ID},
				reasonField)}}
		if x.Flag.ByCustomer {
			it.know("The household took its report back.", "taken_back")
		} else {
			it.know("The reporter consents to being sent there again.", "consents")
		}
		out = append(out, it)
	}
	return out, nil
}

// queuedPromises are those so late that their ladder has come to the actor: to a proprietor after an hour, to a manager after four.
func queuedPromises(ctx context.Context, s *casework.Service, a domain.Actor, now time.Time) ([]QueueItem, error) {
	if !a.Is(domain.RoleAreaManager, domain.RoleProprietor) {
		return nil, nil
	}
	late := time.Duration(0)
	for _, step := range domain.LateSteps {
		if step.To == a.Role {
			late = step.After
		}
	}
	rows, err := s.Read.Promises(ctx, a, domain.PromiseFilter{Status: []domain.PromiseStatus{domain.PromiseBroken},
		DueBy: domain.Ptr(now.Add(-late))}, waiting)
	if err != nil {
		return nil, err
	}
	owners := make([]domain.ID, len(rows))
	for i := range rows {
		owners[i] = rows[i].OwnerID
	}
	people, err := PeopleOf(ctx, s, owners)
	if err != nil {
		return nil, err
	}
	var out []QueueItem
	for i := range rows {
		p := &rows[i]
		it := QueueItem{Kind: "promise", ID: p.ID, JobID: &p.JobID, Title: "A promise to a household is late", Since: p.CreatedAt,
			DueAt: &p.DueAt, Headline: fact("promise"), Default: "It stays late until somebody calls.", Otherwise: fact("stays_late")}
		if owner, ok := people[p.OwnerID]; ok {
			it.know("Owner: "+owner.Name, "owner", "name", owner.Name)
		}
		it.quote("words", p.What)
		it.Moves = append(it.Moves, Move("take_over", "I take it over", Operation{"handOverPromise", p.ID},
			QueueField{Name: "owner_id", Type: "fixed", Options: domain.JSONList[string]{a.UserID.String()}, Required: true}))
		out = append(out, it)
	}
	return out, nil
}

// queuedAdvisories wait for another person's approval, or for somebody new who
// decides an appeal. What they say is not shown here: each reading is noted.
func queuedAdvisories(ctx context.Context, s *casework.Service, a domain.Actor, now time.Time) ([]QueueItem, error) {
	var out []QueueItem
	for _, status := range []domain.AdvisoryStatus{domain.AdvisoryProposed, domain.AdvisoryApproved} {
		rows, err := s.Read.Advisories(ctx, a, string(status), now, domain.Page{Limit: 1000}) // most wait for nothing
		if err != nil {
			return nil, err
		}
		ids := make([]domain.ID, len(rows))
		for i := range rows {
			ids[i] = rows[i].ID
		}
		appeals, err := s.Read.OpenAppeals(ctx, ids)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			x := &rows[i]
			open := domain.JSONList[domain.Appeal]{}
			if appeal, ok := appeals[x.ID]; ok {
				open = append(open, appeal)
			}
			actions := domain.NewAdvisoryView(a, x, open, now).Actions
			it := QueueItem{Kind: "advisory", ID: x.ID, JobID: &x.JobID, Since: x.UpdatedAt, DueAt: &x.ExpiresAt,
				ReadBy: &Operation{"getAdvisory", x.ID}}
			switch {
			case len(open) > 0 && domain.Has(actions, "decide-appeal"):
				it.Kind, it.Title, it.Since, it.DueAt = "appeal", "A household appeals against an advisory", open[0].CreatedAt, &open[0].DueAt
				it.Default = "It stays open, and rings every week."
				it.Headline, it.Otherwise = fact("appeal"), fact("rings_weekly")
				it.quote("words", open[0].Words)
				it.Moves = domain.JSONList[QueueMove]{Move("decide", "Decide", Operation{"decideAdvisoryAppeal", x.ID},
					choice("outcome", "The advisory", true, "keep",
						"end"),
					reasonsField)}
			case domain.Has(actions, "approve"):
				it.Title, it.Default = "An advisory waits for your approval", "It is not shown to anybody, and expires."
				it.Headline, it.Otherwise = fact("advisory"), fact("unseen_expires")
				if x.RenewOn != "" {
					it.Title, it.Default = "An advisory waits for its renewal, until "+x.RenewOn, "It expires."
					it.Headline, it.Otherwise = fact("renewal", "on", x.RenewOn), fact("expires")
				}
				it.Moves = domain.JSONList[QueueMove]{
					Move("approve", "Approve", Operation{"approveAdvisory", x.ID}, QueueField{Name: "told", Label: "Tell the household?", Type: "bool",
						Options: domain.JSONList[string]{"true", "false"}, Required: true},
						QueueField{Name: "not_told_reason", Label: "If not: why not", Type: "text", Options: domain.JSONList[string]{}}),
					Move("refuse", "Refuse", Operation{"refuseAdvisory", x.ID}, reasonsField)}
			default:
				continue
			}
			out = append(out, it)
		}
	}
	return out, nil
}

// queuedAftercare are the conversations, from their reminder on, that the actor may
// have; a manager's queue names neither the report nor what was said before.
func queuedAftercare(ctx context.Context, s *casework.Service, a domain.Actor, now time.Time) ([]QueueItem, error) {
	rows, err := s.Read.Aftercares(ctx, a, "open", domain.Page{Limit: waiting.Limit})
	if err != nil {
		return nil, err
	}
	named := make([]domain.ID, 0, 2*len(rows))
	for i := range rows {
		named = append(named, rows[i].PersonID, rows[i].OwnerID)
	}
	people, err := PeopleOf(ctx, s, named)
	if err != nil {
		return nil, err
	}
	var out []QueueItem
	for i := range rows {
		x := &rows[i]
		if now.Before(x.DueAt.Add(domain.AftercareSteps[0].After)) || !x.MayHold(a) {
			continue
		}
		it := QueueItem{Kind: "aftercare", ID: x.ID, Title: "Talk with a colleague", Since: x.CreatedAt, DueAt: &x.DueAt,
			Headline: fact("aftercare"), Default: "It stays owed; the lateness is counted and rings deputy, managers and admins.",
			Otherwise: fact("stays_owed")}
		if person, ok := people[x.PersonID]; ok {
			it.Known, it.who = append(it.Known, person.Name), &x.PersonID
		}
		if owner, ok := people[x.OwnerID]; ok && x.OwnerID != a.UserID {
			it.know("Owed by "+owner.Name, "owed_by", "name", owner.Name)
		}
		it.Moves = append(it.Moves, Move("talked", "We talked", Operation{"doneAftercare", x.ID},
			QueueField{Name: "note", Label: "A short note, for managers only", Type: "text", Options: domain.JSONList[string]{}}))
		out = append(out, it)
	}
	return out, nil
}
