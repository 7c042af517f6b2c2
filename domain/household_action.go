package domain

// Side says for whom an action of a household speaks.
type Side string

// The sides. What speaks for nobody moves a visit, and can be undone.
const (
	AgainstUs  Side = "against_us"
	ForUs      Side = "for_us"
	ForNobody  Side = "for_nobody"
	ProvesSelf Side = "proves_itself" // answers for what was asked by a link that staff had read
	OwnDevice  Side = "own_device"
)

// HouseholdAction is one thing that a household can do by its link.
type HouseholdAction struct {
	Side Side
	// Unanswered says, of what speaks for us, what happens when nobody verified it
	// in time; Counts: it is carried out then, for that favours the household.
	Unanswered string
	Counts     bool
	Secret     bool // the timeline does not name it
	Guarded    bool // by voice it has guards of its own
}

// HouseholdActions is the asymmetric rule of docs/product.md section 10. What is
// missing here is no action.
var HouseholdActions = map[string]HouseholdAction{
	"report":          {Side: AgainstUs, Secret: true},
	"dispute":         {Side: AgainstUs},
	"call-me":         {Side: AgainstUs},
	"could-not-reach": {Side: AgainstUs},
	"reopen":          {Side: AgainstUs},
	"passport":        {Side: AgainstUs},
	"not-us":          {Side: AgainstUs}, // it asks, and lifts nothing
	"go-on":           {Side: AgainstUs}, // it never asked to wait
	"wrong-word":      {Side: AgainstUs}, // somebody at its door did not know the word

	"done":            {Side: ForUs, Unanswered: "The completion stays unconfirmed.", Guarded: true},
	"withdraw-report": {Side: ForUs, Secret: true, Unanswered: "The report stands.", Guarded: true},
	"appeal":          {Side: ForUs, Secret: true, Unanswered: "The appeal is taken.", Counts: true},
	"thanks":          {Side: ForUs, Secret: true, Unanswered: "Nobody is thanked."},
	"remove-photos":   {Side: ForUs, Unanswered: "The photos are removed.", Counts: true},
	"wrong-person":    {Side: ForUs, Unanswered: "The number stays, and nothing is undone."},

	"confirm":      {Side: ForNobody},
	"cancel":       {Side: ForNobody},
	"another-time": {Side: ForNobody},
	"stop-visits":  {Side: ForNobody},

	"verify": {Side: ProvesSelf},
	"undo":   {Side: ProvesSelf},

	"device": {Side: OwnDevice},
}

// LinkEffect is what an action by a link does.
type LinkEffect string

// The effects.
const (
	EffectActs     LinkEffect = "acts"     // at once, as the household's own
	EffectMarked   LinkEffect = "marked"   // at once, but it is neither contact nor agreement, and the household may undo it
	EffectKept     LinkEffect = "kept"     // waits until it is verified
	EffectNeedCode LinkEffect = "code"     // only with a code that was sent to the household's phone
	EffectUnproven LinkEffect = "unproven" // it acts and proves nothing
)

// ByLink judges what an action does by a link that staff have read, or that only
// the system delivered.
func (a HouseholdAction) ByLink(read bool) LinkEffect {
	if !read {
		return EffectActs
	}
	switch a.Side {
	case AgainstUs:
		return EffectActs
	case ForNobody:
		return EffectMarked
	case ProvesSelf:
		return EffectNeedCode
	case OwnDevice:
		return EffectUnproven
	case ForUs:
	}
	return EffectKept // also what nobody has thought of
}

// ByVoice judges what an action does that staff write down for a caller: what speaks for us waits as by a link that
// they have read, for who rang is their word alone.
func (a HouseholdAction) ByVoice() LinkEffect {
	if a.Side == ForUs && !a.Guarded {
		return EffectKept
	}
	return EffectActs
}
