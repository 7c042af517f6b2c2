package intake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// MaxImportRows bounds one import.
const MaxImportRows = 5000

// ImportInput is a day's jobs as a sheet.
type ImportInput struct {
	ID       *domain.ID // the client's own name of the import
	CentreID *domain.ID
	Preview  bool   // do everything and keep nothing
	Digest   string // of the file
	File     *File
}

// ImportError says what is wrong with one cell of a row.
type ImportError struct {
	Column string `json:"column"`
	Reason string `json:"reason"`
}

// The ends of a row: it lands (created, updated, unchanged), asks or is refused.
const (
	rowCreated   = "created"
	rowUpdated   = "updated"
	rowUnchanged = "unchanged"
	rowAsks      = "asks"
	rowRejected  = "rejected"
)

// ImportRowResult is what came of one row. One that was refused or asks changed
// nothing.
type ImportRowResult struct {
	Line        int                          `json:"line"`
	ExternalRef string                       `json:"external_ref"`
	Outcome     string                       `json:"outcome"` // created, updated, unchanged, asks, rejected
	JobID       *domain.ID                   `json:"job_id"`
	VisitID     *domain.ID                   `json:"visit_id"`
	Errors      domain.JSONList[ImportError] `json:"errors"`
	LeftOut     domain.JSONList[LeftOut]     `json:"left_out"`
	Questions   domain.JSONList[Question]    `json:"questions"` // open; the row waits for the answers
	Changes     domain.JSONList[FieldChange] `json:"changes"`   // of a known job
	Read        *RowRead                     `json:"read"`      // of a preview
	// MayBeKnown, of a new household: perhaps it is one that somebody looks into.
	MayBeKnown bool          `json:"may_be_known"`
	visit      *domain.Visit // that the row books or keeps
	moved      bool
}

// ImportReport is what came of an import. Mapping shows which column was
// taken for which field; kept as the centre's import_mapping it is used again.
type ImportReport struct {
	ID        *domain.ID                       `json:"id"` // nil of a preview
	Preview   bool                             `json:"preview"`
	Encoding  string                           `json:"encoding"` // of the text; empty of a workbook
	Rows      int                              `json:"rows"`
	Created   int                              `json:"created"`
	Updated   int                              `json:"updated"`
	Unchanged int                              `json:"unchanged"`
	Asks      int                              `json:"asks"`
	Rejected  int                              `json:"rejected"`
	Day       string                           `json:"day"` // the first with a visit of it
	Mapping   map[string]string                `json:"mapping"`
	LeftOut   domain.JSONList[LeftOut]         `json:"left_out"`  // of the whole sheet
	Questions domain.JSONList[Asked]           `json:"questions"` // the worst first
	Items     domain.JSONList[ImportRowResult] `json:"items"`
}

// Ways out of a row's transaction that keep nothing of it.
var (
	errPreview = errors.New("preview")
	errAsks    = errors.New("the row asks")
	errDropped = errors.New("the answer leaves the row out")
	errLook    = errors.New("who may see the household is looked up")
)

// importRun is one import while it runs.
type importRun struct {
	s           *Service
	call        *casework.Call
	centre      *domain.Centre
	technicians []domain.User
	preview     bool
	given       map[string]string   // answers
	id          *domain.ID          // of the record; nil of a preview
	reading     string              // where a preview notes how far it is; empty: nobody asks
	lines       map[string][]lineOf // by ticket
	households  map[string][]string // of a preview: names of new ones, by number
	ahead       []booked            // rows of a preview that book somebody
}

// lineOf is what is kept of a row for those below it.
type lineOf struct {
	line int
	said string // a digest of what it says
}

// booked is a visit of a preview.
type booked struct {
	line  int
	visit *domain.Visit
}

