package intake

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// Answers to what the database makes doubtful; leave_out is one of each.
const (
	answerThis    = "this"    // the same household; or this row and not the one before
	answerAnother = "another" // a household, or a job, of its own
	answerMove    = "move"
	answerSheet   = "sheet" // what the sheet has now, not what was put here since
)

const leftByAnswer = "Left out, as it was answered."

// maxCopies bounds how many jobs one ticket stands for.
const maxCopies = 9

// landing is how a row goes on after a first try.
type landing struct {
	noCrew, noVisit bool
	newHome         bool        // the household came with the row: nothing of it is known
	looked          bool        // candidates were looked up
	candidates      []domain.ID // households with one of the row's numbers and another name
	visible         []domain.ID // those of them that the caller sees
	copies          int         // "K3-77 (2)" is the first
	base            string      // the ticket as it stands
}

// leave notes that the cell of a field is not used.
func (w *parsedRow) leave(field, why string) {
	column, cell := "", ""
	if field != "" {
		column, cell = w.column(field), w.raw(field)
		if c, ok := w.cells[field]; ok {
			cell = w.raw(c)
		}
	}
	if r := []rune(cell); len(r) > 200 {
		cell = string(r[:200])
	}
	w.leftOut = append(w.leftOut, LeftOut{Line: w.row.Line, Column: column, Cell: cell, Why: why})
}

// ref is the ticket of a row, or what stands for it.
func (w *parsedRow) ref() string { return w.text["external_ref"] }

// mark notes how far a row was before a transaction, which may run again: what it gives brings it back.
func (w *parsedRow) mark() (reset func()) {
	questions, leftOut, ref, copies := len(w.questions), len(w.leftOut), w.ref(), w.copies
	return func() {
		w.questions, w.leftOut, w.copies, w.text["external_ref"] = w.questions[:questions], w.leftOut[:leftOut], copies, ref
	}
}

// put gives the answer to a question. Without one, or with one that is none of its choices, the
// question is open, and the row waits for it.
func (w *parsedRow) put(q Question) (answer string) {
	if w.answers != nil {
		given, ok := w.answers(q.ID, q.Alike)
		if ok && slices.ContainsFunc(q.Choices, func(c Choice) bool { return c.Answer == given }) {
			return given
		}
		if ok {
			q.Words += fmt.Sprintf(" “%s” is none of the answers.", given)
		}
	}
	w.questions = append(w.questions, q)
	return ""
}

// answer is what the centre answered before, to the row or to all alike.
func (r *importRun) answer(id, alike string) (string, bool) {
	a, ok := r.given[id]
	if !ok {
		a, ok = r.given[alike]
	}
	return a, ok
}

// ofTheRow makes a question that is asked of one row alone.
func (w *parsedRow) ofTheRow(kind, field, words string, more string, choices ...Choice) Question {
	ref := w.base
	if ref == "" {
		ref = w.is("external_ref")
	}
	said := w.says()
	id := questionID(kind, ref, said["household"], more)
	return Question{ID: id, Alike: id, Kind: kind, Column: w.column(field), Cell: w.raw(field), Words: words,
		Choices: append(choices, Choice{LeaveOut, "Leave it out"})}
}

func (r *importRun) otherHousehold(w *parsedRow) Question {
	return w.ofTheRow("ticket", "external_ref", "This ticket is another household's: name, number and address are others.", "",
		Choice{answerAnother, "Another household, a job of its own"}, Choice{answerThis, "The same household, corrected"})
}

// visitMoves asks before a visit moves that the household confirmed, or that was set here since.
func (r *importRun) visitMoves(w *parsedRow, v *domain.Visit) Question {
	was, to := windowWords(v.WindowStart, v.WindowEnd, r.centre.Location()), windowWords(w.start, w.end, r.centre.Location())
	said := "The visit was set here to " + was + ", since the last sheet."
	if v.Confirmation == domain.ConfirmConfirmed {
		said = "The household confirmed " + was + "."
	}
	return w.ofTheRow("change", "date", said, to, Choice{answerMove, "Move it to " + to})
}

// bothChanged decides a field that the sheet changed since the last import, as people did here: as it was answered, and
// without an answer the row asks. take: what the sheet has.
func (w *parsedRow) bothChanged(field, stands, sheet string) (take bool) {
	q := w.ofTheRow("change", field, "This was changed here since the last sheet, and in the sheet. Here it is “"+cut(stands, 200)+"”.",
		field+"\n"+stands+"\n"+sheet, Choice{answerSheet, "As the sheet has it: " + cut(sheet, 200)})
	q.Choices[1].Words = "As it is here"
	return w.put(q) == answerSheet
}

// ofAnother reports whether a row names nothing of a household: not the name, no number, not
// the address.
func (w *parsedRow) ofAnother(h *domain.Customer) bool {
	if name := w.is("name"); name == "" || contactNamed(h, name) != nil {
		return false
	}
	for _, phone := range w.phones {
		if h.Knows(phone) {
			return false
		}
	}
	for i := range h.Sites {
		if a := h.Sites[i].Address; a != "" && domain.SameWords(a, w.is("address")) {
			return false
		}
	}
	return true
}

// nextRef names another job of the same ticket.
func (w *parsedRow) nextRef() bool {
	if w.base == "" {
		w.base = w.is("external_ref")
	}
	w.copies++
	w.text["external_ref"] = fmt.Sprintf("%s (%d)", w.base, w.copies+1)
	return w.copies < maxCopies
}

