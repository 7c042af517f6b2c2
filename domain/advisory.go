package domain

import (
	"slices"
	"time"
)

// AdvisoryStatus is where a warning marker stands.
type AdvisoryStatus string

// The states of an advisory. One whose time is over is expired from that
// moment, whether or not anybody has looked since.
const (
	AdvisoryProposed AdvisoryStatus = "proposed"
	AdvisoryApproved AdvisoryStatus = "approved"
	AdvisoryRefused  AdvisoryStatus = "refused"
	AdvisoryEnded    AdvisoryStatus = "ended"
	AdvisoryExpired  AdvisoryStatus = "expired"
)

// What an advisory is about: a person of the household, wherever they live, or
// one of its sites.
const (
	AboutPerson = "person"
	AboutSite   = "site"
)

// Times of an advisory (docs/product.md section 5).
const (
	advisoryMonths   = 12                  // at most
	advisoryShown    = 24 * time.Hour      // before the window, to the crew
	AdvisoryReminder = 14 * 24 * time.Hour // before the end, to who may renew it
	AppealDue        = 30 * 24 * time.Hour // of a decision, after the appeal
	AppealAgain      = 7 * 24 * time.Hour  // a late one is rung again
)

// Advisory is a warning marker: what to take care of, and what happened.
// Precautions come first wherever it is shown (docs/product.md section 5).
type Advisory struct {
	Meta
	JobID         ID             `json:"job_id"` // the one it came of
	CustomerID    ID             `json:"customer_id"`
	SiteID        *ID            `json:"site_id"` // of a site
	AreaID        ID             `json:"area_id"`
	FlagID        *ID            `json:"flag_id"`
	Subject       string         `json:"subject"` // person, site
	Precautions   string         `json:"precautions"`
	Behaviour     string         `json:"behaviour"`
	Zone          string         `json:"-"`          // of the site
	ExpiresOn     string         `json:"expires_on"` // the last day, YYYY-MM-DD in the zone
	ExpiresAt     time.Time      `json:"expires_at"` // the end of that day
	Status        AdvisoryStatus `json:"status"`
	ProposedBy    ID             `json:"proposed_by"`
	DecidedBy     *ID            `json:"decided_by"` // who approved or refused, the last time
	DecidedAt     *time.Time     `json:"decided_at"`
	Reasons       string         `json:"reasons"` // of the decision
	ToldAt        *time.Time     `json:"told_at"` // the household was
	NotToldReason string         `json:"not_told_reason"`
	RenewOn       string         `json:"renew_on"` // what somebody asks for; empty: nobody does
	RenewBy       *ID            `json:"renew_by"`
	RenewReasons  string         `json:"renew_reasons"`
	Renewals      int            `json:"renewals"`
	Involved      JSONList[ID]   `json:"-"` // whoever proposed, approved or renewed it
	EndedAt       *time.Time     `json:"ended_at"`
	EndedBy       *ID            `json:"ended_by"`
	EndReason     string         `json:"end_reason"`
}

// Appeal is a household's objection to an advisory, decided by somebody who
// had no part in it, within 30 days.
type Appeal struct {
	Meta
	AdvisoryID  ID         `json:"advisory_id"`
	How         string     `json:"how"`   // link, voice
	ByID        *ID        `json:"by_id"` // who wrote it down for a caller
	Words       string     `json:"words"`
	DueAt       time.Time  `json:"due_at"`
	EscalatedAt *time.Time `json:"escalated_at"`
	Outcome     string     `json:"outcome"` // keep, end; empty while open
	Reasons     string     `json:"reasons"`
	DecidedBy   *ID        `json:"decided_by"`
	DecidedAt   *time.Time `json:"decided_at"`
}

// AdvisoryRead notes that somebody read an advisory.
type AdvisoryRead struct {
	ID         ID        `json:"id"`
	CreatedAt  time.Time `json:"at"`
	AdvisoryID ID        `json:"advisory_id"`
	UserID     ID        `json:"user_id"`
	Role       Role      `json:"role"`
	VisitID    *ID       `json:"visit_id"` // of a crew
}

// AdvisoryView is an advisory for those who keep it.
type AdvisoryView struct {
	Advisory
	Status  AdvisoryStatus   `json:"status"` // expired from its end, whether or not anybody has looked
	Appeals JSONList[Appeal] `json:"appeals"`
	Actions JSONList[string] `json:"actions"`
}

