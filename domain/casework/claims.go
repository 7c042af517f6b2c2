package casework

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"doorstep/domain"
)

// keepClaim is KeepLate of a move.
func keepClaim(ctx context.Context, s *Service, call *Call, visit domain.ID, action string, in MoveInput, why error) error {
	return KeepLate(ctx, s, call, visit, domain.ID{}, action, in.OccurredAt, map[string]any{"note": in.Note, "reason": in.Reason,
		"findings": in.Findings, "work_done": in.WorkDone, "parts": in.Parts, "tested": in.Tested}, why)
}

// KeepLate keeps what could not be recorded any more (why) on a visit, or on the last visit of a job on which they were,
// because it was given to others or ended after it had happened and before it was told, or
// because it missed its guard and nobody stands at the door any more to make that good.
// Only for who was in the crew when it happened; for everybody else, and for a
// phone that does not say when it happened, why stands.
// Errors: CodeClaimKept.
func KeepLate(ctx context.Context, s *Service, call *Call, visit, job domain.ID, action, occurredAt string, said map[string]any,
	why error) error {
	if call.Actor.Role != domain.RoleTechnician || occurredAt == "" || call.DryRun {
		return why
	}
	var kept *domain.Claim
	var v *domain.Visit
	err := s.InWork(ctx, call, func(tx *Work) error {
		kept = nil
		id, err := lastVisitOf(tx, call.Actor, visit, job)
		if err != nil {
			return err
		}
		m, err := OpenVisit(tx, id)
		if NotFound(err) {
			return why
		} else if err != nil { // the phone tries again
			return err
		}
		v = m.Visit
		if !call.Actor.WasInCrew(v) || NotFound(why) && call.Actor.Sees(v) { // of their own, something else was not found
			return why
		}
		if kept, err = tx.Claim(call.Actor.UserID, call.Key); err == nil && kept.VisitID == v.ID && kept.Action == action {
			return nil
		} else if err == nil {
			return why
		} else if !NotFound(err) {
			return err
		}
		if err := m.Stamp(call, occurredAt); err != nil {
			return why
		}
		if domain.IsCode(why, domain.CodePreconditionMissing) && m.Now.Sub(m.Said.Occurred) <= domain.ToldAtOnce {
			return why
		}
		if there, err := m.WasThere(call.Actor.UserID); err != nil {
			return err
		} else if !there {
			return why
		}
		if kept, err = insertClaim(m, call, action, causeOf(call, tx.Now, why), said); err != nil {
			return err
		}
		if action == "no-access" { // decided outside the centre
			return notifyOfClaim(m, kept, "visit.claimed", domain.RoleCoordinator, domain.RoleAreaManager)
		}
		return notifyOfClaim(m, kept, "visit.claimed", domain.RoleCoordinator, domain.RoleProprietor)
	})
	if err != nil {
		return err
	}
	words := "The visit had changed before this was sent. What you did is kept with its time; nothing moved."
	if missed := (*domain.Error)(nil); errors.As(why, &missed) && missed.Code == domain.CodePreconditionMissing {
		words = missed.Message + " What you did is kept with its time; nothing moved."
	}
	return domain.Fail(domain.CodeClaimKept, "%s", words).
		With("claim_id", kept.ID).With("visit_status", v.Status).With("ended_at", v.EndedAt)
}

// lastVisitOf is the visit that is named, else the last one of the job in whose crew somebody ever was.
func lastVisitOf(tx domain.VisitTx, a domain.Actor, visit, job domain.ID) (domain.ID, error) {
	if visit != (domain.ID{}) {
		return visit, nil
	}
	visits, err := tx.VisitsOfJob(job)
	for i := range visits {
		if a.WasInCrew(&visits[i]) {
			visit = visits[i].ID
		}
	}
	return visit, err
}

