package casework

import (
	"fmt"
	"time"

	"doorstep/domain"
)

// disputeUntil is when the household's time to dispute ends; nil while it has
// not been told.
func (c *Case) disputeUntil(told *time.Time) *time.Time {
	if told == nil {
		return nil
	}
	within := domain.DisputeWithin
	if c.Customer.VoiceOnly() {
		within = domain.DisputeWithinVoice
	}
	return domain.Ptr(told.Add(within))
}

// Disputable says why an attempt or visit end cannot be disputed now; empty
// when it can.
func (c *Case) Disputable(told *time.Time) string {
	if until := c.disputeUntil(told); until != nil && !c.Now.Before(*until) {
		return fmt.Sprintf("The time to dispute it ended on %s.", until.In(c.Site.Location()).Format("2 Jan 15:04"))
	}
	return ""
}

// DisputableVisit gives what of a visit the household can dispute, and why it
// cannot now.
func (c *Case) DisputableVisit(v *domain.Visit) (subject, why string) {
	switch {
	case v.Disputed:
		return "", "It is disputed already."
	case v.Status == domain.VisitNoAccess:
		return domain.AboutNoAccess, c.Disputable(v.ToldAt)
	case v.Status == domain.VisitCompleted || v.Status == domain.VisitPartial:
		if v.DoneConfirmedAt != nil && v.DoneConfirmedHow != "desk" {
			return "", "The household confirmed it itself."
		}
		return domain.AboutCompletion, c.Disputable(v.ToldAt)
	case domain.Has(domain.NotYetThere, v.Status) && v.AgreedID != nil && v.Confirmation == domain.ConfirmConfirmed &&
		v.ConfirmedHow != "link":
		return domain.AboutAgreement, ""
	}
	return "", "There is nothing in this visit to dispute now."
}

// JudgeAgain reads the holds anew and lets the verdict follow.
func JudgeAgain(c *Case) (err error) {
	if c.Holds, err = c.Tx.HoldsOver(c.Job, true); err != nil {
		return err
	}
	return Reassess(c)
}
