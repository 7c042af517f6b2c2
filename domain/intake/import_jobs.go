package intake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// MaxImportRows bounds one import.
const MaxImportRows = 5000

// ImportInput is a day's jobs as a sheet.
type ImportInput struct {
	CentreID *domain.ID
	Preview  bool // do everything and keep nothing
	File     *File
}

// ImportError says what is wrong with one cell of a row.
type ImportError struct {
	Column string `json:"column"`
	Reason string `json:"reason"`
}

// ImportRowResult is what came of one row. A rejected row changed nothing.
type ImportRowResult struct {
	Line        int                          `json:"line"`
	ExternalRef string                       `json:"external_ref"`
	Outcome     string                       `json:"outcome"` // created, updated, unchanged, asks, rejected
	JobID       *domain.ID                   `json:"job_id"`
	VisitID     *domain.ID                   `json:"visit_id"`
	Errors      domain.JSONList[ImportError] `json:"errors"`
	LeftOut     domain.JSONList[LeftOut]     `json:"left_out"`
	Questions   domain.JSONList[Question]    `json:"questions"` // open; the row waits for the answers
	visit       *domain.Visit                // that the row books or keeps
}

// ImportReport is what came of an import. Mapping shows which column was
// taken for which field; kept as the centre's import_mapping it is used again.
type ImportReport struct {
	Preview   bool                             `json:"preview"`
	Encoding  string                           `json:"encoding"` // of the text; empty of a workbook
	Rows      int                              `json:"rows"`
	Created   int                              `json:"created"`
	Updated   int                              `json:"updated"`
	Unchanged int                              `json:"unchanged"`
	Rejected  int                              `json:"rejected"`
	Mapping   map[string]string                `json:"mapping"`
	LeftOut   domain.JSONList[LeftOut]         `json:"left_out"` // of the whole sheet
	Items     domain.JSONList[ImportRowResult] `json:"items"`
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
	var centre *domain.Centre
	var technicians []domain.User
	err := s.InWork(ctx, nil, func(tx *casework.Work) (err error) {
		if centre, err = importCentre(tx, call.Actor, in.CentreID); err != nil {
			return err
		}
		technicians, err = tx.UsersWith(domain.RoleTechnician, &centre.ID, nil)
		return err
	})
	if err != nil {
		return ImportReport{}, err
	}
	table, err := findTable(in.File, centre.ImportMapping.V)
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
	reader := newRowReader(s.Service, &table.head, centre, technicians, nil)
	lineOf := map[string]int{}
	var ahead []ImportRowResult // rows of a preview that book somebody
	for _, row := range table.rows {
		wish := reader.read(row)
		ref := wish.is("external_ref")
		if first, twice := lineOf[strings.ToUpper(ref)]; twice && ref != "" {
			wish.wrong("external_ref", fmt.Sprintf("stands in line %d already", first))
		} else {
			lineOf[strings.ToUpper(ref)] = row.Line
		}
		item := ImportRowResult{Line: row.Line, ExternalRef: ref, Outcome: "rejected", Errors: wish.errors}
		if len(wish.errors) == 0 && len(wish.questions) > 0 {
			item.Outcome = "asks"
		} else if len(wish.errors) == 0 {
			if item, err = s.importRow(ctx, call, centre, wish, in.Preview); err != nil {
				return ImportReport{}, err // the rows before stand; sent again they are unchanged
			}
		}
		if in.Preview && item.visit != nil {
			item = clash(item, wish, &ahead, technicians)
		}
		item.LeftOut, item.Questions = wish.leftOut, wish.questions
		switch item.Outcome {
		case "created":
			out.Created++
		case "updated":
			out.Updated++
		case "unchanged":
			out.Unchanged++
		case "asks":
		default:
			out.Rejected++
		}
		out.Items = append(out.Items, item)
	}
	return casework.Run(ctx, s.Service, call, func(*casework.Work) (ImportReport, error) { return out, nil })
}