// insertClaim keeps what somebody says that they did, with its words on the timeline.
func insertClaim(m *VisitCase, call *Call, action, cause string, said map[string]any) (*domain.Claim, error) {
	tx, v := m.Tx, m.Visit
	centre, err := m.centreAt(m.Said.Occurred)
	if err != nil {
		return nil, err
	}
	kept := &domain.Claim{ID: tx.NewID(), VisitID: v.ID, JobID: v.JobID, ActorID: call.Actor.UserID, CentreID: centre.ID,
		AreaID: centre.AreaID, Key: call.Key, Action: action, OccurredAt: m.Said.Occurred, ClaimedAt: m.Said.Claimed,
		RecordedAt: tx.Now, Cause: cause, DueAt: domain.Ptr(nextDuty(centre, tx.Now))}
	if err := tx.Apply(kept, "keep"); err != nil {
		return nil, err
	}
	tx.SetDeadline(domain.DueClaim, kept.ID, &v.JobID, *kept.DueAt)
	if err := tx.InsertClaim(kept); err != nil {
		return nil, err
	}
	said["claim_id"], said["action"], said["status"] = kept.ID, action, v.Status
	m.Entry(call.Actor, "visit.claimed", &v.ID, said)
	return kept, nil
}

// centreAt is the centre that the visit had at an instant, which a transfer may have changed since.
func (m *VisitCase) centreAt(at time.Time) (*domain.Centre, error) {
	entries, err := m.Tx.EntriesOfKind(m.Job.ID, "job.transferred")
	if err != nil {
		return nil, err
	}
	centre, first := m.Visit.CentreID, time.Time{}
	for i := range entries {
		e := &entries[i]
		var moved struct{ From domain.ID }
		if !e.RecordedAt.After(at) || !first.IsZero() && !e.RecordedAt.Before(first) || e.RecordedAt.Before(m.Visit.CreatedAt) ||
			json.Unmarshal(e.Payload, &moved) != nil || moved.From == (domain.ID{}) {
			continue
		}
		first, centre = e.RecordedAt, moved.From
	}
	return m.Tx.Centre(centre)
}

// notifyOfClaim tells who answers for the centre for which the maker of a claim went there.
func notifyOfClaim(m *VisitCase, k *domain.Claim, kind string, roles ...domain.Role) error {
	centre, err := m.Tx.Centre(k.CentreID)
	if err != nil {
		return err
	}
	return notifyStaffOf(m.Case, centre, m.Visit, kind, roles...)
}

// KeepSealed keeps as a claim what the queue of a device that was reported lost says of a
// visit, or of the last visit of a job on which its owner was: whoever has the device may have
// written it, so it moves nothing, whatever it is. Its owner; the area manager and the desk hear
// of it. Errors: CodeClaimKept, CodeNotFound, CodeUnprocessable.
func KeepSealed(ctx context.Context, s *Service, call *Call, visit, job domain.ID, action string, body map[string]any) error {
	var kept *domain.Claim
	var status domain.VisitStatus
	err := s.InWork(ctx, call, func(tx *Work) (err error) {
		id, err := lastVisitOf(tx, call.Actor, visit, job)
		if err != nil {
			return err
		}
		m, err := OpenVisit(tx, id)
		if err != nil {
			return MeaningOf(err, "visit")
		}
		if !call.Actor.WasInCrew(m.Visit) {
			return domain.NotFound("visit")
		}
		status = m.Visit.Status
		if kept, err = tx.Claim(call.Actor.UserID, call.Key); err == nil || !NotFound(err) {
			return err
		}
		occurred, _ := body["occurred_at"].(string)
		if m.Stamp(call, occurred) != nil {
			m.Said = At(tx.Now)
		}
		if kept, err = insertClaim(m, call, action, domain.CauseSealed, body); err != nil {
			return err
		}
		return notifyOfClaim(m, kept, "visit.claimed", domain.RoleCoordinator, domain.RoleAreaManager)
	})
	if err != nil {
		return err
	}
	return domain.Fail(domain.CodeClaimKept, "The device was reported lost. What it tells is kept, and nothing moved.").
		With("claim_id", kept.ID).With("visit_status", status)
}

