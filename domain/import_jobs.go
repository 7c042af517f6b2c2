package domain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// MaxImportRows bounds one import.
const MaxImportRows = 2000

// ImportRow is one row of a sheet as read: heading → cell.
type ImportRow struct {
	Line   int // in the file, from 1
	Cells  map[string]string
	Broken string // why the row could not be read; it is rejected with this
}

// ImportInput is a day's jobs as a sheet.
type ImportInput struct {
	CentreID *ID
	Preview  bool // do everything and keep nothing
	Header   []string
	Rows     []ImportRow
}

// ImportError says what is wrong with one cell of a row.
type ImportError struct {
	Column string `json:"column"`
	Reason string `json:"reason"`
}

// ImportRowResult is what came of one row. A rejected row changed nothing.
type ImportRowResult struct {
	Line        int                   `json:"line"`
	ExternalRef string                `json:"external_ref"`
	Outcome     string                `json:"outcome"` // created, updated, unchanged, rejected
	JobID       *ID                   `json:"job_id"`
	VisitID     *ID                   `json:"visit_id"`
	Errors      JSONList[ImportError] `json:"errors"`
	visit       *Visit                // that the row books or keeps
}

// ImportReport is what came of an import. Mapping shows which column was
// taken for which field; kept as the centre's import_mapping it is used again.
type ImportReport struct {
	Preview   bool                      `json:"preview"`
	Rows      int                       `json:"rows"`
	Created   int                       `json:"created"`
	Updated   int                       `json:"updated"`
	Unchanged int                       `json:"unchanged"`
	Rejected  int                       `json:"rejected"`
	Mapping   map[string]string         `json:"mapping"`
	Items     JSONList[ImportRowResult] `json:"items"`
}

// errPreview rolls a row's transaction back after it has shown what it would do.
var errPreview = errors.New("preview")

// ImportJobs registers, changes and schedules a day's jobs of one centre.
// Coordinator and proprietor for their own centre, area manager for one of
// the area, agent for any. Each row is a transaction of its own under all the
// rules; a refused row is reported and changes nothing, and the same file
// again changes nothing. A row changes what the file changed since it was last
// imported, so that what staff edited meanwhile stays; to the household it only
// adds: numbers, people, addresses. An empty cell says nothing.
// Errors of the whole file: CodeForbidden, CodeUnprocessable.
func (s *Service) ImportJobs(ctx context.Context, call *Call, in ImportInput) (ImportReport, error) {
	if call.Key != "" { // one at a time under one key; run below guards only its own moment
		mark := "rows of " + call.Actor.UserID.String() + "|" + call.Key
		if _, busy := s.inflight.LoadOrStore(mark, struct{}{}); busy {
			return ImportReport{}, Fail(CodeIdemInFlight, "The first request with this key is still running.")
		}
		defer s.inflight.Delete(mark)
	}
	if done, err := s.replay(ctx, call); done || err != nil {
		return ImportReport{}, err
	}
	var centre *Centre
	var technicians []User
	err := s.inWork(ctx, nil, func(tx *Work) (err error) {
		if centre, err = importCentre(tx, call.Actor, in.CentreID); err != nil {
			return err
		}
		technicians, err = tx.UsersWith(RoleTechnician, &centre.ID, nil)
		return err
	})
	if err != nil {
		return ImportReport{}, err
	}
	head := readHead(in.Header, centre.ImportMapping.V)
	if len(head.columns["external_ref"]) == 0 {
		return ImportReport{}, Fail(CodeUnprocessable, "No column holds the brand's number of a job (external_ref, Ticket, Job No, …).").
			At("/external_ref", "name the column in the centre's import_mapping")
	}
	if len(in.Rows) > MaxImportRows {
		return ImportReport{}, Fail(CodeUnprocessable, "An import has at most %d rows; this one has %d.", MaxImportRows, len(in.Rows))
	}
	out := ImportReport{Preview: in.Preview, Rows: len(in.Rows), Mapping: head.mapping}
	lineOf := map[string]int{}
	var ahead []ImportRowResult // rows of a preview that book somebody
	for _, row := range in.Rows {
		wish := s.readRow(row, &head, centre, technicians)
		ref := wish.is("external_ref")
		if first, twice := lineOf[ref]; twice && ref != "" {
			wish.wrong("external_ref", fmt.Sprintf("stands in line %d already", first))
		} else {
			lineOf[ref] = row.Line
		}
		item := ImportRowResult{Line: row.Line, ExternalRef: ref, Outcome: "rejected", Errors: wish.errors}
		if len(wish.errors) == 0 {
			if item, err = s.importRow(ctx, call, centre, wish, in.Preview); err != nil {
				return ImportReport{}, err // the rows before stand; sent again they are unchanged
			}
		}
		if in.Preview && item.visit != nil {
			item = clash(item, wish, &ahead, technicians)
		}
		switch item.Outcome {
		case "created":
			out.Created++
		case "updated":
			out.Updated++
		case "unchanged":
			out.Unchanged++
		default:
			out.Rejected++
		}
		out.Items = append(out.Items, item)
	}
	return run(ctx, s, call, func(*Work) (ImportReport, error) { return out, nil })
}

