package domain

import (
	"slices"
	"strings"
	"time"
)

// A household may take its report about our people back, on its page or by
// voice, until it is decided (docs/product.md section 5). The page answers the same
// whether there was a report or not, for others hold that phone too, and asks
// nothing but one line that may stay empty.
//
// Below level 3, by the link, the report ends with it. At level 3 and 4 it only
// says so to whoever decides, who may know what it is to be asked to take
// something back: the keep-away ends by the decision alone. What a desk writes
// down for a caller never ends a report, for it may be the centre's own. Home
// and person stay apart until an area manager lifts that, to which the
// household consents by taking back.

func init() {
	asks["report"], asks["withdraw-report"], asks["appeal"] = handleReport, handleWithdrawReport, appealAct
	linkUndone = append(linkUndone, undoTakenBack)
	arrivedAnyway = cameAnyway
}

// handleWithdrawReport notes it on the household's open reports of the job.
func handleWithdrawReport(k *request) error {
	if err := noteFits(k.in.Note); err != nil {
		return err
	}
	reports, err := reportsOfHome(k)
	if err != nil {
		return err
	}
	for i := range reports {
		f := &reports[i]
		ends := k.by == nil && !f.severe()
		if !f.Status.Open() || f.WithdrawnAt != nil && !ends { // said before
			continue
		}
		f.WithdrawnAt, f.WithdrawnWords = ptr(k.st.occurred), strings.TrimSpace(k.in.Note)
		if ends {
			if err := k.tx.apply(f, "withdraw"); err != nil {
				return err
			}
			setDue(k.tx, f, false)
			if err := settleConduct(k.tx, k.actor, f); err != nil {
				return err
			}
			if err := consentHome(k, f, ptr(k.st.occurred)); err != nil {
				return err
			}
		}
		f.changedAt(k.now)
		if err := k.tx.SaveFlag(f); err != nil {
			return err
		}
		if err := notifyHandlers(k.tx, f, "flag.withdrawn"); err != nil {
			return err
		}
	}
	return nil
}

// reportsOfHome are the household's own reports on the job, locked.
func reportsOfHome(k *request) ([]Flag, error) {
	all, err := k.tx.FlagsOfCustomer(k.customer.ID)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(f Flag) bool { return !f.ByCustomer || f.JobID == nil || *f.JobID != k.job.ID })
	for i := range all {
		f, err := k.tx.LockFlag(all[i].ID)
		if err != nil {
			return nil, err
		}
		all[i] = *f
	}
	return all, nil
}

// consentHome notes or takes back the household's consent to meet the person
// of its report again.
func consentHome(k *request, f *Flag, at *time.Time) error {
	apart, err := k.tx.Exclusions(k.customer.ID)
	if err != nil {
		return err
	}
	for i := range apart {
		if x := &apart[i]; x.FlagID == f.ID {
			x.ConsentedAt = at
			if err := k.tx.SaveExclusion(x); err != nil {
				return err
			}
		}
	}
	return nil
}

// undoTakenBack opens the reports again that a stranger took back by a link:
// at the very moment of a contact by it. What a desk wrote down stays.
func undoTakenBack(k *request, contacts []Attempt) error {
	reports, err := reportsOfHome(k)
	if err != nil {
		return err
	}
	for i := range reports {
		f := &reports[i]
		if f.WithdrawnAt == nil || !f.Status.Open() && f.Status != FlagWithdrawn ||
			!slices.ContainsFunc(contacts, func(a Attempt) bool { return a.OccurredAt.Equal(*f.WithdrawnAt) }) {
			continue
		}
		f.WithdrawnAt, f.WithdrawnWords = nil, ""
		if f.Status == FlagWithdrawn {
			if err := k.tx.apply(f, "undo-withdraw"); err != nil {
				return err
			}
			f.DueAt, f.Step = ptr(k.now.Add(triageTime(f.Level))), 0
			armFlag(k.tx, f)
			if err := consentHome(k, f, nil); err != nil {
				return err
			}
			if err := notifyHandlers(k.tx, f, "flag.triage"); err != nil {
				return err
			}
		}
		f.changedAt(k.now)
		if err := k.tx.SaveFlag(f); err != nil {
			return err
		}
	}
	return nil
}