// doubt keeps an end to which its crew came by its own word alone, with a reason in place of the arrival or
// after it had been missed, as a claim that somebody else decides: until then its pay waits. A completion is asked about by the brand.
func doubt(m *VisitCase, a domain.Actor, action string, decided bool) error {
	v := m.Visit
	if decided || action == "complete" {
		return nil
	}
	entries, err := m.Tx.EntriesOfKind(m.Job.ID, "visit.missed_withdrawn")
	if err != nil {
		return err
	}
	overturned := slices.ContainsFunc(entries, func(e domain.Entry) bool { return e.VisitID != nil && *e.VisitID == v.ID })
	if !overturned && m.arrivalMissing() == nil {
		return nil
	}
	k := &domain.Claim{ID: m.Tx.NewID(), VisitID: v.ID, JobID: v.JobID, ActorID: a.UserID, CentreID: v.CentreID, AreaID: v.AreaID,
		Action: action, OccurredAt: m.Said.Occurred,
		ClaimedAt: m.Said.Claimed, RecordedAt: m.Now, Cause: domain.CauseOwnWord, Moved: true, DueAt: domain.Ptr(nextDuty(m.Centre, m.Now))}
	k.Key = "own-word:" + k.ID.String()
	if err := m.Tx.Apply(k, "keep"); err != nil {
		return err
	}
	m.Tx.SetDeadline(domain.DueClaim, k.ID, &v.JobID, k.DueAt.Add(-domain.ClaimToldBefore))
	managers, err := m.Tx.UsersWith(domain.RoleAreaManager, nil, &k.AreaID)
	if err != nil {
		return err
	}
	for i := range managers { // it stands in their list of the morning
		remind(m.Tx, "claim.waiting", &managers[i])
	}
	return m.Tx.InsertClaim(k)
}

// ownWordWaits tells who decides about an end that stands on somebody's own word, before it is due, and once it is, whoever is
// above them; from then on it is due a working day later. It reports whether the claim waits on.
func ownWordWaits(tx *Work, c *domain.Claim) (bool, error) {
	m, err := OpenVisit(tx, c.VisitID)
	if err != nil {
		return false, err
	}
	if tx.Now.Before(*c.DueAt) {
		tx.SetDeadline(domain.DueClaim, c.ID, &c.JobID, *c.DueAt)
		if c.Action == "no-access" {
			return true, notifyOfClaim(m, c, "claim.waiting", domain.RoleAreaManager)
		}
		return true, notifyOfClaim(m, c, "claim.waiting", domain.RoleCoordinator, domain.RoleProprietor)
	}
	if !c.DueAt.Equal(nextDuty(m.Centre, c.RecordedAt)) {
		return false, nil // it has climbed
	}
	c.DueAt = domain.Ptr(nextDuty(m.Centre, tx.Now))
	tx.SetDeadline(domain.DueClaim, c.ID, &c.JobID, *c.DueAt)
	if err := tx.SaveClaim(c); err != nil {
		return false, err
	}
	above, err := tx.UsersWith(domain.RoleAreaManager, nil, &c.AreaID)
	if err != nil {
		return false, err
	}
	for _, u := range above {
		if u.DeputyID == nil || slices.ContainsFunc(above, func(o domain.User) bool { return o.ID == *u.DeputyID }) {
			continue
		}
		deputy, err := tx.User(*u.DeputyID)
		if err != nil {
			return false, err
		}
		above = append(above, *deputy)
	}
	return true, NotifyOnDuty(tx, above, m.Centre, func(u *domain.User) domain.Notice {
		return NewNotice(tx.Svc, "claim.overdue", u.Language, tx.Now, expiry(m.Visit, tx.Now), ToUser(u.ID),
			m.about("claim.overdue", m.Visit, u.Language))
	})
}

// WasThere reports whether somebody was in the crew when what they tell of
// happened, and the visit had not ended then.
func (m *VisitCase) WasThere(user domain.ID) (bool, error) {
	v, at := m.Visit, m.Said.Occurred
	if !at.Before(m.Now) || at.Before(v.CreatedAt) || at.Before(v.WindowStart.Add(-WorkingDay)) || v.EndedAt != nil && !at.Before(*v.EndedAt) {
		return false, nil
	}
	crew := v.Crew
	var first time.Time
	for _, kind := range []string{"visit.assigned", "visit.freed"} {
		entries, err := m.Tx.EntriesOfKind(m.Job.ID, kind)
		if err != nil {
			return false, err
		}
		for i := range entries {
			e := &entries[i]
			if e.VisitID == nil || *e.VisitID != v.ID || !e.RecordedAt.After(at) || !first.IsZero() && !e.RecordedAt.Before(first) {
				continue
			}
			var changed struct{ Was []domain.ID }
			if err := json.Unmarshal(e.Payload, &changed); err != nil || changed.Was == nil {
				continue
			}
			first, crew = e.RecordedAt, changed.Was
		}
	}
	return domain.Has(crew, user), nil
}