// clash refuses in a preview what the rows before it would take: each row of a
// preview is judged by itself and leaves nothing behind.
func clash(item ImportRowResult, w *parsedRow, ahead *[]ImportRowResult, people []User) ImportRowResult {
	v := item.visit
	for _, before := range *ahead {
		b := before.visit
		if b.JobID == v.JobID || !b.PlannedStart.Before(v.PlannedEnd()) || !v.PlannedStart.Before(b.PlannedEnd()) {
			continue
		}
		for i := range people {
			if u := &people[i]; has(v.Crew, u.ID) && has(b.Crew, u.ID) {
				return ImportRowResult{Line: item.Line, ExternalRef: item.ExternalRef, Outcome: "rejected",
					Errors: JSONList[ImportError]{{Column: w.column("technician"), Reason: fmt.Sprintf("%s has another visit in this time, by line %d.",
						u.FirstName(), before.Line)}}}
			}
		}
	}
	*ahead = append(*ahead, item)
	return item
}

// MayImport refuses who imports no jobs, before anybody reads the file.
func MayImport(a Actor) error {
	if !a.Is(staff...) {
		return Fail(CodeForbidden, "As %s you may not import jobs.", roleWords(a.Role))
	}
	return nil
}

func importCentre(tx *Work, a Actor, want *ID) (*Centre, error) {
	if err := MayImport(a); err != nil {
		return nil, err
	}
	if want == nil && a.Role.OfCentre() {
		want = &a.CentreID
	}
	if want == nil {
		return nil, Fail(CodeUnprocessable, "Say for which centre these jobs are.").At("/centre_id", "required")
	}
	c, err := authorizeCentre(tx, a, *want)
	return c, meaningIfAbsent(err, "centre", "/centre_id")
}

// importRow does one row in its own transaction. What a rule refuses is the
// row's result; an error ends the import.
func (s *Service) importRow(ctx context.Context, call *Call, c *Centre, w *parsedRow, preview bool) (ImportRowResult, error) {
	for try := 1; ; try++ {
		item := ImportRowResult{Line: w.line, ExternalRef: w.is("external_ref")}
		err := s.inWork(ctx, nil, func(tx *Work) error {
			item = ImportRowResult{Line: w.line, ExternalRef: w.is("external_ref")} // the transaction may run again
			if err := saveImport(tx, call, c, w, &item, preview); err != nil {
				return err
			}
			if preview {
				return errPreview
			}
			return nil
		})
		if err == nil || errors.Is(err, errPreview) {
			return item, nil
		}
		var e *Error
		if !errors.As(err, &e) {
			return item, err
		}
		switch e.Kind {
		case KindConflict, KindUnprocessable, KindForbidden, KindMalformed, KindNotFound, KindPrecondition:
		default:
			return item, err
		}
		if try == 1 && (e.Code == CodeStale || e.Code == CodeDuplicate) { // somebody was faster; look again
			continue
		}
		rejected := ImportRowResult{Line: item.Line, ExternalRef: item.ExternalRef, Outcome: "rejected"}
		rejected.Errors = JSONList[ImportError]{{Column: w.column(importFieldOf(e, w)), Reason: e.Message}}
		return rejected, nil
	}
}

