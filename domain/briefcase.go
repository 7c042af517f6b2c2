package domain

import "time"

// Briefcase is the span of days whose visits a technician's phone holds, for work without network (docs/product.md section 8).
type Briefcase struct{ From, To time.Time }

// Why something left a phone.
const (
	GoneReassigned = "reassigned"
	GoneEnded      = "ended"
	GoneLeftScope  = "left_scope"
)

// InboxKept is how long a phone holds notices.
const InboxKept = 7 * 24 * time.Hour

// BriefcaseOf is that of a day, by its midnight in the zone of the centre: from yesterday to seven days ahead.
func BriefcaseOf(midnight time.Time) Briefcase {
	return Briefcase{midnight.AddDate(0, 0, -1).UTC(), midnight.AddDate(0, 0, 8).UTC()}
}

// Gone is why a visit is not in a technician's briefcase; empty: it is. One under way stays, whatever its day, and one that ended
// otherwise than by being moved or cancelled until its day is over: its crew may still correct it, or say that it was not so.
func (b Briefcase) Gone(v *Visit, technician ID) string {
	switch {
	case !Has(v.Crew, technician):
		return GoneReassigned
	case v.Status == VisitCancelled || v.Status == VisitRescheduled:
		return GoneEnded
	case v.Status.UnderWay() || !v.WindowStart.Before(b.From) && v.WindowStart.Before(b.To):
		return ""
	case v.Status.Unfinished():
		return GoneLeftScope
	}
	return GoneEnded
}

// Lacks reports whether it cannot have been in the briefcase: its day was still to come.
func (b Briefcase) Lacks(v *Visit) bool { return !v.Status.UnderWay() && !v.WindowStart.Before(b.To) }

// MissingOffline lists what a crew without network would have to look up to do the visit.
func MissingOffline(j *Job, c *Customer) JSONList[string] {
	missing := JSONList[string]{}
	site := c.Site(j.SiteID)
	if site == nil || site.Address == "" {
		missing = append(missing, "address")
	}
	if site == nil || site.Lat == nil || site.Lon == nil {
		missing = append(missing, "coordinates")
	}
	reachable := false
	for i := range c.Contacts {
		for _, n := range c.Contacts[i].Phones {
			reachable = reachable || !Has(c.Contacts[i].InvalidPhones, n)
		}
	}
	if !reachable {
		missing = append(missing, "phone")
	}
	if j.Fault == "" {
		missing = append(missing, "fault")
	}
	return missing
}