// clockOff is how far a phone's clock is off before its claims are one decision.
const clockOff = time.Hour

// causeOf is why something could only be kept.
func causeOf(call *Call, now time.Time, why error) string {
	switch {
	case call.SentAt != nil && now.Sub(*call.SentAt).Abs() > clockOff:
		return domain.CausePhoneClock
	case domain.IsCode(why, domain.CodePreconditionMissing):
		return domain.CauseGuard
	case domain.IsCode(why, domain.CodeState):
		return domain.CauseEnded
	}
	return domain.CauseGivenAway
}

// nextDuty is the end of the next working day of a centre.
func nextDuty(c *domain.Centre, now time.Time) time.Time {
	day := now.In(c.Location())
	for range 14 {
		day = day.AddDate(0, 0, 1)
		if domain.Has(c.WorkingDays, int(day.Weekday())) && !domain.Has(c.Holidays, day.Format(time.DateOnly)) {
			break
		}
	}
	return time.Date(day.Year(), day.Month(), day.Day(), 18, 0, 0, 0, c.Location()).UTC()
}

// ClaimDecision decides claims.
type ClaimDecision struct {
	Decision string `json:"decision"` // take, decline
	Reasons  string `json:"reasons"`
	Witness  string `json:"witness"` // who saw it, where a taken one misses its guard
	Alike    bool   `json:"alike"`   // with all open ones of the same person and cause
}

// DecideClaim takes or declines a claim, or all of one person with one cause. What
// is taken and can still be moved moves its visit, everything else stands as a fact
// of its maker. Coordinator, proprietor, area manager; of a no-access the area
// manager; never its maker. Errors: CodeNotFound, CodeForbidden, CodeState,
// CodePreconditionMissing without guard and witness, CodeUnprocessable.
func DecideClaim(ctx context.Context, s *Service, call *Call, id domain.ID, in ClaimDecision) (domain.ClaimView, error) {
	return Run(ctx, s, call, func(tx *Work) (domain.ClaimView, error) {
		first, err := tx.ClaimByID(id)
		if err != nil {
			return domain.ClaimView{}, err
		}
		list := []domain.Claim{*first}
		if in.Alike && first.Status == "open" {
			if list, err = tx.OpenClaims(first.ActorID, first.Cause); err != nil {
				return domain.ClaimView{}, err
			}
			slices.SortFunc(list, func(x, y domain.Claim) int { return bytes.Compare(x.JobID[:], y.JobID[:]) }) // jobs are locked by id
		}
		jobs := map[domain.ID]*domain.Job{}
		for i := range list {
			j, err := claimJob(tx, call.Actor, &list[i])
			if NotFound(err) && list[i].ID != id {
				continue // another centre's
			} else if err != nil {
				return domain.ClaimView{}, err
			}
			jobs[list[i].ID] = j
		}
		switch {
		case first.ActorID == call.Actor.UserID:
			return domain.ClaimView{}, domain.Fail(domain.CodeForbidden, "Nobody decides what they claim themselves.")
		case !first.Decides(call.Actor):
			return domain.ClaimView{}, domain.Fail(domain.CodeForbidden,
				"As %s you may not decide this: what would count against a household is the area manager's.", domain.RoleWords(call.Actor.Role))
		case in.Decision != "take" && in.Decision != "decline":
			return domain.ClaimView{}, domain.Fail(domain.CodeUnprocessable, "Take it or decline it.").At("/decision", "take or decline")
		case strings.TrimSpace(in.Reasons) == "":
			return domain.ClaimView{}, domain.Fail(domain.CodeUnprocessable, "A decision has reasons; its maker reads them.").
				At("/reasons", "a few words")
		}
		decided := 0
		for i := range list {
			c, err := tx.ClaimByID(list[i].ID) // as it is under the lock
			if err != nil {
				return domain.ClaimView{}, err
			}
			if c.ID != id && (jobs[c.ID] == nil || !c.Decides(call.Actor) || c.Status != "open") {
				continue
			}
			if in.Decision == "take" && strings.TrimSpace(in.Witness) != "" {
				known, err := witnessKnown(tx, c, in.Witness)
				switch {
				case err != nil:
					return domain.ClaimView{}, err
				case !known && c.ID != id:
					continue // it waits for a witness of its own
				case !known:
					return domain.ClaimView{}, domain.Fail(domain.CodeUnprocessable, "Nobody is known by this for the visit.").
						At("/witness", "a colleague who was in the crew, somebody of the household by name or number, or a number that was tried")
				}
			}
			if c.ID == id && c.Status == "settled" && decided > 0 { // by another of the same visit
				first = c
				continue
			}
			if err := settleClaim(tx, jobs[c.ID], c, call.Actor, in); err != nil {
				return domain.ClaimView{}, err
			}
			if decided++; c.ID == id {
				first = c
			}
		}
		v := first.View(call.Actor)
		v.Alike = max(decided-1, 0)
		return v, NotifyUser(tx, first.ActorID, "claim.decided")
	})
}

