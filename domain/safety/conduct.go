package safety

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/customers"
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
func handleReport(k *customers.Request) error {
	what, ok := conductWhat[k.In.What]
	if !ok {
		return domain.Fail(domain.CodeUnprocessable, "Please choose what happened.").At("/what", strings.Join(ConductWhat, ", "))
	}
	if err := casework.NoteFits(k.In.Note); err != nil {
		return err
	}
	f := &domain.Flag{Kind: what.kind, Level: what.level, Note: strings.TrimSpace(k.In.Note), ByCustomer: true, SubjectID: k.In.SubjectID,
		LinkReadBy: k.LinkReadBy()}
	if k.By != nil {
		f.RecordedBy = &k.By.UserID
	}
	if f.SubjectID != nil {
		u, err := k.Tx.User(*f.SubjectID)
		if err != nil {
			return casework.MeaningIfAbsent(err, "user", "/subject_id")
		}
		if k.By == nil && !slices.Contains(customers.ConductPeople(k.Visits), u.ID) {
			return domain.Fail(domain.CodeUnprocessable, "Please choose whom you mean.").At("/who", "one of those who came, or somebody else")
		}
		if u.Role == domain.RoleTechnician && !slices.ContainsFunc(k.Visits, func(v domain.Visit) bool { return domain.Has(v.EverCrew, u.ID) }) {
			// No desk keeps a technician from all homes by naming them for a
			// household to which nobody ever sent them. The words are kept: no report
			// is refused to a caller, and whoever triages it names whom it meant.
			f.SubjectID = nil
		}
	}
	v := k.Visit
	for i := range k.Visits { // by window_start: the last one on which they met
		if o := &k.Visits[i]; o.Met() && (f.SubjectID == nil || domain.Has(o.EverCrew, *f.SubjectID)) {
			v = o
		}
	}
	if err := whoseVoice(k, f); err != nil {
		return err
	}
	return raiseOrMerge(k, v, f)
}

// whoseVoice names, of several of ours who have read the link by which a report comes, one who has lodged about the same person
// before: whoever reads a link after somebody else is not behind them.
func whoseVoice(k *customers.Request, f *domain.Flag) error {
	if f.LinkReadBy == nil || f.SubjectID == nil {
		return nil
	}
	readers, err := k.LinkReaders()
	if err != nil {
		return err
	}
	lodged, err := k.Tx.ReportsAbout(*f.SubjectID, k.Now.Add(-domain.PatternWithin))
	if err != nil {
		return err
	}
	all, err := k.Tx.Users(append(domain.Lodgers(lodged), readers...))
	if err != nil {
		return err
	}
	people := map[domain.ID]domain.User{}
	for i := range all {
		people[all[i].ID] = all[i]
	}
	for i := range readers {
		as := *f
		as.ID, as.LinkReadBy, as.RecordedAt = k.Tx.NewID(), &readers[i], k.Now
		if _, again := domain.OneVoice(&as, lodged, people); again {
			f.LinkReadBy = &readers[i]
			return nil
		}
	}
	return nil
}

// StandDownView is a keep-away as answered.
type StandDownView struct {
	ID         domain.ID                  `json:"id"`
	Version    int64                      `json:"version"`
	UserID     domain.ID                  `json:"user_id"`
	FlagID     domain.ID                  `json:"flag_id"`
	Since      time.Time                  `json:"since"`
	Visits     domain.JSONList[domain.ID] `json:"visits"`
	TurnedBack domain.JSONList[domain.ID] `json:"turned_back"`
	LiftedAt   *time.Time                 `json:"lifted_at"`
	LiftReason string                     `json:"lift_reason"`
	Actions    domain.JSONList[string]    `json:"actions"`
}

// Head gives id and version for Location and ETag.
func (v StandDownView) Head() (domain.ID, int64) { return v.ID, v.Version }

// NewStandDownView shows a keep-away with what the actor may do.
func NewStandDownView(a domain.Actor, k *domain.StandDownWithFlag) StandDownView {
	v := StandDownView{ID: k.ID, Version: 1, UserID: k.UserID, FlagID: k.FlagID, Since: k.Since, Visits: k.Visits, TurnedBack: k.TurnedBack,
		LiftedAt: k.LiftedAt, LiftReason: k.LiftReason, Actions: domain.JSONList[string]{}}
	if k.LiftedAt != nil {
		v.Version++
	}
	if CheckStandDown(a, k) == nil {
		v.Actions = append(v.Actions, "lift")
	}
	return v
}