// AdvisoryBrief is an advisory for a crew: what to take care of, first.
type AdvisoryBrief struct {
	ID          ID        `json:"id"`
	Subject     string    `json:"subject"`
	Precautions string    `json:"precautions"`
	Behaviour   string    `json:"behaviour"`
	ExpiresAt   time.Time `json:"expires_at"`
}

// AdvisoryMove is one row of the advisory's table of moves.
type AdvisoryMove struct {
	Action string
	From   []AdvisoryStatus
	To     []AdvisoryStatus // empty: stays
	Roles  []Role           // none: it follows by itself
	Guard  string
	// may tells why the actor may not, though their role might; open is the
	// appeal that nobody has decided, if any.
	may func(a Actor, x *Advisory, open *Appeal) error
}

// Keepers are the roles that keep advisories.
var Keepers = []Role{RoleAreaManager, RoleAdmin}

// AdvisoryMoves is the advisory's lifecycle. What an area manager proposes or
// asks to renew, an admin who is somebody else approves; an appeal is decided
// by somebody who had no part in it.
var AdvisoryMoves = []AdvisoryMove{
	{Action: "propose", To: []AdvisoryStatus{AdvisoryProposed}, Guard: "an area manager; what to do, and until when, at most 12 months"},
	{Action: "expire", From: []AdvisoryStatus{AdvisoryProposed, AdvisoryApproved}, To: []AdvisoryStatus{AdvisoryExpired},
		Guard: "its end is over"},
	{Action: "approve", From: []AdvisoryStatus{AdvisoryProposed, AdvisoryApproved}, To: []AdvisoryStatus{AdvisoryApproved},
		Roles: []Role{RoleAdmin},
		Guard: "proposed or asked to be renewed, by somebody else; the household told, or why not", may: mayJudgeAdvisory},
	{Action: "refuse", From: []AdvisoryStatus{AdvisoryProposed}, To: []AdvisoryStatus{AdvisoryRefused}, Roles: []Role{RoleAdmin},
		Guard: "as approve; reasons", may: mayJudgeAdvisory},
	{Action: "refuse", From: []AdvisoryStatus{AdvisoryApproved}, Roles: []Role{RoleAdmin},
		Guard: "its renewal alone: it stands to its end", may: mayJudgeAdvisory},
	{Action: "renew", From: []AdvisoryStatus{AdvisoryApproved}, Roles: []Role{RoleAreaManager}, Guard: "reasons; at most 12 months from now",
		may: func(_ Actor, x *Advisory, _ *Appeal) error {
			if x.RenewOn != "" {
				return Fail(CodeState, "Somebody asked for that already; an admin decides.")
			}
			return nil
		}},
	{Action: "appeal", From: []AdvisoryStatus{AdvisoryApproved}, Roles: Keepers, Guard: "the household's words; no other appeal open",
		may: func(_ Actor, _ *Advisory, open *Appeal) error {
			if open != nil {
				return Fail(CodeState, "The household has appealed already; it is not decided yet.")
			}
			return nil
		}},
	{Action: "decide-appeal", From: []AdvisoryStatus{AdvisoryApproved}, Roles: Keepers,
		Guard: "neither proposed, approved nor renewed it; reasons", may: func(a Actor, x *Advisory, open *Appeal) error {
			switch {
			case open == nil:
				return Fail(CodeState, "No appeal is open.")
			case Has(x.Involved, a.UserID) || open.ByID != nil && *open.ByID == a.UserID:
				return Fail(CodeForbidden, "You had a part in it; somebody new decides the appeal.")
			}
			return nil
		}},
	{Action: "end", From: []AdvisoryStatus{AdvisoryProposed, AdvisoryApproved}, To: []AdvisoryStatus{AdvisoryEnded}, Roles: Keepers,
		Guard: "a reason"},
}

func mayJudgeAdvisory(a Actor, x *Advisory, _ *Appeal) error {
	switch {
	case x.Status == AdvisoryApproved && x.RenewOn == "":
		return Fail(CodeState, "Nobody asked to renew it.")
	case x.ProposedBy == a.UserID || x.RenewBy != nil && *x.RenewBy == a.UserID:
		return Fail(CodeForbidden, "You proposed it; somebody else decides.")
	}
	return nil
}