// witnessKnown reports whether a witness can be asked: a colleague who was in that crew, somebody of the household by name or number, or
// whoever has a number that was tried for the job.
func witnessKnown(tx *Work, c *domain.Claim, witness string) (bool, error) {
	m, err := OpenVisit(tx, c.VisitID)
	if err != nil {
		return false, err
	}
	said := strings.TrimSpace(witness)
	is := func(name string) bool { return name != "" && strings.EqualFold(said, name) }
	for _, p := range m.Customer.Contacts {
		if is(p.Name) || slices.ContainsFunc(p.Phones, is) || slices.ContainsFunc(p.InvalidPhones, is) {
			return true, nil
		}
	}
	for _, id := range domain.Without(m.Visit.EverCrew, c.ActorID) {
		u, err := tx.User(id)
		if err != nil || is(u.Name) || is(id.String()) {
			return err == nil, err
		}
	}
	tries, err := tx.AttemptsOf(m.Job.ID)
	return slices.ContainsFunc(tries, func(a domain.Attempt) bool { return is(a.Address) || is(a.ID.String()) }), err
}

// claimJob locks the job of a claim for who sees it: who learns of their own is refused in words, others answer for the centre for
// which its maker went there.
func claimJob(tx *Work, a domain.Actor, c *domain.Claim) (*domain.Job, error) {
	j, err := tx.LockJob(c.JobID)
	if err == nil && a.UserID != c.ActorID && (a.Role == domain.RoleTechnician || !a.Reaches(c.CentreID, c.AreaID)) {
		return nil, domain.NotFound("claim")
	}
	return j, MeaningOf(err, "claim")
}

// settleClaim carries a decision out.
func settleClaim(tx *Work, j *domain.Job, c *domain.Claim, a domain.Actor, in ClaimDecision) error {
	if err := tx.Apply(c, "decide", map[string]string{"take": "taken", "decline": "declined"}[in.Decision]); err != nil {
		return err
	}
	c.DecidedAt, c.DecidedBy, c.Reasons = &tx.Now, &a.UserID, in.Reasons
	if c.Cause == domain.CauseOwnWord {
		if err := ownWordDecided(tx, c); err != nil {
			return err
		}
	} else if c.Status == "taken" {
		if err := takeClaim(tx, c, strings.TrimSpace(in.Witness)); err != nil {
			return err
		}
	}
	tx.Disarm(domain.DueClaim, c.ID)
	tx.Entry(j, a, "claim.decided", &c.VisitID, At(tx.Now), map[string]any{"claim_id": c.ID, "status": c.Status, "reasons": c.Reasons,
		"witness": c.Witness, "moved": c.Moved})
	return tx.SaveClaim(c)
}

// ownWordDecided lets a visit to which nobody came, as was found, count against us.
func ownWordDecided(tx *Work, c *domain.Claim) error {
	m, err := OpenVisit(tx, c.VisitID)
	if err != nil || c.Status == "taken" || m.Visit.Status != domain.VisitNoAccess {
		return err
	}
	m.Visit.CountsAgainst = "brand"
	return SaveVisit(m)
}