// clash refuses in a preview what the rows before it would take: each row of a
// preview is judged by itself and leaves nothing behind.
func clash(item ImportRowResult, w *parsedRow, ahead *[]ImportRowResult, people []domain.User) ImportRowResult {
	v := item.visit
	for _, before := range *ahead {
		b := before.visit
		if b.JobID == v.JobID || !b.PlannedStart.Before(v.PlannedEnd()) || !v.PlannedStart.Before(b.PlannedEnd()) {
			continue
		}
		for i := range people {
			if u := &people[i]; domain.Has(v.Crew, u.ID) && domain.Has(b.Crew, u.ID) {
				return ImportRowResult{Line: item.Line, ExternalRef: item.ExternalRef, Outcome: "rejected",
					Errors: domain.JSONList[ImportError]{{Column: w.column("technician"),
						Reason: fmt.Sprintf("%s has another visit in this time, by line %d.",
							u.FirstName(), before.Line)}}}
			}
		}
	}
	*ahead = append(*ahead, item)
	return item
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

// importRow does one row in its own transaction. What a rule refuses is the
// row's result; an error ends the import.
func (s *Service) importRow(ctx context.Context, call *casework.Call, c *domain.Centre, w *parsedRow,
	preview bool) (ImportRowResult, error) {
	for try := 1; ; try++ {
		item := ImportRowResult{Line: w.row.Line, ExternalRef: w.is("external_ref")}
		err := s.InWork(ctx, &casework.Call{Actor: call.Actor, Bulk: true}, func(tx *casework.Work) error {
			item = ImportRowResult{Line: w.row.Line, ExternalRef: w.is("external_ref")} // the transaction may run again
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
		var e *domain.Error
		if !errors.As(err, &e) {
			return item, err
		}
		switch e.Kind {
		case domain.KindConflict, domain.KindUnprocessable, domain.KindForbidden, domain.KindMalformed, domain.KindNotFound,
			domain.KindPrecondition:
		default:
			return item, err
		}
		if try == 1 && (e.Code == domain.CodeStale || e.Code == domain.CodeDuplicate) { // somebody was faster; look again
			continue
		}
		rejected := ImportRowResult{Line: item.Line, ExternalRef: item.ExternalRef, Outcome: "rejected"}
		rejected.Errors = domain.JSONList[ImportError]{{Column: w.column(importFieldOf(e, w)), Reason: e.Message}}
		return rejected, nil
	}
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

// saveImport carries one row out in a transaction.
func saveImport(tx *casework.Work, call *casework.Call, c *domain.Centre, w *parsedRow, item *ImportRowResult, preview bool) error {
	item.Outcome = "unchanged"
	j, err := jobByTicket(tx, w.is("external_ref"))
	switch {
	case casework.NotFound(err):
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
			return domain.Fail(domain.CodeState, "belongs to a job of another centre").At("/external_ref", "of this centre")
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
func savedImport(tx *casework.Work, j *domain.Job, w *parsedRow, changed bool) error {
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
func saveNewImport(tx *casework.Work, call *casework.Call, c *domain.Centre, w *parsedRow) (*domain.Job, error) {
	h, err := customerOf(tx, w)
	if err != nil {
		return nil, err
	}
	var site, contact domain.ID
	if h == nil {
		if w.is("name") == "" {
			return nil, domain.Fail(domain.CodeUnprocessable, "is missing; a new household needs a name").At("/name", "required")
		}
		language := w.is("language")
		if language == "" {
			language = "en"
		}
		h = &domain.Customer{Meta: domain.NewMeta(tx.NewID(), tx.Now), Name: w.is("name"), Language: language, RegisteredCentreID: &c.ID}
		contact, site = addContact(tx.Svc, h, w, language), addSite(tx.Svc, h, w, c)
		if err := tx.InsertCustomer(h); err != nil {
			return nil, err
		}
	} else {
		var grown bool
		if contact, site, grown = mergeCustomer(tx.Svc, h, nil, w, c); grown {
			h.ChangedAt(tx.Now)
			if err := tx.SaveCustomer(h); err != nil {
				return nil, err
			}
		}
	}
	appliance, err := applianceOf(tx, h, site, nil, w)
	if err != nil {
		return nil, err
	}
	in := casework.JobInput{CustomerID: &h.ID, SiteID: &site, ContactID: &contact, ApplianceID: appliance, CentreID: &c.ID,
		ExternalRef: w.opt("external_ref"),
		Category:    w.opt("category"), Serial: w.opt("serial"), Fault: w.opt("fault"), WhatMatters: w.opt("what_matters"),
		Priority: w.opt("priority"),
		Cover:    w.opt("cover"), SafetyCritical: w.critical, SkillLevel: w.level, ValueMinor: w.value, OccurredAt: w.reported}
	view, err := casework.RegisterJob(tx, &casework.Call{Actor: call.Actor}, in)
	if err != nil {
		return nil, err
	}
	return tx.LockJob(view.ID)
}

// jobByTicket finds the job of a brand's number, also where it is written in other letter case.
func jobByTicket(tx *casework.Work, ref string) (*domain.Job, error) {
	j, err := tx.JobByRef(ref)
	for _, other := range []string{strings.ToUpper(ref), strings.ToLower(ref)} {
		if casework.NotFound(err) && other != ref {
			j, err = tx.JobByRef(other)
		}
	}
	return j, err
}

// customerOf finds the customer that a row means: one of the numbers, and
// the same name or none in the row.
func customerOf(tx *casework.Work, w *parsedRow) (*domain.Customer, error) {
	for _, phone := range w.phones {
		ids, err := tx.CustomersByPhone(phone)
		if err != nil {
			return nil, err
		}
		slices.SortFunc(ids, func(a, b domain.ID) int { return slices.Compare(a[:], b[:]) })
		for _, id := range ids {
			h, err := tx.LockCustomer(id)
			if err != nil {
				return nil, err
			}
			if contactNamed(h, w.is("name")) != nil {
				return h, nil
			}
		}
	}
	return nil, nil
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
	if ap == nil && serial != "" {
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
func importJob(tx *casework.Work, call *casework.Call, c *domain.Centre, j *domain.Job, w *parsedRow) (bool, error) {
	h, err := tx.LockCustomer(j.CustomerID)
	if err != nil {
		return false, err
	}
	fresh := w.fresh(j)
	contact, site, grown := j.ContactID, j.SiteID, false
	if fresh("household") {
		var person domain.ID
		person, site, grown = mergeCustomer(tx.Svc, h, j, w, c)
		contact = &person
	}
	var in casework.JobInput
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
// moves or assigns. What has come of a window already, is not asked for again.
func importVisit(tx *casework.Work, call *casework.Call, j *domain.Job, w *parsedRow) (*domain.Visit, bool, error) {
	c, err := casework.OpenCase(tx, j)
	if err != nil {
		return nil, false, err
	}
	visits, err := tx.VisitsOfJob(j.ID)
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
	in := casework.ScheduleInput{WindowStart: w.start.Format(time.RFC3339), WindowEnd: w.end.Format(time.RFC3339), Crew: w.crew,
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
