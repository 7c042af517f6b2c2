package domain

// Relation is what somebody who reads of a member of staff is to them.
type Relation uint8

// The relations. Who decides in a place also leads it: a proprietor or area
// manager reads what a desk reads.
const (
	RelationSelf      Relation = 1 << iota
	RelationAdmin              // an admin
	RelationManager            // an area manager in their area
	RelationOwner              // the proprietor of their centre
	RelationDesk               // a coordinator of their centre
	RelationAgent              // the brand's contact desk
	RelationColleague          // a technician in one crew with them
)

const (
	everybody = RelationSelf | RelationAdmin | RelationManager | RelationOwner | RelationDesk | RelationAgent | RelationColleague
	planners  = RelationSelf | RelationAdmin | RelationManager | RelationOwner | RelationDesk | RelationAgent
	leaders   = RelationSelf | RelationAdmin | RelationManager | RelationOwner | RelationDesk
	owners    = RelationSelf | RelationAdmin | RelationManager | RelationOwner
)

// UserFields says who is shown which field of a member of staff (docs/product.md,
// People and scope). A home and quiet hours are nobody's to plan by; the desk plans
// from hours and skills and helps its people to sign in, a crew calls each other, and
// an agent calls the centre.
var UserFields = map[string]Relation{
	"id": everybody, "version": everybody, "created_at": everybody, "updated_at": everybody,
	"name": everybody, "role": everybody, "centre_id": everybody, "area_id": everybody, "disabled": everybody,
	"skills": everybody, "skill_levels": everybody,
	"phone":     leaders | RelationColleague,
	"deputy_id": planners, "language": planners, "hours": planners, "exceptions": planners, "max_visits_per_day": planners,
	"rings_always": leaders, "login": leaders, "colleague_id": owners,
	"quiet_from": RelationSelf | RelationAdmin, "quiet_to": RelationSelf | RelationAdmin,
	"visits_given_back": owners, "visits_under_way": owners,
	"home_lat": RelationSelf | RelationAdmin, "home_lon": RelationSelf | RelationAdmin,
}

// RelationTo is what an actor is to a member of staff.
func (a Actor) RelationTo(u *User) Relation {
	if a.UserID == u.ID {
		return RelationSelf
	}
	switch a.Role {
	case RoleAdmin, RoleSystem:
		return RelationAdmin
	case RoleAreaManager:
		return RelationManager
	case RoleProprietor:
		return RelationOwner
	case RoleCoordinator:
		return RelationDesk
	case RoleAgent:
		return RelationAgent
	default: // the others see of people what their work needs
	}
	return RelationColleague
}