// ImportJobs registers, changes and schedules a day's jobs of one centre.
// Coordinator and proprietor for their own centre, area manager for one of
// the area, agent for any. Each row is a transaction of its own under all the
// rules; one that is refused, or asks, is reported and changes nothing, and the same file
// again changes nothing. A row changes what the file changed since it was last
// imported, so that what staff edited meanwhile stays; to the household it only
// adds: people, addresses, and numbers, of which a corrected one is called first. An empty
// cell says nothing. A time or technician that cannot be had is left out, and the job lands.
// Errors of the whole file: CodeForbidden, CodeUnprocessable, CodeDuplicate.
func (s *Service) ImportJobs(ctx context.Context, call *casework.Call, in ImportInput) (ImportReport, error) {
	if call.Key != "" { // one at a time under one key; run below guards only its own moment
		mark := "rows of " + call.Actor.UserID.String() + "|" + call.Key
		if _, busy := s.Inflight.LoadOrStore(mark, struct{}{}); busy {
			return ImportReport{}, domain.Fail(domain.CodeIdemInFlight, "The first request with this key is still running.")
		}
		defer s.Inflight.Delete(mark)
	}
	if done, err := s.Replay(ctx, call); done || err != nil {
		return ImportReport{}, err
	}
	r := importRun{s: s, call: call, preview: in.Preview, lines: map[string][]lineOf{}, households: map[string][]string{}}
	if err := r.begin(ctx, in.CentreID); err != nil {
		return ImportReport{}, err
	}
	table, err := findTable(in.File, r.centre.ImportMapping.V)
	if err != nil {
		return ImportReport{}, err
	}
	if len(table.head.columns["external_ref"]) == 0 {
		return ImportReport{}, domain.Fail(domain.CodeUnprocessable,
			"No column holds the brand's number of a job (external_ref, Ticket, Job No, …).").
			At("/external_ref", "name the column in the centre's import_mapping")
	}
	out := ImportReport{Preview: in.Preview, Encoding: in.File.Encoding, Rows: len(table.rows), Mapping: table.head.mapping,
		LeftOut: table.leftOut}
	if !in.Preview {
		if err := r.record(ctx, in, len(table.rows)); err != nil {
			return ImportReport{}, err
		}
		out.ID = r.id
	} else if in.ID != nil {
		r.reading = readingOf(call.Actor, *in.ID)
		defer s.Inflight.Delete(r.reading)
		r.noteReading(&out, 0)
	}
	reader := newRowReader(s.Service, &table.head, r.centre, r.technicians, r.answer)
	if err := r.rows(ctx, table.rows, reader, &out); err != nil {
		return ImportReport{}, err // the rows before stand; sent again they are unchanged
	}
	out.Questions = askedOnce(out.Items)
	if in.Preview { // its answer is kept nowhere; that somebody looked is, for it says which numbers may be known
		read := *call
		read.Key = ""
		defer func() { call.Answer = read.Answer }()
		return casework.Run(ctx, s.Service, &read, func(tx *casework.Work) (ImportReport, error) {
			return out, casework.LogSecurity(tx, domain.SecurityEvent{Kind: domain.SecurityImport, ActorID: &call.Actor.UserID,
				Detail: fmt.Sprintf("preview, centre %s, %d rows", r.centre.ID, out.Rows)})
		})
	}
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (ImportReport, error) {
		return out, noteProgress(tx, *r.id, &out, len(table.rows), true)
	})
}

// count adds a row to the report.
func (out *ImportReport) count(item ImportRowResult, c *domain.Centre) {
	switch item.Outcome {
	case rowCreated:
		out.Created++
	case rowUpdated:
		out.Updated++
	case rowUnchanged:
		out.Unchanged++
	case rowAsks:
		out.Asks++
	default:
		out.Rejected++
	}
	if v := item.visit; v != nil && item.moved {
		if day := v.WindowStart.In(c.Location()).Format(time.DateOnly); out.Day == "" || day < out.Day {
			out.Day = day
		}
	}
	item.visit = nil // it is of no use any more
	out.Items = append(out.Items, item)
}

// begin reads what all rows need: the centre, its technicians, its answers.
func (r *importRun) begin(ctx context.Context, want *domain.ID) error {
	return r.s.InWork(ctx, nil, func(tx *casework.Work) (err error) {
		if r.centre, err = importCentre(tx, r.call.Actor, want); err != nil {
			return err
		}
		if r.technicians, err = tx.UsersWith(domain.RoleTechnician, &r.centre.ID, nil); err != nil {
			return err
		}
		answers, err := tx.ImportAnswers(r.centre.ID)
		r.given = map[string]string{}
		for _, a := range answers {
			r.given[a.About] = a.Answer
		}
		return err
	})
}

// The bounds of a transaction in which several rows land: none holds the one writer of SQLite for
// longer than a reader would notice, nor elsewhere a household for as long as somebody would wait for it.
const (
	chunkRows     = 20
	chunkTime     = 40 * time.Millisecond
	chunkTimeMany = 500 * time.Millisecond // where there are many writers
)

// rows brings all rows to their ends, in their order. Those that land without a word share
// transactions; one that needs more goes by itself.
func (r *importRun) rows(ctx context.Context, rows []ImportRow, reader *rowReader, out *ImportReport) error {
	var wait []*parsedRow // for the next transaction
	keep := func(w *parsedRow, ref string, item ImportRowResult) error {
		out.count(r.done(w, ref, item), r.centre)
		switch n := len(out.Items); {
		case r.reading != "":
			r.noteReading(out, n)
		case r.id != nil && n%progressEvery == 0:
			return r.progress(ctx, out, n)
		}
		return nil
	}
	land := func() error {
		for len(wait) > 0 {
			items, err := r.chunk(ctx, wait)
			if err != nil {
				return err
			}
			for i, item := range items {
				if err := keep(wait[i], wait[i].ref(), item); err != nil {
					return err
				}
			}
			if wait = wait[len(items):]; len(items) > 0 {
				continue
			}
			ref := wait[0].ref()
			item, err := r.land(ctx, wait[0])
			if err != nil {
				return err
			}
			if err := keep(wait[0], ref, item); err != nil {
				return err
			}
			wait = wait[1:]
		}
		return nil
	}
	for i := range rows {
		w := reader.read(rows[i])
		rows[i].Cells = nil // a long sheet is not held beside what came of it
		ref := w.ref()
		if slices.ContainsFunc(wait, func(b *parsedRow) bool { return ticketKey(b.ref()) == ticketKey(ref) }) || len(wait) == chunkRows {
			if err := land(); err != nil {
				return err
			}
		}
		var item ImportRowResult
		switch {
		case len(w.errors) > 0:
			item = ImportRowResult{Line: w.row.Line, ExternalRef: ref, Outcome: rowRejected, Errors: w.errors}
		case r.twice(w) || len(w.questions) > 0:
			item = r.unlanded(w)
		default:
			wait = append(wait, w)
			continue
		}
		if err := land(); err != nil {
			return err
		}
		if err := keep(w, ref, item); err != nil {
			return err
		}
	}
	return land()
}

