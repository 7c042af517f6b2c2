package domain

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"
)

// Reports about our own people: by a household on its page or by voice, or by
// a colleague. They go to the area manager, never first to the person or their
// centre, and never lock the household (docs/product.md section 5).

// conductWhat are the plain words that a household chooses from; each is a
// kind and a level.
var conductWhat = map[string]struct {
	kind  string
	level int
}{
	"rude":          {"verbal_abuse", 1},
	"discriminated": {"discrimination", 2},
	"drunk":         {"intoxication", 2},
	"harassed":      {"sexual_harassment", 3},
	"threatened":    {"threat", 3},
	"hurt":          {"assault", 4},
	"other":         {"other", 1},
}

// ConductWhat lists them in the order in which a page offers them.
var ConductWhat = []string{"rude", "discriminated", "drunk", "harassed", "threatened", "hurt", "other"}

// handleReport keeps a household's report about one of our people. The timeline
// does not name it, and no desk sees it afterwards, also not the one that wrote
// it down. Written down by a desk, it names a technician only who was ever in a
// crew of this job.
func handleReport(k *request) error {
	what, ok := conductWhat[k.in.What]
	if !ok {
		return Fail(CodeUnprocessable, "Please choose what happened.").At("/what", strings.Join(ConductWhat, ", "))
	}
	if err := noteFits(k.in.Note); err != nil {
		return err
	}
	f := &Flag{Kind: what.kind, Level: what.level, Note: strings.TrimSpace(k.in.Note), ByCustomer: true, SubjectID: k.in.SubjectID}
	if k.by != nil {
		f.RecordedBy = &k.by.UserID
	}
	if f.SubjectID != nil {
		u, err := k.tx.User(*f.SubjectID)
		if err != nil {
			return meaningIfAbsent(err, "user", "/subject_id")
		}
		if k.by == nil && !slices.Contains(conductPeople(k.visits), u.ID) {
			return Fail(CodeUnprocessable, "Please choose whom you mean.").At("/who", "one of those who came, or somebody else")
		}
		if u.Role == RoleTechnician && !slices.ContainsFunc(k.visits, func(v Visit) bool { return has(v.EverCrew, u.ID) }) {
			// No desk keeps a technician from all homes by naming them for a
			// household to which nobody ever sent them. The words are kept: no report
			// is refused to a caller, and whoever triages it names whom it meant.
			f.SubjectID = nil
		}
	}
	v := k.visit
	for i := range k.visits { // by window_start: the last one on which they met
		if o := &k.visits[i]; o.met() && (f.SubjectID == nil || has(o.EverCrew, *f.SubjectID)) {
			v = o
		}
	}
	return raiseOrMerge(k, v, f)
}

// conductPeople are those of our people who set out for a household. Whom it
// has not met yet it can only describe.
func conductPeople(visits []Visit) []ID {
	var out []ID
	add := func(ids []ID) {
		for _, id := range ids {
			if !has(out, id) {
				out = append(out, id)
			}
		}
	}
	for i := range visits {
		if v := &visits[i]; v.met() {
			add(v.EverCrew)
		}
	}
	return out
}

// met reports whether somebody of the crew set out for the household.
func (v *Visit) met() bool {
	return v.EnRouteAt != nil || v.ArrivedAt != nil || v.StartedAt != nil ||
		has([]VisitStatus{VisitCompleted, VisitPartial, VisitNoAccess, VisitStopped}, v.Status)
}

// StandDown keeps one of our people from every home while a report of level 3
// or 4 about them is decided; upheld, it stays until an area manager lifts it
// with reasons. The visits that they lost by it stay payable.
type StandDown struct {
	ID         ID
	UserID     ID
	FlagID     ID
	Since      time.Time
	Visits     JSONList[ID]
	TurnedBack JSONList[ID] // of these, to which they were on their way
	LiftedAt   *time.Time
	LiftedByID *ID
	LiftReason string
}

// StoodDown is a keep-away with the report that it came of, which says who may
// see it and is not shown.
type StoodDown struct {
	StandDown
	Flag Flag
}

// StandDownView is a keep-away as answered.
type StandDownView struct {
	ID         ID               `json:"id"`
	Version    int64            `json:"version"`
	UserID     ID               `json:"user_id"`
	FlagID     ID               `json:"flag_id"`
	Since      time.Time        `json:"since"`
	Visits     JSONList[ID]     `json:"visits"`
	TurnedBack JSONList[ID]     `json:"turned_back"`
	LiftedAt   *time.Time       `json:"lifted_at"`
	LiftReason string           `json:"lift_reason"`
	Actions    JSONList[string] `json:"actions"`
}