// importFieldOf tells which cell a refusal is about.
func importFieldOf(e *Error, w *parsedRow) string {
	if len(e.Fields) > 0 {
		p := strings.TrimPrefix(e.Fields[0].Pointer, "/")
		p, _, _ = strings.Cut(p, "/")
		switch p {
		case "window_start", "planned_start", "planned_minutes":
			return "from"
		case "window_end":
			return "to"
		case "crew":
			return "technician"
		case "site_id", "sites":
			return "address"
		case "contact_id", "contacts":
			return "phone"
		case "appliance_id":
			return "serial"
		}
		if has(importFields, p) {
			return p
		}
	}
	switch {
	case e.Code == CodeCapacity:
		return "date"
	case e.Code == CodeOverlap, e.Code == CodeTooFar, e.Code == CodeExcluded, e.Code == CodeSkill, e.Code == CodeHours:
		return "technician"
	case (e.Code == CodeOnHold || e.Code == CodePlan || e.Code == CodeState) && !w.start.IsZero():
		return "date"
	}
	return "external_ref"
}

// saveImport carries one row out in a transaction.
func saveImport(tx *Work, call *Call, c *Centre, w *parsedRow, item *ImportRowResult, preview bool) error {
	item.Outcome = "unchanged"
	j, err := tx.JobByRef(w.is("external_ref"))
	switch {
	case notFound(err):
		item.Outcome = "created"
		if j, err = saveNewImport(tx, call, c, w); err != nil {
			return err
		}
		if !preview {
			item.JobID = &j.ID
		}
	case err != nil:
		return err
	default:
		if j, err = tx.LockJob(j.ID); err != nil {
			return err
		}
		if j.CentreID != c.ID {
			return Fail(CodeState, "belongs to a job of another centre").At("/external_ref", "of this centre")
		}
		item.JobID = &j.ID
	}
	changed := false
	if item.Outcome != "created" {
		if changed, err = importJob(tx, call, c, j, w); err != nil {
			return err
		}
		if changed {
			item.Outcome = "updated"
		}
	}
	if w.start.IsZero() {
		return savedImport(tx, j, w, changed)
	}
	v, moved, err := importVisit(tx, call, j, w)
	if err != nil {
		return err
	}
	item.visit = v
	if v != nil && (!preview || !moved) {
		item.VisitID = &v.ID
	}
	if moved && item.Outcome == "unchanged" {
		item.Outcome = "updated"
	}
	return savedImport(tx, j, w, changed || moved)
}

// savedImport notes on the job what its row said; the same words again are no
// change.
func savedImport(tx *Work, j *Job, w *parsedRow, changed bool) error {
	said := w.digests(j.ID)
	for field, digest := range said {
		changed = changed || !j.Status.Ended() && j.Imported.V[field] != digest
	}
	if !changed {
		return nil
	}
	for field, digest := range j.Imported.V { // what the row does not say was said before
		if said[field] == "" {
			said[field] = digest
		}
	}
	j.Imported.V = said
	return nil
}