// CheckStandDown refuses to lift what keeps somebody away (CodeForbidden, CodeState).
func CheckStandDown(a domain.Actor, k *domain.StandDownWithFlag) error {
	switch {
	case !a.AnswersFor(&k.Flag):
		return domain.Fail(domain.CodeForbidden, "You are involved; another area manager or your deputy decides.")
	case k.LiftedAt != nil:
		return domain.Fail(domain.CodeState, "It has been lifted already.")
	case k.Flag.Status.Open():
		return domain.Fail(domain.CodeState, "The report is decided first; then it ends, or is lifted with reasons.").
			With("status", k.Flag.Status)
	}
	return nil
}

// LiftStandDown lets somebody go to homes again after a report that was upheld.
// An area manager or (escalated) admin who is not involved, with reasons.
// Errors: CodeNotFound, CodeForbidden, CodeState, CodeUnprocessable.
func (s *Service) LiftStandDown(ctx context.Context, call *casework.Call, id domain.ID, in casework.ReasonInput) (StandDownView, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (StandDownView, error) {
		k, err := tx.LockStandDown(id)
		if err != nil {
			return StandDownView{}, err
		}
		f, err := tx.Flag(k.FlagID)
		if err != nil {
			return StandDownView{}, err
		}
		if !call.Actor.SeesStandDown(f) {
			return StandDownView{}, domain.NotFound("keep-away")
		}
		x := &domain.StandDownWithFlag{StandDown: *k, Flag: *f}
		if err := CheckStandDown(call.Actor, x); err != nil {
			return StandDownView{}, err
		}
		if strings.TrimSpace(in.Reason) == "" {
			return StandDownView{}, domain.Fail(domain.CodeUnprocessable, "Say why it is lifted.").At("/reason", "a few words")
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
func goesAgain(tx *casework.Work, k *domain.StandDown) error {
	diary, err := tx.LockDiary([]domain.ID{k.UserID}, domain.ID{}, tx.Now, tx.Now, tx.Now)
	if err != nil || len(diary.KeptAway) > 0 {
		return err
	}
	if err := casework.NotifyUser(tx, k.UserID, "visits.again"); err != nil {
		return err
	}
	for _, id := range k.Visits {
		v, err := tx.Visit(id)
		if err != nil {
			return err
		}
		if v.Status != domain.VisitScheduled || len(v.Crew) > 0 || !tx.Now.Before(v.WindowEnd) {
			continue
		}
		j, err := tx.Job(v.JobID)
		if err != nil {
			return err
		}
		c, err := casework.OpenCase(tx, j)
		if err != nil {
			return err
		}
		if err := casework.NotifyStaff(c, v, "visit.needs_someone", domain.RoleCoordinator, domain.RoleProprietor); err != nil {
			return err
		}
	}
	return nil
}

// separate keeps the person whom a report is about from that home at level 2
// and above, and from every home at 3 and 4.
func separate(c *casework.Case, f *domain.Flag) error {
	if f.SubjectID == nil || f.Level < 2 {
		return nil
	}
	asked, err := separatedBefore(c, f)
	if err != nil {
		return err
	}
	lodged, err := c.Tx.ReportsAbout(*f.SubjectID, c.Now.Add(-domain.PatternWithin))
	if err != nil {
		return err
	}
	desk, err := c.Tx.Users(domain.Lodgers(append(lodged, *f)))
	if err != nil {
		return err
	}
	people := map[domain.ID]domain.User{}
	for i := range desk {
		people[desk[i].ID] = desk[i]
	}
	_, again := domain.OneVoice(f, lodged, people)
	unsent, err := neverSent(c, f, people)
	if err != nil {
		return err
	}
	everywhere := f.Severe() && !again && !unsent // one voice keeps nobody from all homes as often as it likes
	if everywhere {
		if err := standDown(c, f); err != nil {
			return err
		}
	}
	if err := exclude(*f.SubjectID, c, f); err != nil {
		return err
	}
	if asked {
		return nil
	}
	there, err := c.Tx.UnderWayOf(*f.SubjectID)
	if err != nil {
		return err
	}
	for i := range there {
		if v := &there[i]; v.Inside() && (everywhere || v.CustomerID == c.Customer.ID) {
			return callManager(c.Tx, f)
		}
	}
	return nil
}

// neverSent reports whether one of ours lodged for a household, and not by what happened to themselves, a report about a technician who
// never set out to it: nobody is kept from all homes by that before it is triaged.
func neverSent(c *casework.Case, f *domain.Flag, people map[domain.ID]domain.User) (bool, error) {
	who := f.Lodger()
	if who == nil || f.TriagedAt != nil || !f.ByCustomer && people[*who].Role == domain.RoleTechnician {
		return false, nil
	}
	subject, err := c.Tx.User(*f.SubjectID)
	if err != nil || subject.Role != domain.RoleTechnician {
		return false, err
	}
	jobs, err := c.Tx.JobsOfHouseholds(c.Customer.ID)
	if err != nil {
		return false, err
	}
	for _, j := range jobs {
		visits, err := c.Tx.VisitsOfJob(j)
		if err != nil || slices.ContainsFunc(visits, func(v domain.Visit) bool { return v.Met() && domain.Has(v.EverCrew, subject.ID) }) {
			return false, err
		}
	}
	return true, nil
}

// separatedBefore reports whether a report has had its consequences at this level
// already; then nobody is asked to call once more.
func separatedBefore(c *casework.Case, f *domain.Flag) (bool, error) {
	if f.Severe() {
		if _, err := c.Tx.StandDownOf(f.ID); err == nil || !casework.NotFound(err) {
			return err == nil, err
		}
		if f.TriagedAt != nil { // it may have waited for that
			return false, nil
		}
	}
	apart, err := c.Tx.Exclusions(c.Customer.ID)
	return slices.ContainsFunc(apart, func(x domain.Exclusion) bool { return x.FlagID == f.ID }), err
}

func callManager(tx *casework.Work, f *domain.Flag) error {
	return casework.NotifyUser(tx, *f.SubjectID, "call.manager")
}

// standDown takes somebody out of all visits that have not begun; each desk
// learns that a visit needs somebody, and not why.
func standDown(c *casework.Case, f *domain.Flag) error {
	user := *f.SubjectID
	if _, err := c.Tx.StandDownOf(f.ID); err == nil || !casework.NotFound(err) {
		return err
	}
	ahead := func() ([]domain.Visit, error) {
		visits, err := c.Tx.BusyBetween(user, c.Now.Add(-24*time.Hour), c.Now.AddDate(2, 0, 0))
		return slices.DeleteFunc(visits, func(v domain.Visit) bool { return !domain.Has(domain.NotYetThere, v.Status) }), err
	}
	// Jobs are locked by id, then the person: whoever books them meanwhile waits
	// and then meets the keep-away.
	visits, err := ahead()
	if err != nil {
		return err
	}
	jobs := map[domain.ID]*casework.Case{c.Job.ID: c}
	slices.SortFunc(visits, func(a, b domain.Visit) int { return bytes.Compare(a.JobID[:], b.JobID[:]) })
	load := func(id domain.ID) error {
		if jobs[id] != nil {
			return nil
		}
		j, err := c.Tx.LockJob(id)
		if err == nil {
			jobs[id], err = casework.OpenCase(c.Tx, j)
		}
		return err
	}
	for i := range visits {
		if err := load(visits[i].JobID); err != nil {
			return err
		}
	}
	if _, err := c.Tx.LockUser(user); err != nil {
		return err
	}
	if visits, err = ahead(); err != nil {
		return err
	}
	k := &domain.StandDown{ID: c.Tx.NewID(), UserID: user, FlagID: f.ID, Since: c.Now}
	for i := range visits {
		v := &visits[i]
		if err := load(v.JobID); err != nil {
			return err
		}
		k.Visits = append(k.Visits, v.ID)
		if v.Status == domain.VisitEnRoute {
			k.TurnedBack = append(k.TurnedBack, v.ID)
		}
		if err := takeOut(jobs[v.JobID].On(v), user); err != nil {
			return err
		}
	}
	if len(k.TurnedBack) > 0 {
		if err := callManager(c.Tx, f); err != nil {
			return err
		}
	}
	return c.Tx.InsertStandDown(k)
}

// takeOut takes somebody out of the crew of a visit that has not begun.
func takeOut(m *casework.VisitCase, user domain.ID) error {
	before := slices.Clone(m.Visit.Crew)
	m.SetCrew(domain.Without(m.Visit.Crew, user))
	if m.Visit.Status == domain.VisitScheduled {
		casework.NotifyCrew(m.Case, m.Visit, m.Visit.Crew, "visit.crew_changed")
	}
	if err := casework.WaitForCompany(m); err != nil {
		return err
	}
	if m.Visit.Status == domain.VisitEnRoute { // no plan asks for two; whoever goes on alone hears it from the desk
		casework.NotifyCrew(m.Case, m.Visit, m.Visit.Crew, "visit.call_desk")
	}
	m.Entry(domain.System, "visit.assigned", &m.Visit.ID, map[string]any{"crew": m.Visit.Crew, "was": before, "reason": ""})
	if err := casework.SaveVisit(m); err != nil {
		return err
	}
	casework.NotifyCrew(m.Case, m.Visit, []domain.ID{user}, "visit.unassigned")
	return casework.NotifyStaff(m.Case, m.Visit, "visit.needs_someone", domain.RoleCoordinator, domain.RoleProprietor)
}

// settleConduct ends what stood until a report about our own people was
// decided. Upheld, or withdrawn at level 3 and 4 or under pressure, it stays
// until whoever decides lifts it with reasons: somebody may have been asked to
// withdraw.
func settleConduct(tx *casework.Work, a domain.Actor, f *domain.Flag) error {
	if f.SubjectID == nil {
		return nil
	}
	k, err := tx.StandDownOf(f.ID)
	if err != nil && !casework.NotFound(err) {
		return err
	}
	stays := f.Status == domain.FlagUpheld || f.Pressed() || f.Status == domain.FlagWithdrawn && f.Severe()
	if err == nil && k.LiftedAt == nil && !stays {
		k.LiftedAt, k.LiftReason = &tx.Now, string(f.Status)
		if a.UserID != (domain.ID{}) { // nil: the household
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
	return casework.NotifyUser(tx, *f.SubjectID, "flag.heard", f.Named())
}

// review asks the person whom a report is about for their side, with what they may
// be told in the area manager's words.
func review(tx *casework.Work, f *domain.Flag, in domain.FlagDecision) error {
	told := strings.TrimSpace(in.Told)
	if told == "" {
		return nil
	}
	if f.SubjectID == nil {
		return domain.Fail(domain.CodeUnprocessable, "This report is about none of our people.").
			At("/told", "only of a report about one of our people")
	}
	f.Told = told
	if f.ToldAt != nil {
		return nil
	}
	f.ToldAt = &tx.Now
	return casework.NotifyUser(tx, *f.SubjectID, "flag.hearing", f.Named())
}

// NewFlagHearing shows the person named what they may know.
func NewFlagHearing(a domain.Actor, f *domain.Flag) domain.FlagHearing {
	v := domain.FlagHearing{ID: f.ID, Version: f.Version, Told: f.Told, ToldAt: f.ToldAt, Status: "open", Statement: f.Statement,
		StatedAt: f.StatedAt, Actions: domain.JSONList[string]{}}
	switch {
	case f.Status == domain.FlagWithdrawn:
		v.Status = "withdrawn"
	case !f.Status.Open():
		v.Status, v.Outcome = "decided", string(f.Status)
	}
	if a.CheckFlag(domain.FlagMoveOf("statement"), f) == nil {
		v.Actions = append(v.Actions, "statement")
	}
	return v
}

// StatementInput is the side of the person whom a report is about.
type StatementInput struct {
	Text       string `json:"text"`
	OccurredAt string `json:"occurred_at"`
}

// GiveStatement keeps the side of the person whom a report is about: once, after they
// were told what they may know; the same words again are the same statement. Errors: CodeNotFound, CodeForbidden, CodeState,
// CodeUnprocessable.
func (s *Service) GiveStatement(ctx context.Context, call *casework.Call, id domain.ID, in StatementInput) (domain.FlagHearing, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.FlagHearing, error) {
		f, err := tx.LockFlag(id)
		if err != nil {
			return domain.FlagHearing{}, err
		}
		all, brief := call.Actor.SeesFlag(f)
		if !all && !brief && !call.Actor.Hears(f) {
			return domain.FlagHearing{}, domain.NotFound("flag")
		}
		text := strings.TrimSpace(in.Text)
		if call.Actor.Hears(f) && f.StatedAt != nil && f.Statement == text { // a retry whose answer was lost
			return NewFlagHearing(call.Actor, f), nil
		}
		if err := call.Actor.CheckFlag(domain.FlagMoveOf("statement"), f); err != nil {
			return domain.FlagHearing{}, err
		}
		if text == "" {
			return domain.FlagHearing{}, domain.Fail(domain.CodeUnprocessable, "Say it in your own words.").At("/text", "a few sentences")
		}
		f.Statement, f.StatedAt = text, &tx.Now
		f.ChangedAt(tx.Now)
		if err := tx.SaveFlag(f); err != nil {
			return domain.FlagHearing{}, err
		}
		return NewFlagHearing(call.Actor, f), notifyHandlers(tx, f, "flag.stated")
	})
}