// Head gives id and version for Location and ETag.
func (v StandDownView) Head() (ID, int64) { return v.ID, v.Version }

// NewStandDownView shows a keep-away with what the actor may do.
func NewStandDownView(a Actor, k *StoodDown) StandDownView {
	v := StandDownView{ID: k.ID, Version: 1, UserID: k.UserID, FlagID: k.FlagID, Since: k.Since, Visits: k.Visits, TurnedBack: k.TurnedBack,
		LiftedAt: k.LiftedAt, LiftReason: k.LiftReason, Actions: JSONList[string]{}}
	if k.LiftedAt != nil {
		v.Version++
	}
	if checkStandDown(a, k) == nil {
		v.Actions = append(v.Actions, "lift")
	}
	return v
}

// SeesStandDown reports whether the actor sees what keeps somebody from homes: those who answer for the report it came of, and nobody else.
func (a Actor) SeesStandDown(f *Flag) bool { return a.answersFor(f) }

// checkStandDown refuses to lift what keeps somebody away (CodeForbidden, CodeState).
func checkStandDown(a Actor, k *StoodDown) error {
	switch {
	case !a.answersFor(&k.Flag):
		return Fail(CodeForbidden, "You are involved; another area manager or your deputy decides.")
	case k.LiftedAt != nil:
		return Fail(CodeState, "It has been lifted already.")
	case k.Flag.Status.Open():
		return Fail(CodeState, "The report is decided first; then it ends, or is lifted with reasons.").With("status", k.Flag.Status)
	}
	return nil
}

// LiftStandDown lets somebody go to homes again after a report that was upheld.
// An area manager or (escalated) admin who is not involved, with reasons.
// Errors: CodeNotFound, CodeForbidden, CodeState, CodeUnprocessable.
func (s *Service) LiftStandDown(ctx context.Context, call *Call, id ID, in ReasonInput) (StandDownView, error) {
	return run(ctx, s, call, func(tx *Work) (StandDownView, error) {
		k, err := tx.LockStandDown(id)
		if err != nil {
			return StandDownView{}, err
		}
		f, err := tx.Flag(k.FlagID)
		if err != nil {
			return StandDownView{}, err
		}
		if !call.Actor.SeesStandDown(f) {
			return StandDownView{}, NotFound("keep-away")
		}
		x := &StoodDown{*k, *f}
		if err := checkStandDown(call.Actor, x); err != nil {
			return StandDownView{}, err
		}
		if strings.TrimSpace(in.Reason) == "" {
			return StandDownView{}, Fail(CodeUnprocessable, "Say why it is lifted.").At("/reason", "a few words")
		}
		x.LiftedAt, x.LiftedByID, x.LiftReason = &tx.Now, &call.Actor.UserID, in.Reason
		if err := tx.SaveStandDown(&x.StandDown); err != nil {
			return StandDownView{}, err
		}
		return NewStandDownView(call.Actor, x), goesAgain(tx, &x.StandDown)
	})
}

// goesAgain tells somebody that they are kept from all homes no longer, unless
// another report still does, and tells the desk once more of those of their
// visits that nobody has taken.
func goesAgain(tx *Work, k *StandDown) error {
	diary, err := tx.LockDiary([]ID{k.UserID}, ID{}, tx.Now, tx.Now, tx.Now)
	if err != nil || len(diary.KeptAway) > 0 {
		return err
	}
	if err := notifyUser(tx, k.UserID, "visits.again"); err != nil {
		return err
	}
	for _, id := range k.Visits {
		v, err := tx.Visit(id)
		if err != nil {
			return err
		}
		if v.Status != VisitScheduled || len(v.Crew) > 0 || !tx.Now.Before(v.WindowEnd) {
			continue
		}
		j, err := tx.Job(v.JobID)
		if err != nil {
			return err
		}
		d, err := openCase(tx, j)
		if err != nil {
			return err
		}
		if err := notifyStaff(d, v, "visit.needs_someone", RoleCoordinator, RoleProprietor); err != nil {
			return err
		}
	}
	return nil
}