// saveNewImport registers the household, where it is new, the appliance and the job.
func saveNewImport(tx *Work, call *Call, c *Centre, w *parsedRow) (*Job, error) {
	h, err := householdOf(tx, w)
	if err != nil {
		return nil, err
	}
	var site, contact ID
	if h == nil {
		if w.is("name") == "" {
			return nil, Fail(CodeUnprocessable, "is missing; a new household needs a name").At("/name", "required")
		}
		language := w.is("language")
		if language == "" {
			language = "en"
		}
		h = &Customer{Meta: newMeta(tx.NewID(), tx.Now), Name: w.is("name"), Language: language, RegisteredCentreID: &c.ID}
		contact, site = addContact(tx.svc, h, w, language), addSite(tx.svc, h, w, c)
		if err := tx.InsertCustomer(h); err != nil {
			return nil, err
		}
	} else {
		var grown bool
		if contact, site, grown = mergeCustomer(tx.svc, h, nil, w, c); grown {
			h.changedAt(tx.Now)
			if err := tx.SaveCustomer(h); err != nil {
				return nil, err
			}
		}
	}
	appliance, err := applianceOf(tx, h, site, nil, w)
	if err != nil {
		return nil, err
	}
	in := JobInput{CustomerID: &h.ID, SiteID: &site, ContactID: &contact, ApplianceID: appliance, CentreID: &c.ID,
		ExternalRef: w.opt("external_ref"),
		Category:    w.opt("category"), Serial: w.opt("serial"), Fault: w.opt("fault"), WhatMatters: w.opt("what_matters"),
		Priority: w.opt("priority"),
		Cover:    w.opt("cover"), SafetyCritical: w.critical, SkillLevel: w.level, ValueMinor: w.value}
	view, err := createJob(tx, call.Actor, in)
	if err != nil {
		return nil, err
	}
	return tx.LockJob(view.ID)
}

// householdOf finds the household that a row means: one of the numbers, and
// the same name or none in the row.
func householdOf(tx *Work, w *parsedRow) (*Customer, error) {
	for _, phone := range w.phones {
		ids, err := tx.CustomersByPhone(phone)
		if err != nil {
			return nil, err
		}
		slices.SortFunc(ids, func(a, b ID) int { return slices.Compare(a[:], b[:]) })
		for _, id := range ids {
			h, err := tx.LockCustomer(id)
			if err != nil {
				return nil, err
			}
			if h.named(w.is("name")) != nil {
				return h, nil
			}
		}
	}
	return nil, nil
}

// anybody stands for a person whom a table does not name.
var anybody = &Contact{}

// named finds the contact of a name; a household that has the name itself, or
// no name in question, answers with its first contact or anybody.
func (c *Customer) named(name string) *Contact {
	for i := range c.Contacts {
		if sameWords(c.Contacts[i].Name, name) {
			return &c.Contacts[i]
		}
	}
	if name == "" || sameWords(c.Name, name) || c.Name == "" {
		if len(c.Contacts) > 0 {
			return &c.Contacts[0]
		}
		return anybody
	}
	return nil
}

// sameWords compares names and addresses without case, spaces and signs.
func sameWords(a, b string) bool { return headingKey(a) == headingKey(b) }

func addContact(s *Service, h *Customer, w *parsedRow, language string) ID {
	name := w.is("name")
	if name == "" {
		name = h.Name
	}
	n := Contact{ID: s.NewID(), CustomerID: h.ID, Name: name, Phones: JSONList[string](slices.Clone(w.phones)), Language: language,
		Position: len(h.Contacts)}
	h.Contacts = append(h.Contacts, n)
	return n.ID
}

func addSite(s *Service, h *Customer, w *parsedRow, c *Centre) ID {
	n := Site{ID: s.NewID(), CustomerID: h.ID, Address: w.is("address"), Landmark: w.is("landmark"), PostalCode: w.is("postal_code"),
		Zone: c.Zone, Lat: w.lat, Lon: w.lon}
	h.Sites = append(h.Sites, n)
	return n.ID
}