// done is a row at its end, as it is reported and kept for those below it.
func (r *importRun) done(w *parsedRow, ref string, item ImportRowResult) ImportRowResult {
	if ref != "" && item.Outcome != rowRejected {
		r.lines[ticketKey(ref)] = append(r.lines[ticketKey(ref)], lineOf{w.row.Line, w.saidAll()})
	}
	if r.preview {
		item.Read = r.read(w)
		item.JobID, item.VisitID = r.known(item)
	}
	for _, l := range w.leftOut {
		if w.doubt == nil || item.Outcome != rowAsks || l.Column != w.doubt.Column { // what is asked is not left out yet
			item.LeftOut = append(item.LeftOut, l)
		}
	}
	return item
}

// chunk lands the first rows of a list in one transaction, as many as its time allows, and gives
// what came of them. Where one of them needs more than that it is those before it; none in a preview.
func (r *importRun) chunk(ctx context.Context, rows []*parsedRow) ([]ImportRowResult, error) {
	if r.preview {
		return nil, nil
	}
	most := chunkTime
	if r.s.ManyWriters {
		most = chunkTimeMany
	}
	for len(rows) > 1 {
		items, at, refused := []ImportRowResult(nil), 0, false
		resets := make([]func(), len(rows))
		for i := range rows {
			resets[i] = rows[i].mark()
		}
		err := r.s.InWork(ctx, &casework.Call{Actor: r.call.Actor, Bulk: true}, func(tx *casework.Work) error {
			items, refused = items[:0], false // it may run again
			began := r.s.Wall()
			for at = range rows {
				resets[at]()
				item := ImportRowResult{Line: rows[at].row.Line, ExternalRef: rows[at].ref()}
				if err := r.saveRow(tx, rows[at], &item); err != nil {
					refused = true
					return err
				}
				if items = append(items, item); r.s.Wall().Sub(began) > most {
					return nil
				}
			}
			return nil
		})
		if err == nil {
			return items, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		for i := range rows {
			resets[i]()
		}
		if !refused { // at the commit it may be of any of them
			at = len(rows) / 2
		}
		rows = rows[:at]
	}
	return nil, nil
}

// known are job and visit as a preview may name them: those that were there before.
func (r *importRun) known(item ImportRowResult) (job, visit *domain.ID) {
	if item.Outcome != rowCreated {
		job = item.JobID
	}
	if !item.moved {
		visit = item.VisitID
	}
	return job, visit
}

// unlanded is a row that asks, or that an answer left out.
func (r *importRun) unlanded(w *parsedRow) ImportRowResult {
	item := ImportRowResult{Line: w.row.Line, ExternalRef: w.is("external_ref"), Outcome: rowUnchanged}
	if len(w.questions) > 0 {
		item.Outcome, item.Questions = rowAsks, w.questions
	}
	return item
}

// land carries a row out; in a preview what the rows before it would take is taken.
func (r *importRun) land(ctx context.Context, w *parsedRow) (ImportRowResult, error) {
	item, err := r.landRow(ctx, w)
	if err != nil || !r.preview || item.visit == nil {
		return item, err
	}
	if who, line := r.clash(item.visit); who != "" && !w.noCrew {
		w.noCrew = true
		w.leave("technician", fmt.Sprintf("%s has another visit in this time, by line %d.", who, line))
		if item, err = r.landRow(ctx, w); err != nil {
			return item, err
		}
	}
	if len(item.visit.Crew) > 0 {
		r.ahead = append(r.ahead, booked{item.Line, item.visit})
	}
	return item, nil
}

// clash finds who would be in two places by the rows of a preview, each of which
// is judged by itself and leaves nothing behind.
func (r *importRun) clash(v *domain.Visit) (who string, line int) {
	for _, before := range r.ahead {
		b := before.visit
		if b.JobID == v.JobID || !b.PlannedStart.Before(v.PlannedEnd()) || !v.PlannedStart.Before(b.PlannedEnd()) {
			continue
		}
		for i := range r.technicians {
			if u := &r.technicians[i]; domain.Has(v.Crew, u.ID) && domain.Has(b.Crew, u.ID) {
				return u.FirstName(), before.line
			}
		}
	}
	return "", 0
}

// MayImport refuses who imports no jobs, before anybody reads the file.
func MayImport(a domain.Actor) error {
	if !a.Is(domain.Staff...) {
		return domain.Fail(domain.CodeForbidden, "As %s you may not import jobs.", domain.RoleWords(a.Role))
	}
	return nil
}

func importCentre(tx *casework.Work, a domain.Actor, want *domain.ID) (*domain.Centre, error) {
	if err := MayImport(a); err != nil {
		return nil, err
	}
	if want == nil && a.Role.OfCentre() {
		want = &a.CentreID
	}
	if want == nil {
		return nil, domain.Fail(domain.CodeUnprocessable, "Say for which centre these jobs are.").At("/centre_id", "required")
	}
	c, err := casework.AuthorizeCentre(tx, a, *want)
	return c, casework.MeaningIfAbsent(err, "centre", "/centre_id")
}

// landRow does one row in its own transaction. What a rule refuses is the
// row's result; an error ends the import. A refusal of the time or of who comes leaves that out, for
// the household can be reached without it.
func (r *importRun) landRow(ctx context.Context, w *parsedRow) (ImportRowResult, error) {
	again := true
	for {
		item, err := r.tryRow(ctx, w)
		var e *domain.Error
		switch {
		case err == nil || errors.Is(err, errPreview):
			return item, nil
		case errors.Is(err, errAsks):
			return r.unlanded(w), nil
		case errors.Is(err, errDropped):
			w.leave("", leftByAnswer)
			return r.unlanded(w), nil
		case errors.Is(err, errLook):
			if err := r.look(ctx, w); err != nil {
				return item, err
			}
			continue
		case !errors.As(err, &e):
			return item, err
		}
		switch e.Kind {
		case domain.KindConflict, domain.KindUnprocessable, domain.KindForbidden, domain.KindMalformed, domain.KindNotFound,
			domain.KindPrecondition:
		default:
			return item, err
		}
		if again && (e.Code == domain.CodeStale || e.Code == domain.CodeDuplicate) { // somebody was faster; look again
			again = false
			continue
		}
		if r.without(w, e) {
			continue
		}
		rejected := ImportRowResult{Line: w.row.Line, ExternalRef: w.is("external_ref"), Outcome: rowRejected}
		rejected.Errors = domain.JSONList[ImportError]{{Column: w.column(importFieldOf(e, w)), Reason: e.Message}}
		return rejected, nil
	}
}

// without leaves out the technician or the time that was refused, once each.
func (r *importRun) without(w *parsedRow, e *domain.Error) bool {
	field := importFieldOf(e, w)
	switch {
	case field == "technician" && !w.noCrew && w.crew != nil && len(*w.crew) > 0:
		w.noCrew = true
	case (field == "technician" || field == "date" || field == "from" || field == "to") && !w.noVisit && !w.start.IsZero():
		w.noVisit = true
	default:
		return false
	}
	w.leave(field, e.Message)
	return true
}

func (r *importRun) tryRow(ctx context.Context, w *parsedRow) (item ImportRowResult, err error) {
	reset := w.mark()
	err = r.s.InWork(ctx, &casework.Call{Actor: r.call.Actor, Bulk: true}, func(tx *casework.Work) error {
		reset() // it may run again
		item = ImportRowResult{Line: w.row.Line, ExternalRef: w.ref()}
		if err := r.saveRow(tx, w, &item); err != nil {
			return err
		}
		if r.preview {
			return errPreview
		}
		return nil
	})
	return item, err
}

// importFieldOf tells which cell a refusal is about.
func importFieldOf(e *domain.Error, w *parsedRow) string {
	if len(e.Fields) > 0 {
		p := strings.TrimPrefix(e.Fields[0].Pointer, "/")
		p, _, _ = strings.Cut(p, "/")
		switch p {
		case "window_start", "planned_start", "planned_minutes":
			return "from"
		case "window_end":
			return "to"
		case "occurred_at":
			return "reported"
		case "crew":
			return "technician"
		case "site_id", "sites":
			return "address"
		case "contact_id", "contacts":
			return "phone"
		case "appliance_id":
			return "serial"
		}
		if domain.Has(importFields, p) {
			return p
		}
	}
	switch {
	case e.Code == domain.CodeCapacity:
		return "date"
	case e.Code == domain.CodeOverlap, e.Code == domain.CodeTooFar, e.Code == domain.CodeExcluded, e.Code == domain.CodeSkill,
		e.Code == domain.CodeHours:
		return "technician"
	case (e.Code == domain.CodeOnHold || e.Code == domain.CodePlan || e.Code == domain.CodeState) && !w.start.IsZero():
		return "date"
	}
	return "external_ref"
}

// saveRow carries one row out in a transaction.
func (r *importRun) saveRow(tx *casework.Work, w *parsedRow, item *ImportRowResult) error {
	j, h, err := r.jobOf(tx, w)
	if err != nil {
		return err
	}
	item.Outcome, item.ExternalRef = rowUnchanged, w.is("external_ref")
	var was domain.ImportState
	var visits []domain.Visit
	changed := false
	if j == nil {
		item.Outcome = rowCreated
		if j, h, was, err = r.newJob(tx, w, item); err != nil {
			return err
		}
	} else {
		if !w.start.IsZero() {
			if visits, err = tx.VisitsOfJob(j.ID); err != nil {
				return err
			}
		}
		was = stateOf(j, h, toCome(visits))
		if changed, err = importJob(tx, r.call, r.centre, j, h, w); err != nil {
			return err
		}
	}
	item.JobID = &j.ID
	live := toCome(visits)
	if !w.start.IsZero() && !w.noVisit {
		v, moved, err := r.importVisit(tx, j, visits, w)
		if err != nil {
			return err
		}
		if item.visit, item.moved = v, moved; v != nil {
			item.VisitID = &v.ID
		}
		if moved {
			live, changed = v, true
		}
	}
	if changed && item.Outcome == rowUnchanged {
		item.Outcome = rowUpdated
	}
	savedImport(j, w, live, changed)
	if item.Outcome == rowUnchanged {
		return nil
	}
	became := stateOf(j, h, live)
	if item.Outcome == rowUpdated {
		item.Changes = r.changes(&was, &became)
	}
	if r.preview {
		return nil
	}
	return tx.InsertImportChange(&domain.ImportChange{ID: tx.NewID(), ImportID: *r.id, JobID: j.ID, Line: w.row.Line, At: tx.Now,
		Created: item.Outcome == rowCreated, Was: domain.JSON[domain.ImportState]{V: was}, Became: domain.JSON[domain.ImportState]{V: became}})
}

// jobOf finds and locks the job that a row is about, with its household; nil: a new
// one. A ticket of another household is a question.
func (r *importRun) jobOf(tx *casework.Work, w *parsedRow) (*domain.Job, *domain.Customer, error) {
	for {
		j, err := tx.JobByTicket(w.ref())
		if casework.NotFound(err) {
			return nil, nil, nil
		} else if err != nil {
			return nil, nil, err
		}
		if j.CentreID != r.centre.ID {
			return nil, nil, domain.Fail(domain.CodeState, "belongs to a job of another centre").At("/external_ref", "of this centre")
		}
		h, err := tx.LockCustomer(j.CustomerID)
		if err != nil {
			return nil, nil, err
		}
		if j, err = tx.LockJob(j.ID); err != nil {
			return nil, nil, err
		}
		if !w.fresh(j)("household") || !w.ofAnother(h) {
			return j, h, nil
		}
		switch answer := w.put(r.otherHousehold(w)); {
		case answer == answerThis:
			return j, h, nil
		case answer == answerAnother && w.nextRef():
			continue
		case answer == LeaveOut:
			return nil, nil, errDropped
		}
		return nil, nil, errAsks
	}
}

// savedImport notes on the job what its row said; the same words again are no change. Where the time or the crew of the row
// could not be had, what stands in its place is noted too, for nobody here chose it.
func savedImport(j *domain.Job, w *parsedRow, live *domain.Visit, changed bool) {
	said, before := w.digests(j.ID), j.Imported.V
	for field, digest := range said {
		changed = changed || !j.Status.Ended() && before[field] != digest
	}
	if !changed {
		return
	}
	fresh := w.fresh(j)
	for field, digest := range before { // what the row does not say, or says again, was said before
		if !fresh(strings.TrimPrefix(field, instead)) {
			said[field] = digest
		}
	}
	if live != nil && w.noVisit {
		said[instead+"window"] = saidDigest(j.ID, "window", windowSaid(live.WindowStart, live.WindowEnd))
	}
	if live != nil && (w.noVisit || w.noCrew) {
		said[instead+"technician"] = saidDigest(j.ID, "technician", crewSaid(live.Crew))
	}
	j.Imported.V = said
}

// newJob registers the household, where it is new, the appliance and the job; was is the
// household as it stood.
func (r *importRun) newJob(tx *casework.Work, w *parsedRow, item *ImportRowResult) (_ *domain.Job, h *domain.Customer,
	was domain.ImportState, err error) {
	if w.doubt != nil {
		w.questions = append(w.questions, *w.doubt)
		return nil, nil, was, errAsks
	}
	if h, err = r.householdOf(tx, w); err != nil {
		return nil, nil, was, err
	}
	c := r.centre
	var site, contact domain.ID
	if w.newHome = h == nil; w.newHome {
		if w.is("name") == "" {
			return nil, nil, was, domain.Fail(domain.CodeUnprocessable, "is missing; a new household needs a name").At("/name", "required")
		}
		language := w.is("language")
		if language == "" {
			language = "en"
		}
		h = &domain.Customer{Meta: domain.NewMeta(tx.NewID(), tx.Now), Name: w.is("name"), Language: language, RegisteredCentreID: &c.ID}
		contact, site = addContact(tx.Svc, h, w, language), addSite(tx.Svc, h, w, c)
		if err := tx.InsertCustomer(h); err != nil {
			return nil, nil, was, err
		}
		if r.preview {
			r.newHousehold(w)
		}
	} else {
		was = stateOf(&domain.Job{}, h, nil)
		var grown bool
		if contact, site, grown = mergeCustomer(tx.Svc, h, nil, w, c); grown {
			h.ChangedAt(tx.Now)
			if err := tx.SaveCustomer(h); err != nil {
				return nil, nil, was, err
			}
		}
	}
	appliance, err := applianceOf(tx, h, site, nil, w)
	if err != nil {
		return nil, nil, was, err
	}
	in := casework.JobInput{CustomerID: &h.ID, SiteID: &site, ContactID: &contact, ApplianceID: appliance, CentreID: &c.ID,
		ExternalRef: w.opt("external_ref"),
		Category:    w.opt("category"), Serial: w.opt("serial"), Fault: w.opt("fault"), WhatMatters: w.opt("what_matters"), Note: w.opt("note"),
		Priority: w.opt("priority"),
		Cover:    w.opt("cover"), SafetyCritical: w.critical, SkillLevel: w.level, ValueMinor: w.value, OccurredAt: w.reported}
	view, err := casework.RegisterJob(tx, &casework.Call{Actor: r.call.Actor}, in)
	if err != nil {
		return nil, nil, was, err
	}
	item.MayBeKnown = view.MayBeKnown
	j, err := tx.LockJob(view.ID)
	return j, h, was, err
}

// ticketKey is the same of a ticket in any letter case.
func ticketKey(ref string) string { return strings.ToUpper(ref) }

// customerOf finds the customer that a row means: one of the numbers, and the same name or none in the row. with are
// those who have one of the numbers, of numbers that few share.
func customerOf(tx *casework.Work, w *parsedRow) (_ *domain.Customer, with []domain.ID, err error) {
	for _, phone := range w.phones {
		ids, err := tx.CustomersByPhone(phone, false)
		if err != nil {
			return nil, nil, err
		}
		households := map[string]bool{}
		slices.SortFunc(ids, func(a, b domain.ID) int { return slices.Compare(a[:], b[:]) })
		for _, id := range ids {
			h, err := tx.LockCustomer(id)
			if err != nil {
				return nil, nil, err
			}
			if contactNamed(h, w.is("name")) != nil {
				return h, nil, nil
			}
			households[h.HouseholdKey()] = true
		}
		if len(households) <= domain.SharedNumber {
			with = append(with, ids...)
		}
	}
	return nil, with, nil
}

func addContact(s *casework.Service, h *domain.Customer, w *parsedRow, language string) domain.ID {
	name := w.is("name")
	if name == "" {
		name = h.Name
	}
	n := domain.Contact{ID: s.NewID(), CustomerID: h.ID, Name: name, Phones: domain.JSONList[string](slices.Clone(w.phones)),
		Email: w.is("email"), Language: language, Position: len(h.Contacts)}
	h.Contacts = append(h.Contacts, n)
	return n.ID
}

func addSite(s *casework.Service, h *domain.Customer, w *parsedRow, c *domain.Centre) domain.ID {
	n := domain.Site{ID: s.NewID(), CustomerID: h.ID, Address: w.is("address"), Landmark: w.is("landmark"), PostalCode: w.is("postal_code"),
		Zone: c.Zone, Lat: w.lat, Lon: w.lon}
	h.Sites = append(h.Sites, n)
	return n.ID
}

// mergeCustomer adds what the row knows and the household does not: a person,
// numbers, an address, and what is empty at the address. It overwrites
// nothing, so that two rows about one household do not undo each other. j is
// the row's job, if it exists.
func mergeCustomer(s *casework.Service, h *domain.Customer, j *domain.Job, w *parsedRow,
	c *domain.Centre) (contact, site domain.ID, grown bool) {
	person := contactNamed(h, w.is("name"))
	if j != nil && j.ContactID != nil && (w.is("name") == "" || samePerson(h.Name, w.is("name"))) {
		if p := h.Contact(*j.ContactID); p != nil {
			person = p
		}
	}
	if person == nil || person == anybody {
		contact, grown = addContact(s, h, w, h.Language), true
	} else {
		contact = person.ID
		if m := w.is("email"); m != "" && person.Email == "" {
			person.Email, grown = m, true
		}
		for _, phone := range w.phones {
			if !h.Knows(phone) && len(person.Phones) < 10 {
				person.Phones, grown = append(person.Phones, phone), true
			}
		}
		if j != nil { // what the brand corrected is called first
			first := func(phone string) int {
				if domain.Has(w.phones, phone) {
					return slices.Index(w.phones, phone)
				}
				return len(w.phones)
			}
			before := slices.Clone(person.Phones)
			slices.SortStableFunc(person.Phones, func(a, b string) int { return first(a) - first(b) })
			grown = grown || !slices.Equal(before, person.Phones)
		}
	}
	var place *domain.Site
	if j != nil {
		place = h.Site(j.SiteID)
	} else if len(h.Sites) > 0 {
		place = &h.Sites[0]
	}
	if address := w.is("address"); address != "" && (place == nil || !domain.SameWords(place.Address, address)) {
		was := place
		place = nil
		for i := range h.Sites {
			if domain.SameWords(h.Sites[i].Address, address) {
				place = &h.Sites[i]
				break
			}
		}
		if place == nil && was != nil && was.Address == "" {
			place, was.Address, grown = was, address, true
		}
	}
	if place == nil {
		return contact, addSite(s, h, w, c), true
	}
	fill := func(dst *string, v string) {
		if *dst == "" && v != "" {
			*dst, grown = v, true
		}
	}
	fill(&place.Landmark, w.is("landmark"))
	fill(&place.PostalCode, w.is("postal_code"))
	if place.Lat == nil && w.lat != nil {
		place.Lat, place.Lon, grown = w.lat, w.lon, true
	}
	return contact, place.ID, grown
}

// applianceOf finds or registers the appliance of a row: the job's own, else
// the household's with this serial number. nil when the row names none.
func applianceOf(tx *casework.Work, h *domain.Customer, site domain.ID, j *domain.Job, w *parsedRow) (*domain.ID, error) {
	brand, model, serial := w.is("brand"), w.is("model"), w.is("serial")
	if brand == "" && model == "" && serial == "" {
		return nil, nil
	}
	var ap *domain.Appliance
	if j != nil && j.ApplianceID != nil {
		own, err := tx.Appliance(*j.ApplianceID)
		if err != nil {
			return nil, err
		}
		if serial == "" || own.Serial == "" || own.Serial == serial {
			ap = own
		}
	}
	if ap == nil && serial != "" && !w.newHome {
		earlier, err := tx.LatestJobBySerial(serial, time.Time{}, domain.ID{})
		if err != nil && !casework.NotFound(err) {
			return nil, err
		}
		if err == nil && earlier.CustomerID == h.ID && earlier.ApplianceID != nil {
			if ap, err = tx.Appliance(*earlier.ApplianceID); err != nil {
				return nil, err
			}
		}
	}
	if ap == nil {
		ap = &domain.Appliance{Meta: domain.NewMeta(tx.NewID(), tx.Now), CustomerID: h.ID, SiteID: &site, Category: w.is("category"),
			Brand:  brand,
			Model:  model,
			Serial: serial}
		return &ap.ID, tx.InsertAppliance(ap)
	}
	grown := false
	for _, f := range []struct {
		dst *string
		v   string
	}{{&ap.Category, w.is("category")}, {&ap.Brand, brand}, {&ap.Model, model}, {&ap.Serial, serial}} {
		if *f.dst == "" && f.v != "" {
			*f.dst, grown = f.v, true
		}
	}
	if grown {
		ap.ChangedAt(tx.Now)
		if err := tx.SaveAppliance(ap); err != nil {
			return nil, err
		}
	}
	return &ap.ID, nil
}

// importJob brings an existing job to what the row says. Only what differs is
// changed and told to the timeline.
func importJob(tx *casework.Work, call *casework.Call, c *domain.Centre, j *domain.Job, h *domain.Customer, w *parsedRow) (bool, error) {
	var err error
	fresh := w.fresh(j)
	contact, site, grown := j.ContactID, j.SiteID, false
	if fresh("household") {
		var person domain.ID
		person, site, grown = mergeCustomer(tx.Svc, h, j, w, c)
		contact = &person
	}
	var in casework.JobInput
	differs, asked := false, len(w.questions)
	take := func(field, have, v string) bool {
		if v == "" || v == have || !fresh(field) || !j.Status.Ended() && editedSince(j, field, have) && !w.bothChanged(field, have, v) {
			return false
		}
		differs = true
		return true
	}
	text := func(dst **string, have, field string) {
		if v := w.is(field); take(field, have, v) {
			*dst = &v
		}
	}
	text(&in.Category, j.Category, "category")
	text(&in.Serial, j.Serial, "serial")
	text(&in.Fault, j.Fault, "fault")
	text(&in.WhatMatters, j.WhatMatters, "what_matters")
	text(&in.Note, j.Note, "note")
	text(&in.Priority, j.Priority, "priority")
	text(&in.Cover, j.Cover, "cover")
	says := w.says()
	if take("safety_critical", strconv.FormatBool(j.SafetyCritical), says["safety_critical"]) {
		in.SafetyCritical = w.critical
	}
	if take("skill_level", strconv.Itoa(j.SkillLevel), says["skill_level"]) {
		in.SkillLevel = w.level
	}
	value := ""
	if j.ValueMinor != nil {
		value = strconv.FormatInt(*j.ValueMinor, 10)
	}
	if take("value_minor", value, says["value_minor"]) {
		in.ValueMinor = w.value
	}
	if len(w.questions) > asked {
		return false, errAsks
	}
	if !domain.Same(j.ContactID, contact) {
		in.ContactID, differs = contact, true
	}
	if j.SiteID != site {
		in.SiteID, differs = &site, true
	}
	if j.Status.Ended() {
		if differs || grown {
			return false, domain.Fail(domain.CodeState, "The job is %s; reopen it first.", j.Status).At("/external_ref", "an open job")
		}
		return false, nil
	}
	if grown {
		h.ChangedAt(tx.Now)
		if err := tx.SaveCustomer(h); err != nil {
			return false, err
		}
	}
	var appliance *domain.ID
	if fresh("appliance") {
		if appliance, err = applianceOf(tx, h, site, j, w); err != nil {
			return false, err
		}
	}
	if appliance != nil && (j.ApplianceID == nil || *j.ApplianceID != *appliance) {
		in.ApplianceID, differs = appliance, true
		if in.Category == nil && j.Category != "" {
			in.Category = &j.Category
		}
	}
	if !differs {
		return grown, nil
	}
	if err := casework.ApplyJob(tx, j, in, h); err != nil {
		return false, err
	}
	tx.Entry(j, call.Actor, "job.changed", nil, casework.At(tx.Now), in)
	return true, nil
}

// importVisit brings the job's visit to the row's window and crew: it books,
// moves or assigns. What has come of a window already, is not asked for again; to move
// what the household confirmed is.
func (r *importRun) importVisit(tx *casework.Work, j *domain.Job, visits []domain.Visit, w *parsedRow) (*domain.Visit, bool, error) {
	call := r.call
	c, err := casework.OpenCase(tx, j)
	if err != nil {
		return nil, false, err
	}
	var same *domain.Visit
	for i := range visits {
		v := &visits[i]
		if v.WindowStart.Equal(w.start) && v.WindowEnd.Equal(w.end) && (same == nil || v.Status.Unfinished() || !same.Status.Unfinished() &&
			v.CreatedAt.After(same.CreatedAt)) {
			same = v
		}
	}
	fresh, crew := w.fresh(j), w.crew
	if w.noCrew {
		crew = nil
	}
	if !fresh("window") && (same == nil || same.Status == domain.VisitCancelled || same.Status == domain.VisitRescheduled) {
		// Staff moved or ended it; the file says nothing new of the time.
		same = nil
		for i := range visits {
			if visits[i].Status == domain.VisitScheduled {
				same = &visits[i]
			}
		}
		if same == nil {
			return nil, false, nil
		}
	}
	if same != nil && !fresh("technician") {
		crew = nil
	}
	if live := toCome(visits); live != nil && crew != nil && fresh("technician") && !casework.SameCrew(live.Crew, *crew) &&
		editedSince(j, "technician", crewSaid(live.Crew)) && !w.bothChanged("technician", r.names(live.Crew), r.names(*crew)) {
		if len(w.questions) > 0 {
			return nil, false, errAsks
		}
		crew = nil
	}
	one := &casework.Call{Actor: call.Actor}
	if crew != nil && call.Actor.Role == domain.RoleAgent && (same == nil || !same.Status.Unfinished() ||
		!casework.SameCrew(same.Crew, *crew)) {
		return nil, false, domain.Fail(domain.CodeForbidden, "An agent schedules and does not assign; leave the technician empty.").
			At("/crew", "empty")
	}
	m := c.On(nil)
	if same != nil {
		switch {
		case same.Status == domain.VisitCancelled:
			return nil, false, domain.Fail(domain.CodeState, "The visit at this time was cancelled; choose another time.").
				At("/date", "another time")
		case same.Status == domain.VisitRescheduled:
			return nil, false, domain.Fail(domain.CodeState, "The visit was moved away from this time; the row is older than that.").
				At("/date", "the time of the visit")
		case same.Status != domain.VisitScheduled && crew != nil && !casework.SameCrew(same.Crew, *crew):
			w.leave("technician", "The visit is "+strings.ReplaceAll(string(same.Status), "_", " ")+"; its crew stays.")
			return same, false, nil
		case same.Status != domain.VisitScheduled || crew == nil || casework.SameCrew(same.Crew, *crew):
			return same, false, nil
		}
		m.Visit = same
		if err := domain.CheckVisit(call.Actor, "assign", same); err != nil {
			return nil, false, err
		}
		if c.Held != nil {
			return nil, false, c.RefuseHeld()
		}
		return same, true, casework.AssignCrew(m, call.Actor, *crew, "import")
	}
	in := casework.ScheduleInput{WindowStart: w.start.Format(time.RFC3339), WindowEnd: w.end.Format(time.RFC3339), Crew: crew,
		PlannedMinutes: w.minutes, Reason: "import"}
	sequence := 0
	for i := range visits {
		v := &visits[i]
		sequence = max(sequence, v.Sequence+1)
		if v.Status.UnderWay() {
			return nil, false, domain.Fail(domain.CodeState, "A visit of this job is under way (%s).", v.Status).At("/date", "after the visit")
		}
		if v.Status == domain.VisitScheduled {
			m.Visit = v
		}
	}
	if m.Visit == nil {
		if err := domain.CheckJob(call.Actor, "schedule", j); err != nil {
			return nil, false, err
		}
		v := &domain.Visit{Meta: domain.NewMeta(tx.NewID(), tx.Now), Sequence: sequence}
		return v, true, casework.Book(one, c, v, in, "visit.scheduled")
	}
	old := m.Visit
	if old.Confirmation == domain.ConfirmConfirmed || editedSince(j, "window", windowSaid(old.WindowStart, old.WindowEnd)) {
		switch w.put(r.visitMoves(w, old)) {
		case answerMove:
		case LeaveOut:
			w.leave("date", "The visit stays at its time, as answered.")
			return old, false, nil
		default:
			return nil, false, errAsks
		}
	}
	if err := domain.CheckVisit(call.Actor, "reschedule", old); err != nil {
		return nil, false, err
	}
	if err := c.MayBook(false); err != nil {
		return nil, false, err
	}
	if in.Crew == nil || !fresh("technician") {
		in.Crew = domain.Ptr(slices.Clone([]domain.ID(old.Crew)))
	}
	if in.PlannedMinutes == 0 || !fresh("duration") {
		in.PlannedMinutes = old.PlannedMinutes
	}
	next := &domain.Visit{Meta: domain.NewMeta(tx.NewID(), tx.Now), PredecessorID: &old.ID, Sequence: sequence}
	return next, true, casework.Succeed(m, one, next, in)
}