// twice reports whether a row whose ticket stood before needs to go no further: it says the
// same, was left out, or asks.
func (r *importRun) twice(w *parsedRow) bool {
	before := r.lines[ticketKey(w.is("external_ref"))]
	if len(before) == 0 {
		return false
	}
	said := w.says()
	for _, b := range before {
		if b.said == w.saidAll() {
			w.leave("external_ref", fmt.Sprintf("The same stands in line %d already.", b.line))
			return true
		}
	}
	more := ""
	for _, field := range []string{"appliance", "fault", "window", "technician"} {
		more += said[field] + "\n"
	}
	first := before[0].line
	answer := w.put(w.ofTheRow("ticket", "external_ref", fmt.Sprintf("This ticket stands in line %d already, with other words.", first), more,
		Choice{answerThis, fmt.Sprintf("This row is right, not line %d", first)}, Choice{answerAnother, "Another job"}))
	switch {
	case answer == LeaveOut:
		w.leave("", leftByAnswer)
	case answer == answerAnother:
		w.copies = len(before) - 1
		w.nextRef()
		return false
	}
	return answer == "" || answer == LeaveOut
}

// saidAll is a digest of all that a row says.
func (w *parsedRow) saidAll() string {
	said := w.says()
	parts := make([]string, 0, 2*len(said))
	for _, field := range slices.Sorted(maps.Keys(said)) {
		if said[field] != "" {
			parts = append(parts, field, said[field])
		}
	}
	return questionID(parts...)
}

// householdOf finds the household of a new job, or asks where one may be known: one that the caller
// sees has the number under another name. Of others nobody is told here. A number that many
// households use says nothing.
func (r *importRun) householdOf(tx *casework.Work, w *parsedRow) (*domain.Customer, error) {
	h, with, err := customerOf(tx, w)
	if h != nil || err != nil || len(w.phones) == 0 {
		return h, err
	}
	if w.candidates = with; !w.looked && len(with) > 0 {
		return nil, errLook
	}
	if len(w.visible) == 0 && !r.inPreview(w) {
		return nil, nil
	}
	switch answer := w.put(w.ofTheRow("household", "phone", "This number may be known under another name.", "",
		Choice{answerThis, "The same household"}, Choice{answerAnother, "Another household"})); {
	case answer == answerThis && len(w.visible) > 0:
		return tx.LockCustomer(w.visible[0])
	case answer == answerThis || answer == answerAnother:
		return nil, nil
	case answer == LeaveOut:
		return nil, errDropped
	}
	return nil, errAsks
}

// look finds who of the candidates is seen by the caller.
func (r *importRun) look(ctx context.Context, w *parsedRow) error {
	w.looked = true
	slices.SortFunc(w.candidates, func(a, b domain.ID) int { return slices.Compare(a[:], b[:]) })
	for _, id := range slices.Compact(w.candidates) {
		_, err := r.s.Read.Customer(ctx, r.call.Actor.Scope(), id)
		switch {
		case err == nil:
			w.visible = append(w.visible, id)
		case !casework.NotFound(err):
			return err
		}
	}
	return nil
}

// newHousehold notes one that a preview would register.
func (r *importRun) newHousehold(w *parsedRow) {
	for _, phone := range w.phones {
		r.households[phone] = append(r.households[phone], w.is("name"))
	}
}

// inPreview reports whether a row before has one of the numbers under another name: in a preview it
// left no household.
func (r *importRun) inPreview(w *parsedRow) bool {
	other := false
	for _, phone := range w.phones {
		for _, before := range r.households[phone] {
			if samePerson(before, w.is("name")) || w.is("name") == "" {
				return false
			}
			other = true
		}
	}
	return other
}

// Asked is a question once for all rows that ask alike.
type Asked struct {
	Alike   string                  `json:"alike"`
	Kind    string                  `json:"kind"`
	Column  string                  `json:"column"`
	Cell    string                  `json:"cell"`
	Words   string                  `json:"words"`
	Choices domain.JSONList[Choice] `json:"choices"`
	Takes   string                  `json:"takes"`
	Lines   domain.JSONList[int]    `json:"lines"`
	IDs     domain.JSONList[string] `json:"ids"` // of the question of each line
}

// worst is the order in which kinds of questions are read: first those that send somebody to the wrong door.
var worst = []string{"ticket", "household", "change", "phone", "day", "hours", "status", "technician"}

// askedOnce gathers the open questions of all rows.
func askedOnce(items []ImportRowResult) domain.JSONList[Asked] {
	out, at := domain.JSONList[Asked]{}, map[string]int{}
	for i := range items {
		for _, q := range items[i].Questions {
			n, ok := at[q.Alike]
			if !ok {
				n = len(out)
				at[q.Alike] = n
				out = append(out, Asked{Alike: q.Alike, Kind: q.Kind, Column: q.Column, Cell: q.Cell, Words: q.Words, Choices: q.Choices,
					Takes: q.Takes})
			}
			out[n].Lines, out[n].IDs = append(out[n].Lines, items[i].Line), append(out[n].IDs, q.ID)
		}
	}
	slices.SortStableFunc(out, func(a, b Asked) int {
		return cmp.Or(slices.Index(worst, a.Kind)-slices.Index(worst, b.Kind), len(b.Lines)-len(a.Lines))
	})
	return out
}

// joined joins what is there.
func joined(sep string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), sep)
}