// mergeCustomer adds what the row knows and the household does not: a person,
// numbers, an address, and what is empty at the address. It overwrites
// nothing, so that two rows about one household do not undo each other. j is
// the row's job, if it exists.
func mergeCustomer(s *Service, h *Customer, j *Job, w *parsedRow, c *Centre) (contact, site ID, grown bool) {
	person := h.named(w.is("name"))
	if j != nil && j.ContactID != nil && (w.is("name") == "" || sameWords(h.Name, w.is("name"))) {
		if p := h.contact(*j.ContactID); p != nil {
			person = p
		}
	}
	if person == nil || person == anybody {
		contact, grown = addContact(s, h, w, h.Language), true
	} else {
		contact = person.ID
		for _, phone := range w.phones {
			if !h.knows(phone) && len(person.Phones) < 10 {
				person.Phones, grown = append(person.Phones, phone), true
			}
		}
	}
	var place *Site
	if j != nil {
		place = h.site(j.SiteID)
	} else if len(h.Sites) > 0 {
		place = &h.Sites[0]
	}
	if address := w.is("address"); address != "" && (place == nil || !sameWords(place.Address, address)) {
		was := place
		place = nil
		for i := range h.Sites {
			if sameWords(h.Sites[i].Address, address) {
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

// knows reports whether the household has a number, or had it struck.
func (c *Customer) knows(phone string) bool {
	for _, p := range c.Contacts {
		if has(p.Phones, phone) || has(p.Struck, phone) {
			return true
		}
	}
	return false
}

// applianceOf finds or registers the appliance of a row: the job's own, else
// the household's with this serial number. nil when the row names none.
func applianceOf(tx *Work, h *Customer, site ID, j *Job, w *parsedRow) (*ID, error) {
	brand, model, serial := w.is("brand"), w.is("model"), w.is("serial")
	if brand == "" && model == "" && serial == "" {
		return nil, nil
	}
	var ap *Appliance
	if j != nil && j.ApplianceID != nil {
		own, err := tx.Appliance(*j.ApplianceID)
		if err != nil {
			return nil, err
		}
		if serial == "" || own.Serial == "" || own.Serial == serial {
			ap = own
		}
	}
	if ap == nil && serial != "" {
		earlier, err := tx.LatestJobBySerial(serial, time.Time{}, ID{})
		if err != nil && !notFound(err) {
			return nil, err
		}
		if err == nil && earlier.CustomerID == h.ID && earlier.ApplianceID != nil {
			if ap, err = tx.Appliance(*earlier.ApplianceID); err != nil {
				return nil, err
			}
		}
	}
	if ap == nil {
		ap = &Appliance{Meta: newMeta(tx.NewID(), tx.Now), CustomerID: h.ID, SiteID: &site, Category: w.is("category"), Brand: brand,
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
		ap.changedAt(tx.Now)
		if err := tx.SaveAppliance(ap); err != nil {
			return nil, err
		}
	}
	return &ap.ID, nil
}

// importJob brings an existing job to what the row says. Only what differs is
// changed and told to the timeline.
func importJob(tx *Work, call *Call, c *Centre, j *Job, w *parsedRow) (bool, error) {
	h, err := tx.LockCustomer(j.CustomerID)
	if err != nil {
		return false, err
	}
	fresh := w.fresh(j)
	contact, site, grown := j.ContactID, j.SiteID, false
	if fresh("household") {
		var person ID
		person, site, grown = mergeCustomer(tx.svc, h, j, w, c)
		contact = &person
	}
	var in JobInput
	differs := false
	text := func(dst **string, have, field string) {
		if v := w.is(field); v != "" && v != have && fresh(field) {
			*dst, differs = &v, true
		}
	}
	text(&in.Category, j.Category, "category")
	text(&in.Serial, j.Serial, "serial")
	text(&in.Fault, j.Fault, "fault")
	text(&in.WhatMatters, j.WhatMatters, "what_matters")
	text(&in.Priority, j.Priority, "priority")
	text(&in.Cover, j.Cover, "cover")
	if w.critical != nil && *w.critical != j.SafetyCritical && fresh("safety_critical") {
		in.SafetyCritical, differs = w.critical, true
	}
	if w.level != nil && *w.level != j.SkillLevel && fresh("skill_level") {
		in.SkillLevel, differs = w.level, true
	}
	if w.value != nil && (j.ValueMinor == nil || *j.ValueMinor != *w.value) && fresh("value_minor") {
		in.ValueMinor, differs = w.value, true
	}
	if !same(j.ContactID, contact) {
		in.ContactID, differs = contact, true
	}
	if j.SiteID != site {
		in.SiteID, differs = &site, true
	}
	if j.Status.Ended() {
		if differs || grown {
			return false, Fail(CodeState, "The job is %s; reopen it first.", j.Status).At("/external_ref", "an open job")
		}
		return false, nil
	}
	if grown {
		h.changedAt(tx.Now)
		if err := tx.SaveCustomer(h); err != nil {
			return false, err
		}
	}
	var appliance *ID
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
	if err := applyJob(tx, j, in, h); err != nil {
		return false, err
	}
	tx.entry(j, call.Actor, "job.changed", nil, at(tx.Now), in)
	return true, nil
}

// importVisit brings the job's visit to the row's window and crew: it books,
// moves or assigns. What has come of a window already, is not asked for again.
func importVisit(tx *Work, call *Call, j *Job, w *parsedRow) (*Visit, bool, error) {
	d, err := openCase(tx, j)
	if err != nil {
		return nil, false, err
	}
	visits, err := tx.VisitsOfJob(j.ID)
	if err != nil {
		return nil, false, err
	}
	var same *Visit
	for i := range visits {
		v := &visits[i]
		if v.WindowStart.Equal(w.start) && v.WindowEnd.Equal(w.end) && (same == nil || v.Status.Unfinished() || !same.Status.Unfinished() &&
			v.CreatedAt.After(same.CreatedAt)) {
			same = v
		}
	}
	fresh, crew := w.fresh(j), w.crew
	if !fresh("window") && (same == nil || same.Status == VisitCancelled || same.Status == VisitRescheduled) {
		// Staff moved or ended it; the file says nothing new of the time.
		same = nil
		for i := range visits {
			if visits[i].Status == VisitScheduled {
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
	one := &Call{Actor: call.Actor}
	if crew != nil && call.Actor.Role == RoleAgent && (same == nil || !same.Status.Unfinished() || !sameCrew(same.Crew, *crew)) {
		return nil, false, Fail(CodeForbidden, "An agent schedules and does not assign; leave the technician empty.").At("/crew", "empty")
	}
	m := d.on(nil)
	if same != nil {
		switch {
		case same.Status == VisitCancelled:
			return nil, false, Fail(CodeState, "The visit at this time was cancelled; choose another time.").At("/date", "another time")
		case same.Status == VisitRescheduled:
			return nil, false, Fail(CodeState, "The visit was moved away from this time; the row is older than that.").
				At("/date", "the time of the visit")
		case same.Status != VisitScheduled || crew == nil || sameCrew(same.Crew, *crew):
			return same, false, nil
		}
		m.visit = same
		if err := CheckVisit(call.Actor, "assign", same); err != nil {
			return nil, false, err
		}
		if d.held != nil {
			return nil, false, d.refuseHeld()
		}
		return same, true, assign(m, call.Actor, *crew, "import")
	}
	in := ScheduleInput{WindowStart: w.start.Format(time.RFC3339), WindowEnd: w.end.Format(time.RFC3339), Crew: w.crew, Reason: "import"}
	sequence := 0
	for i := range visits {
		v := &visits[i]
		sequence = max(sequence, v.Sequence+1)
		if v.Status.UnderWay() {
			return nil, false, Fail(CodeState, "A visit of this job is under way (%s).", v.Status).At("/date", "after the visit")
		}
		if v.Status == VisitScheduled {
			m.visit = v
		}
	}
	if m.visit == nil {
		if err := CheckJob(call.Actor, "schedule", j); err != nil {
			return nil, false, err
		}
		v := &Visit{Meta: newMeta(tx.NewID(), tx.Now), Sequence: sequence}
		return v, true, book(one, d, v, in, "visit.scheduled")
	}
	old := m.visit
	if err := CheckVisit(call.Actor, "reschedule", old); err != nil {
		return nil, false, err
	}
	if err := d.mayBook(false); err != nil {
		return nil, false, err
	}
	if in.Crew == nil || !fresh("technician") {
		in.Crew = ptr(slices.Clone([]ID(old.Crew)))
	}
	in.PlannedMinutes = old.PlannedMinutes
	next := &Visit{Meta: newMeta(tx.NewID(), tx.Now), PredecessorID: &old.ID, Sequence: sequence}
	return next, true, succeed(m, one, next, in)
}

// sameCrew reports whether two crews are the same people, in any order.
func sameCrew(a, b []ID) bool {
	if len(a) != len(b) {
		return false
	}
	for _, id := range a {
		if !has(b, id) {
			return false
		}
	}
	return true
}