// separate keeps the person whom a report is about from that home at level 2
// and above, and from every home at 3 and 4.
func separate(d *Case, f *Flag) error {
	if f.SubjectID == nil || f.Level < 2 {
		return nil
	}
	asked, err := separatedBefore(d, f)
	if err != nil {
		return err
	}
	if f.severe() {
		if err := standDown(d, f); err != nil {
			return err
		}
	}
	if err := exclude(*f.SubjectID, d, f); err != nil {
		return err
	}
	if asked {
		return nil
	}
	there, err := d.tx.UnderWayOf(*f.SubjectID)
	if err != nil {
		return err
	}
	for i := range there {
		if v := &there[i]; insideNow(v) && (f.severe() || v.CustomerID == d.customer.ID) {
			return callManager(d.tx, f)
		}
	}
	return nil
}

// separatedBefore reports whether a report has had its consequences at this level
// already; then nobody is asked to call once more.
func separatedBefore(d *Case, f *Flag) (bool, error) {
	if f.severe() {
		_, err := d.tx.StandDownOf(f.ID)
		if notFound(err) {
			return false, nil
		}
		return err == nil, err
	}
	apart, err := d.tx.Exclusions(d.customer.ID)
	return slices.ContainsFunc(apart, func(x Exclusion) bool { return x.FlagID == f.ID }), err
}

// insideNow reports whether a crew is at a home. What it does there is refused
// nothing: a phone that suddenly refuses would tell who stands in a home that
// they were reported, and by whom. They are asked to call, in words that could mean
// anything; every other home is closed to them, for they are in no other crew; and
// whoever decides sees at once where they are, calls, and sends a colleague.
func insideNow(v *Visit) bool { return v.Status == VisitArrived || v.Status == VisitInProgress }

func callManager(tx *Work, f *Flag) error {
	return notifyUser(tx, *f.SubjectID, "call.manager")
}

// standDown takes somebody out of all visits that have not begun; each desk
// learns that a visit needs somebody, and not why.
func standDown(d *Case, f *Flag) error {
	user := *f.SubjectID
	if _, err := d.tx.StandDownOf(f.ID); err == nil || !notFound(err) {
		return err
	}
	ahead := func() ([]Visit, error) {
		visits, err := d.tx.BusyBetween(user, d.now.Add(-24*time.Hour), d.now.AddDate(2, 0, 0))
		return slices.DeleteFunc(visits, func(v Visit) bool { return !has(notYetThere, v.Status) }), err
	}
	// Jobs are locked by id, then the person: whoever books them meanwhile waits
	// and then meets the keep-away.
	visits, err := ahead()
	if err != nil {
		return err
	}
	jobs := map[ID]*Case{d.job.ID: d}
	slices.SortFunc(visits, func(a, b Visit) int { return bytes.Compare(a.JobID[:], b.JobID[:]) })
	load := func(id ID) error {
		if jobs[id] != nil {
			return nil
		}
		j, err := d.tx.LockJob(id)
		if err == nil {
			jobs[id], err = openCase(d.tx, j)
		}
		return err
	}
	for i := range visits {
		if err := load(visits[i].JobID); err != nil {
			return err
		}
	}
	if _, err := d.tx.LockUser(user); err != nil {
		return err
	}
	if visits, err = ahead(); err != nil {
		return err
	}
	k := &StandDown{ID: d.tx.NewID(), UserID: user, FlagID: f.ID, Since: d.now}
	for i := range visits {
		v := &visits[i]
		if err := load(v.JobID); err != nil {
			return err
		}
		k.Visits = append(k.Visits, v.ID)
		if v.Status == VisitEnRoute {
			k.TurnedBack = append(k.TurnedBack, v.ID)
		}
		if err := takeOut(jobs[v.JobID].on(v), user); err != nil {
			return err
		}
	}
	if len(k.TurnedBack) > 0 {
		if err := callManager(d.tx, f); err != nil {
			return err
		}
	}
	return d.tx.InsertStandDown(k)
}

// takeOut takes somebody out of the crew of a visit that has not begun.
func takeOut(m *VisitCase, user ID) error {
	before := slices.Clone(m.visit.Crew)
	m.setCrew(without(m.visit.Crew, user))
	if m.visit.Status == VisitScheduled {
		notifyCrew(m.Case, m.visit, m.visit.Crew, "visit.crew_changed")
	}
	if err := waitForCompany(m); err != nil {
		return err
	}
	if m.visit.Status == VisitEnRoute { // no plan asks for two; whoever goes on alone hears it from the desk
		notifyCrew(m.Case, m.visit, m.visit.Crew, "visit.call_desk")
	}
	m.entry(System, "visit.assigned", &m.visit.ID, map[string]any{"crew": m.visit.Crew, "was": before, "reason": ""})
	if err := saveVisit(m); err != nil {
		return err
	}
	notifyCrew(m.Case, m.visit, []ID{user}, "visit.unassigned")
	return notifyStaff(m.Case, m.visit, "visit.needs_someone", RoleCoordinator, RoleProprietor)
}