// takeClaim makes the move that was claimed, where the visit can still take it from its
// maker; else it stands as a fact, for which a witness answers. Neither is against the
// household where its guard was not met.
func takeClaim(tx *Work, c *domain.Claim, witness string) error {
	m, err := OpenVisit(tx, c.VisitID)
	if err != nil {
		return err
	}
	in, err := claimedMove(m, c)
	if err != nil {
		return err
	}
	maker, err := tx.User(c.ActorID)
	if err != nil {
		return err
	}
	a := domain.Actor{UserID: maker.ID, Name: maker.Name, Role: domain.RoleTechnician, CentreID: m.Visit.CentreID, AreaID: m.Visit.AreaID}
	m.Said = EntryTime{Occurred: c.OccurredAt, Claimed: c.ClaimedAt, Recorded: tx.Now}
	counts := countingGuards[c.Action] != nil
	held := counts && m.Held != nil && domain.VisitMoveOf(c.Action).Holds.Refuses(domain.HoldSafety) && !m.before(m.Held.Since)
	if counts && !held && domain.CheckVisit(a, c.Action, m.Visit) == nil {
		c.Witness = witness
		err := makeMove(m, a, c.Action, in, &witness)
		if c.Moved = err == nil; !domain.IsCode(err, domain.CodeState) {
			return err
		}
	}
	if c.Witness = witness; witness == "" {
		return domain.Fail(domain.CodePreconditionMissing, "The visit cannot be moved by it any more; name who saw it.").
			At("/witness", "who of the household or of ours saw it")
	}
	return nil
}

// claimedMove reads what was claimed off the timeline.
func claimedMove(m *VisitCase, c *domain.Claim) (in MoveInput, err error) {
	entries, err := m.Tx.EntriesOfKind(m.Job.ID, "visit.claimed")
	if err != nil {
		return in, err
	}
	for i := range entries {
		var said struct {
			ClaimID domain.ID `json:"claim_id"`
			MoveInput
		}
		if err := json.Unmarshal(entries[i].Payload, &said); err == nil && said.ClaimID == c.ID {
			return said.MoveInput, nil
		}
	}
	return in, nil
}

// settleClaims ends what the same crew claimed of a visit that ended by them after all.
func settleClaims(m *VisitCase, a domain.Actor) error {
	list, err := m.Tx.OpenClaims(a.UserID, "")
	if err != nil {
		return err
	}
	for i := range list {
		c := &list[i]
		if c.VisitID != m.Visit.ID {
			continue
		}
		if err := m.Tx.Apply(c, "settle"); err != nil {
			return err
		}
		c.DecidedAt = &m.Now
		m.Tx.Disarm(domain.DueClaim, c.ID)
		if err := m.Tx.SaveClaim(c); err != nil {
			return err
		}
	}
	return nil
}

// ClaimOverdue carries out the stated default of a claim that nobody decided in time, also where who decides was told.
func ClaimOverdue(tx *Work, id domain.ID) error {
	c, err := tx.ClaimByID(id)
	if NotFound(err) {
		return nil
	} else if err != nil {
		return err
	}
	j, err := tx.LockJob(c.JobID)
	if err != nil {
		return err
	}
	if c, err = tx.ClaimByID(id); err != nil || !domain.ClaimMoves.Open("default", c.Status) {
		return err
	}
	if c.Cause == domain.CauseOwnWord {
		if waits, err := ownWordWaits(tx, c); err != nil || waits {
			return err
		}
	}
	to := map[bool]string{true: "taken", false: "declined"}[c.Cause == domain.CauseOwnWord]
	if err := tx.Apply(c, "default", to); err != nil {
		return err
	}
	c.DecidedAt, c.ByDefault, c.Reasons = &tx.Now, true, "Nobody decided in time. "+c.Default()
	tx.Entry(j, domain.System, "claim.decided", &c.VisitID, At(tx.Now), map[string]any{"claim_id": c.ID, "status": c.Status,
		"by_default": true,
		"reasons":    c.Reasons})
	if err := tx.SaveClaim(c); err != nil || to == "taken" { // who is paid as ever need not hear of it
		return err
	}
	return NotifyUser(tx, c.ActorID, "claim.decided")
}
