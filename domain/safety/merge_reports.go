package safety

import (
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/customers"
)

// What a household says again about the same is one report: whoever decides
// reads it in one place, and a queue is not filled by one tap repeated
// (docs/product.md section 5).

const (
	mergeWithin = 24 * time.Hour // of the first of it
	homeMost    = 5              // open reports of a household on a job
)

// raiseOrMerge raises a household's report, or adds it to one that is open about
// the same person; one that names nobody may be about somebody else.
// What a desk wrote down, what came by a link that staff had read and what came by the household's own stay apart, for one may be
// undone without the other, and the last acts at once. Beyond homeMost the words are kept with the newest,
// and a desk is told. Errors: CodeState by voice.
func raiseOrMerge(k *customers.Request, v *domain.Visit, f *domain.Flag) error {
	reports, err := reportsOfCustomer(k)
	if err != nil {
		return err
	}
	open := 0
	var into, newest *domain.Flag
	for i := range reports {
		o := &reports[i]
		if !o.Status.Open() {
			continue
		}
		open++
		if o.WithdrawnAt != nil || (o.RecordedBy == nil) != (f.RecordedBy == nil) || (o.LinkReadBy == nil) != (f.LinkReadBy == nil) {
			continue
		}
		newest = o
		switch {
		case k.Now.Sub(o.RecordedAt) >= mergeWithin:
		case domain.Same(o.SubjectID, f.SubjectID):
			into = o
		}
	}
	switch {
	case into != nil:
		return mergeReport(k, v, into, f)
	case open < homeMost:
		return raise(k.Tx, k.Actor, k.Case, v, f, k.Said)
	case k.By != nil:
		return domain.Fail(domain.CodeState, "%d reports of this household wait for the area manager already; tell what is new to the manager.",
			open).
			With("open", open)
	case newest != nil:
		return addWords(k, newest, f)
	}
	return nil
}

// mergeReport adds a further report to an open one. Only a higher level is told anew,
// and has its consequences at once; a level that was corrected for the same
// kind stays.
func mergeReport(k *customers.Request, v *domain.Visit, into, f *domain.Flag) error {
	if f.Level <= into.Level || into.TriagedAt != nil && f.Kind == into.Kind {
		return addWords(k, into, f)
	}
	if into.Kind != f.Kind {
		into.Note = domain.BoundNote(strings.TrimSpace(into.Note + "\n[" + into.Kind + "]"))
	}
	into.Kind, into.Level = f.Kind, f.Level
	before := into.DueAt
	if into.Status == domain.FlagReported {
		into.TriageDueAt = earlier(into.TriageDueAt, k.Now.Add(triageTime(into.Level)))
		into.DueAt = domain.Ptr(into.TriageDueAt)
	} else {
		setDue(k.Tx, into, true)
	}
	if before != nil && into.DueAt != nil {
		into.DueAt = domain.Ptr(earlier(*before, *into.DueAt))
	}
	armFlag(k.Tx, into)
	if err := notifyHandlers(k.Tx, into, "flag.triage"); err != nil {
		return err
	}
	if err := consequences(k.Case, v, into); err != nil {
		return err
	}
	return addWords(k, into, f)
}

// addWords keeps what was said, with what was chosen where that is other.
func addWords(k *customers.Request, into, f *domain.Flag) error {
	words := f.Note
	if f.Kind != into.Kind {
		words = "[" + k.In.What + "] " + words
	}
	if words != "" && !strings.Contains(into.Note, words) {
		into.Note = domain.BoundNote(strings.TrimSpace(into.Note + "\n" + words))
	}
	into.ChangedAt(k.Now)
	return k.Tx.SaveFlag(into)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