// settleConduct ends what stood until a report about our own people was
// decided. Upheld, or withdrawn at level 3 and 4 or under pressure, it stays
// until whoever decides lifts it with reasons: somebody may have been asked to
// withdraw.
func settleConduct(tx *Work, a Actor, f *Flag) error {
	if f.SubjectID == nil {
		return nil
	}
	k, err := tx.StandDownOf(f.ID)
	if err != nil && !notFound(err) {
		return err
	}
	stays := f.Status == FlagUpheld || f.pressed() || f.Status == FlagWithdrawn && f.severe()
	if err == nil && k.LiftedAt == nil && !stays {
		k.LiftedAt, k.LiftReason = &tx.Now, string(f.Status)
		if a.UserID != (ID{}) { // nil: the household
			k.LiftedByID = &a.UserID
		}
		if err := tx.SaveStandDown(k); err != nil {
			return err
		}
		if err := goesAgain(tx, k); err != nil {
			return err
		}
	}
	if f.ToldAt == nil {
		return nil
	}
	return notifyUser(tx, *f.SubjectID, "flag.heard", f.named())
}

// review asks the person whom a report is about for their side, with what they may
// be told in the area manager's words.
func review(tx *Work, f *Flag, in FlagDecision) error {
	told := strings.TrimSpace(in.Told)
	if told == "" {
		return nil
	}
	if f.SubjectID == nil {
		return Fail(CodeUnprocessable, "This report is about none of our people.").At("/told", "only of a report about one of our people")
	}
	f.Told = told
	if f.ToldAt != nil {
		return nil
	}
	f.ToldAt = &tx.Now
	return notifyUser(tx, *f.SubjectID, "flag.hearing", f.named())
}

// NewFlagHearing shows the person named what they may know.
func NewFlagHearing(a Actor, f *Flag) FlagHearing {
	v := FlagHearing{ID: f.ID, Version: f.Version, Told: f.Told, ToldAt: f.ToldAt, Status: "open", Statement: f.Statement,
		StatedAt: f.StatedAt, Actions: JSONList[string]{}}
	switch {
	case f.Status == FlagWithdrawn:
		v.Status = "withdrawn"
	case !f.Status.Open():
		v.Status, v.Outcome = "decided", string(f.Status)
	}
	if a.checkFlag(flagMoveOf("statement"), f) == nil {
		v.Actions = append(v.Actions, "statement")
	}
	return v
}

// StatementInput is the side of the person whom a report is about.
type StatementInput struct {
	Text       string `json:"text"`
	OccurredAt string `json:"occurred_at"`
}

// State keeps the side of the person whom a report is about: once, after they
// were told what they may know; the same words again are the same statement. Errors: CodeNotFound, CodeForbidden, CodeState,
// CodeUnprocessable.
func (s *Service) State(ctx context.Context, call *Call, id ID, in StatementInput) (FlagHearing, error) {
	return run(ctx, s, call, func(tx *Work) (FlagHearing, error) {
		f, err := tx.LockFlag(id)
		if err != nil {
			return FlagHearing{}, err
		}
		all, brief := call.Actor.SeesFlag(f)
		if !all && !brief && !call.Actor.Hears(f) {
			return FlagHearing{}, NotFound("flag")
		}
		text := strings.TrimSpace(in.Text)
		if call.Actor.Hears(f) && f.StatedAt != nil && f.Statement == text { // a retry whose answer was lost
			return NewFlagHearing(call.Actor, f), nil
		}
		if err := call.Actor.checkFlag(flagMoveOf("statement"), f); err != nil {
			return FlagHearing{}, err
		}
		if text == "" {
			return FlagHearing{}, Fail(CodeUnprocessable, "Say it in your own words.").At("/text", "a few sentences")
		}
		f.Statement, f.StatedAt = text, &tx.Now
		f.changedAt(tx.Now)
		if err := tx.SaveFlag(f); err != nil {
			return FlagHearing{}, err
		}
		return NewFlagHearing(call.Actor, f), notifyHandlers(tx, f, "flag.stated")
	})
}