// Stands gives the status at an instant: what nobody renewed in time has
// expired.
func (x *Advisory) Stands(now time.Time) AdvisoryStatus {
	if (x.Status == AdvisoryProposed || x.Status == AdvisoryApproved) && !now.Before(x.ExpiresAt) {
		return AdvisoryExpired
	}
	return x.Status
}

// ShownFor reports whether a crew sees the advisory before or during its visit:
// from 24 h before the window until the visit ends.
func (x *Advisory) ShownFor(v *Visit, site ID, now time.Time) bool {
	return x.Stands(now) == AdvisoryApproved && x.CustomerID == v.CustomerID && (x.SiteID == nil || *x.SiteID == site) &&
		v.Status.Unfinished() && !now.Before(v.WindowStart.Add(-advisoryShown))
}

// KeptBy reports whether the actor keeps advisories of the place: its area's
// managers, their deputies, the admins.
func (x *Advisory) KeptBy(a Actor) bool {
	return a.Role == RoleAdmin || a.Role == RoleAreaManager && Has(a.Scope().AreaIDs, x.AreaID)
}

// CheckAdvisory refuses a move to who keeps the advisory, by role (403) or
// state (409).
func CheckAdvisory(a Actor, action string, x *Advisory, open *Appeal, now time.Time) error {
	for i := range AdvisoryMoves {
		m := &AdvisoryMoves[i]
		if m.Action != action || m.elsewhere(x, now) {
			continue
		}
		if len(m.Roles) == 0 || !a.Is(m.Roles...) {
			return Fail(CodeForbidden, "As %s you may not %s this advisory.", RoleWords(a.Role), action)
		}
		if s := x.Stands(now); !Has(m.From, s) {
			return Fail(CodeState, "An advisory that is %s cannot take the move %s.", s, action).With("status", s)
		}
		if m.may == nil {
			return nil
		}
		return m.may(a, x, open)
	}
	panic("domain: no advisory move " + action)
}

// elsewhere reports whether another row of the same action is meant by the state.
func (m *AdvisoryMove) elsewhere(x *Advisory, now time.Time) bool {
	s := x.Stands(now)
	return !Has(m.From, s) && slices.ContainsFunc(AdvisoryMoves, func(o AdvisoryMove) bool { return o.Action == m.Action && Has(o.From, s) })
}

// OpenAppeal finds the one that nobody has decided.
func OpenAppeal(appeals []Appeal) *Appeal {
	for i := range appeals {
		if appeals[i].DecidedAt == nil {
			return &appeals[i]
		}
	}
	return nil
}

// NewAdvisoryView shows an advisory with what the actor may do.
func NewAdvisoryView(a Actor, x *Advisory, appeals []Appeal, now time.Time) AdvisoryView {
	v := AdvisoryView{Advisory: *x, Appeals: appeals, Actions: JSONList[string]{}}
	v.Status = x.Stands(now)
	for i := range AdvisoryMoves {
		if action := AdvisoryMoves[i].Action; !Has(v.Actions, action) && CheckAdvisory(a, action, x, OpenAppeal(appeals), now) == nil {
			v.Actions = append(v.Actions, action)
		}
	}
	return v
}

// dayEnds is the first instant after a local day, also where the clocks change
// at midnight: what is good until a day is good for all of it.
func dayEnds(day time.Time, loc *time.Location) time.Time {
	y, m, d := day.Date()
	next := time.Date(y, m, d+1, 0, 0, 0, 0, loc)
	before := func(t time.Time) bool {
		return t.In(loc).Format(time.DateOnly) <= day.Format(time.DateOnly)
	}
	const step = time.Minute
	for before(next) { // midnight does not exist
		next = next.Add(step)
	}
	for !before(next.Add(-step)) { // it exists twice
		next = next.Add(-step)
	}
	return next.UTC()
}

// AdvisoryTerm reads the last day of an advisory: after the day after, and at
// most twelve months ahead.
func AdvisoryTerm(raw string, loc *time.Location, now time.Time) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, raw)
	if err != nil {
		return time.Time{}, Fail(CodeUnprocessable, "Name the last day on which it stands.").At("/expires_on", "YYYY-MM-DD")
	}
	end := dayEnds(day, loc)
	latest := now.In(loc).AddDate(0, advisoryMonths, 0).Format(time.DateOnly)
	if !end.After(now) || raw > latest {
		return time.Time{}, Fail(CodeUnprocessable, "An advisory stands for at most twelve months, and expires unless it is renewed.").
			At("/expires_on", "from today to "+latest)
	}
	return end, nil
}
