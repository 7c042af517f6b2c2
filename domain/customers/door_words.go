package customers

import (
	"doorstep/domain"
	"doorstep/domain/casework"
)

// awaitedToday reports whether the household of a visit may have somebody of its crew at the door today.
func awaitedToday(c *casework.Case, v *domain.Visit) bool {
	from, until := v.DoorDay(c.Site.Location())
	return v.Awaited() && !c.Now.Before(from) && c.Now.Before(until)
}

// handleWrongWord is the household's "they did not know the word": it need not open, whatever comes of the visit is ours, the desk calls
// at once, and the crew, if it was they, call the desk. Said again within a few minutes it rings nobody again.
func handleWrongWord(k *Request) error {
	if k.Visit == nil || !awaitedToday(k.Case, k.Visit) {
		return domain.Fail(domain.CodeState, "Nobody of ours is expected at this door today.")
	}
	m := k.move()
	last, err := casework.WordWrong(m)
	if err != nil {
		return err
	}
	if last != nil && k.Now.Sub(last.RecordedAt) < domain.WrongWordAgain {
		k.done = "already"
		return nil
	}
	k.Entry(k.Actor, "visit.word_wrong", &k.Visit.ID, nil)
	if k.Visit.Status.UnderWay() { // else it was nobody of theirs
		casework.NotifyCrew(k.Case, k.Visit, k.Visit.Crew, "visit.call_desk")
	}
	return casework.NotifyStaff(k.Case, k.Visit, "visit.word_wrong", domain.RoleCoordinator, domain.RoleProprietor)
}
