package domain

import (
	"context"
	"strings"
	"time"
)

// AdvisoryInput proposes an advisory.
type AdvisoryInput struct {
	ID          *ID    `json:"id"`
	JobID       ID     `json:"job_id"`
	FlagID      *ID    `json:"flag_id"`
	Subject     string `json:"subject"`
	Precautions string `json:"precautions"`
	Behaviour   string `json:"behaviour"`
	ExpiresOn   string `json:"expires_on"`
}

// AdvisoryDecision moves an advisory on; each move uses its part.
type AdvisoryDecision struct {
	Told          *bool  `json:"told"`            // of approve: tell the household
	NotToldReason string `json:"not_told_reason"` // of approve: why not
	Reasons       string `json:"reasons"`
	ExpiresOn     string `json:"expires_on"` // of renew
	Outcome       string `json:"outcome"`    // of decide-appeal: keep, end
	Words         string `json:"words"`      // of appeal, the household's
}

// ProposeAdvisory proposes a warning marker about a person or a site. The area
// manager or deputy. Errors: CodeNotFound for a job or report out of scope,
// CodeUnprocessable.
func (s *Service) ProposeAdvisory(ctx context.Context, call *Call, in AdvisoryInput) (AdvisoryView, error) {
	return run(ctx, s, call, func(tx *Work) (AdvisoryView, error) {
		a := call.Actor
		if a.Role != RoleAreaManager {
			return AdvisoryView{}, Fail(CodeForbidden, "As %s you may not propose an advisory.", roleWords(a.Role))
		}
		if in.ID != nil {
			if old, err := tx.Advisory(*in.ID); err == nil {
				if old.ProposedBy != a.UserID || old.JobID != in.JobID || old.Precautions != in.Precautions || old.Behaviour != in.Behaviour ||
					old.ExpiresOn != in.ExpiresOn {
					return AdvisoryView{}, Fail(CodeDuplicate, "Another advisory has this id.")
				}
				return advisoryView(tx, a, old)
			} else if !notFound(err) {
				return AdvisoryView{}, err
			}
		}
		j, err := authorizeJob(tx, a, in.JobID)
		if err != nil {
			return AdvisoryView{}, meaningIfAbsent(err, "job", "/job_id")
		}
		d, err := openCase(tx, j)
		if err != nil {
			return AdvisoryView{}, err
		}
		if in.FlagID != nil {
			f, err := tx.Flag(*in.FlagID)
			if err != nil {
				return AdvisoryView{}, meaningIfAbsent(err, "report", "/flag_id")
			}
			if all, _ := a.SeesFlag(f); !all || f.CustomerID == nil || *f.CustomerID != j.CustomerID {
				return AdvisoryView{}, Fail(CodeUnprocessable, "There is no such report about this household.").
					At("/flag_id", "a report that you triage")
			}
		}
		x := &Advisory{Meta: newMeta(s.idOr(in.ID), tx.Now), JobID: j.ID, CustomerID: j.CustomerID, AreaID: j.AreaID, FlagID: in.FlagID,
			Subject: in.Subject, Precautions: in.Precautions,
			Behaviour: in.Behaviour, Zone: d.site.Zone, ExpiresOn: in.ExpiresOn, ProposedBy: a.UserID,
			Involved: JSONList[ID]{a.UserID}}
		if err := tx.apply(x, "propose"); err != nil {
			return AdvisoryView{}, err
		}
		switch {
		case in.Subject == AboutSite:
			x.SiteID = &j.SiteID
		case in.Subject != AboutPerson:
			return AdvisoryView{}, Fail(CodeUnprocessable, "An advisory is about a person or a site.").At("/subject", "person or site")
		}
		if strings.TrimSpace(in.Precautions) == "" {
			return AdvisoryView{}, Fail(CodeUnprocessable, "Say what a crew should take care of.").At("/precautions", "what to do, first")
		}
		if strings.TrimSpace(in.Behaviour) == "" {
			return AdvisoryView{}, Fail(CodeUnprocessable, "Say what happened, as behaviour and not as a judgement.").
				At("/behaviour", "what was done or said")
		}
		if x.ExpiresAt, err = advisoryTerm(in.ExpiresOn, d.site.Location(), tx.Now); err != nil {
			return AdvisoryView{}, err
		}
		if err := tx.InsertAdvisory(x); err != nil {
			return AdvisoryView{}, err
		}
		armAdvisory(tx, x)
		if err := notifyAdvisers(tx, x, "note.waiting", []Role{RoleAdmin}); err != nil {
			return AdvisoryView{}, err
		}
		return NewAdvisoryView(a, x, nil, tx.Now), nil
	})
}

// MoveAdvisory approves, refuses, renews, appeals, decides an appeal or ends.
// AdvisoryMoves says who. Errors: CodeNotFound, CodeForbidden, CodeState,
// CodeUnprocessable.
func (s *Service) MoveAdvisory(ctx context.Context, call *Call, id ID, action string, in AdvisoryDecision) (AdvisoryView, error) {
	return run(ctx, s, call, func(tx *Work) (AdvisoryView, error) {
		a := call.Actor
		x, err := tx.LockAdvisory(id)
		if err != nil {
			return AdvisoryView{}, err
		}
		if !x.keptBy(a) {
			return AdvisoryView{}, NotFound("advisory")
		}
		appeals, err := tx.AppealsOf(x.ID)
		if err != nil {
			return AdvisoryView{}, err
		}
		open := openAppeal(appeals)
		if err := checkAdvisory(a, action, x, open, tx.Now); err != nil {
			return AdvisoryView{}, err
		}
		said := strings.TrimSpace(in.Reasons) != ""
		if !said && action != "approve" && action != "appeal" {
			return AdvisoryView{}, Fail(CodeUnprocessable, "Say why.").At("/reasons", "a few sentences")
		}
		part := action != "appeal" && action != "decide-appeal" && action != "end"
		switch action {
		case "approve":
			err = approveAdvisory(tx, a, x, in)
		case "refuse":
			x.DecidedBy, x.DecidedAt, x.Reasons = &a.UserID, &tx.Now, in.Reasons
			if err := tx.apply(x, "refuse"); err != nil {
				return AdvisoryView{}, err
			}
			if x.Status == AdvisoryApproved { // only the renewal: it stands to its end
				x.RenewOn, x.RenewBy, x.RenewReasons = "", nil, ""
			} else {
				tx.Disarm(DueAdvisory, x.ID)
			}
		case "renew":
			if _, err := advisoryTerm(in.ExpiresOn, location(x.Zone), tx.Now); err != nil {
				return AdvisoryView{}, err
			}
			if in.ExpiresOn <= x.ExpiresOn {
				return AdvisoryView{}, Fail(CodeUnprocessable, "It stands until %s already.", x.ExpiresOn).At("/expires_on", "a later day")
			}
			x.RenewOn, x.RenewBy, x.RenewReasons = in.ExpiresOn, &a.UserID, in.Reasons
			err = notifyAdvisers(tx, x, "note.waiting", []Role{RoleAdmin})
		case "appeal":
			if strings.TrimSpace(in.Words) == "" {
				return AdvisoryView{}, Fail(CodeUnprocessable, "Write down what the household says.").At("/words", "in its words")
			}
			err = openAppealOf(tx, x, "voice", &a.UserID, in.Words)
		case "decide-appeal":
			err = decideAppeal(tx, a, x, open, in)
		case "end":
			err = endAdvisory(tx, x, &a.UserID, "end", in.Reasons, tx.Now)
		}
		if err != nil {
			return AdvisoryView{}, err
		}
		if part && !has(x.Involved, a.UserID) {
			x.Involved = append(x.Involved, a.UserID)
		}
		x.changedAt(tx.Now)
		if err := tx.SaveAdvisory(x); err != nil {
			return AdvisoryView{}, err
		}
		if a.UserID != x.ProposedBy && action != "appeal" {
			if err := notifyUser(tx, x.ProposedBy, "note.moved"); err != nil {
				return AdvisoryView{}, err
			}
		}
		return advisoryView(tx, a, x)
	})
}

// approveAdvisory lets a proposal or a renewal stand. The household is told by
// its link, or the reason why not is on record.
func approveAdvisory(tx *Work, a Actor, x *Advisory, in AdvisoryDecision) error {
	why := strings.TrimSpace(in.NotToldReason)
	switch {
	case in.Told == nil, !*in.Told && why == "":
		return Fail(CodeUnprocessable, "The household is told, or the reason why not is recorded.").
			At("/told", "true, or false with not_told_reason")
	case *in.Told && why != "":
		return Fail(CodeUnprocessable, "Either it is told or there is a reason why not.").At("/not_told_reason", "empty when told")
	}
	if x.Status == AdvisoryApproved {
		end, err := advisoryTerm(x.RenewOn, location(x.Zone), tx.Now)
		if err != nil {
			return err
		}
		x.ExpiresOn, x.ExpiresAt = x.RenewOn, end
		x.RenewOn, x.RenewBy, x.RenewReasons = "", nil, ""
		x.Renewals++
	}
	if err := tx.apply(x, "approve"); err != nil {
		return err
	}
	x.DecidedBy, x.DecidedAt, x.Reasons, x.NotToldReason = &a.UserID, &tx.Now, in.Reasons, why
	armAdvisory(tx, x)
	if !*in.Told {
		return nil // told at an earlier time stays told
	}
	x.ToldAt = &tx.Now
	j, err := tx.Job(x.JobID)
	if err != nil {
		return err
	}
	d, err := openCase(tx, j)
	if err != nil {
		return err
	}
	notifyCustomer(d, nil, "note.told")
	return nil
}

// openAppealOf keeps a household's objection; it is due in 30 days.
func openAppealOf(tx *Work, x *Advisory, how string, by *ID, words string) error {
	p := &Appeal{Meta: newMeta(tx.NewID(), tx.Now), AdvisoryID: x.ID, How: how, ByID: by, Words: strings.TrimSpace(words),
		DueAt: tx.Now.Add(appealDue)}
	if err := tx.InsertAppeal(p); err != nil {
		return err
	}
	tx.setDeadline(DueAppeal, p.ID, nil, p.DueAt)
	return notifyAdvisers(tx, x, "note.waiting", keepers)
}

func decideAppeal(tx *Work, a Actor, x *Advisory, p *Appeal, in AdvisoryDecision) error {
	if in.Outcome != "keep" && in.Outcome != "end" {
		return Fail(CodeUnprocessable, "An appeal keeps the advisory or ends it.").At("/outcome", "keep or end")
	}
	p.Outcome, p.Reasons, p.DecidedBy, p.DecidedAt = in.Outcome, in.Reasons, &a.UserID, &tx.Now
	tx.Disarm(DueAppeal, p.ID)
	p.changedAt(tx.Now)
	if err := tx.SaveAppeal(p); err != nil {
		return err
	}
	if in.Outcome == "end" {
		if err := endAdvisory(tx, x, &a.UserID, "end", "on appeal", tx.Now); err != nil {
			return err
		}
	}
	if x.ToldAt == nil && p.How != "link" {
		return nil
	}
	j, err := tx.Job(x.JobID)
	if err != nil {
		return err
	}
	d, err := openCase(tx, j)
	if err != nil {
		return err
	}
	notifyCustomer(d, nil, "note.told")
	return nil
}

func endAdvisory(tx *Work, x *Advisory, by *ID, action, reason string, at time.Time) error {
	if err := tx.apply(x, action); err != nil {
		return err
	}
	x.EndedAt, x.EndedBy, x.EndReason = &at, by, reason
	x.RenewOn, x.RenewBy, x.RenewReasons = "", nil, ""
	tx.Disarm(DueAdvisory, x.ID)
	return nil
}

// armAdvisory reminds in time and lets it expire at its end.
func armAdvisory(tx *Work, x *Advisory) {
	due := x.ExpiresAt.Add(-advisoryReminder)
	if !due.After(tx.Now) {
		due = x.ExpiresAt
	}
	tx.setDeadline(DueAdvisory, x.ID, nil, due)
}

// advisoryDue reminds who may renew an advisory that it ends soon, or lets it
// expire. Nobody else is told anything.
func advisoryDue(tx *Work, id ID) error {
	x, err := tx.LockAdvisory(id)
	if notFound(err) || err == nil && x.Status != AdvisoryApproved && x.Status != AdvisoryProposed {
		return nil
	} else if err != nil {
		return err
	}
	if tx.Now.Before(x.ExpiresAt) {
		tx.setDeadline(DueAdvisory, x.ID, nil, x.ExpiresAt)
		return notifyAdvisers(tx, x, "note.ends_soon", []Role{RoleAreaManager})
	}
	if err := endAdvisory(tx, x, nil, "expire", "not renewed", x.ExpiresAt); err != nil {
		return err
	}
	x.changedAt(tx.Now)
	if err := tx.SaveAdvisory(x); err != nil {
		return err
	}
	appeals, err := tx.AppealsOf(x.ID)
	if err != nil {
		return err
	}
	if p := openAppeal(appeals); p != nil { // what it asked for has come
		p.Outcome, p.Reasons, p.DecidedAt = "end", "not renewed", &tx.Now
		tx.Disarm(DueAppeal, p.ID)
		p.changedAt(tx.Now)
		return tx.SaveAppeal(p)
	}
	return nil
}

// appealOverdue rings everybody who may decide an appeal that nobody decided
// in 30 days, and again each week until somebody does.
func appealOverdue(tx *Work, id ID) error {
	p, err := tx.Appeal(id)
	if notFound(err) || err == nil && p.DecidedAt != nil {
		return nil
	} else if err != nil {
		return err
	}
	x, err := tx.Advisory(p.AdvisoryID)
	if err != nil {
		return err
	}
	if p.EscalatedAt == nil {
		p.EscalatedAt = &tx.Now
		p.changedAt(tx.Now)
		if err := tx.SaveAppeal(p); err != nil {
			return err
		}
	}
	tx.setDeadline(DueAppeal, p.ID, nil, tx.Now.Add(appealAgain))
	return notifyAdvisers(tx, x, "note.overdue", keepers)
}

// notifyAdvisers rings those of the roles who keep the advisory; who decides an
// appeal had no part in it.
func notifyAdvisers(tx *Work, x *Advisory, kind string, roles []Role) error {
	for _, role := range roles {
		var area *ID
		if role == RoleAreaManager {
			area = &x.AreaID
		}
		users, err := tx.UsersWith(role, nil, area)
		if err != nil {
			return err
		}
		fit := []User{}
		for _, u := range users {
			if kind == "note.ends_soon" || !has(x.Involved, u.ID) || role == RoleAdmin && len(roles) == 1 {
				fit = append(fit, u)
			}
		}
		if err := notifyOnDuty(tx, fit, nil, func(u *User) Notice {
			return tx.svc.notice(kind, u.Language, tx.Now, tx.Now.Add(7*24*time.Hour), toUser(u.ID))
		}); err != nil {
			return err
		}
	}
	return nil
}

func advisoryView(tx *Work, a Actor, x *Advisory) (AdvisoryView, error) {
	appeals, err := tx.AppealsOf(x.ID)
	return NewAdvisoryView(a, x, appeals, tx.Now), err
}

// noteReads writes down who reads which advisories.
func noteReads(tx *Work, a Actor, list []ID, visit *ID) error {
	rows := make([]AdvisoryRead, len(list))
	for i, id := range list {
		rows[i] = AdvisoryRead{ID: tx.NewID(), CreatedAt: tx.Now, AdvisoryID: id, UserID: a.UserID, Role: a.Role, VisitID: visit}
	}
	return tx.InsertAdvisoryReads(rows)
}

// Advisories lists those that the actor keeps, and notes that they read them.
// Area manager, deputy, admin. Errors: CodeForbidden.
func (s *Service) Advisories(ctx context.Context, a Actor, status string, p Page) ([]Advisory, error) {
	if !a.Is(keepers...) {
		return nil, Fail(CodeForbidden, "As %s you may not read advisories; a crew reads them with its visit.", roleWords(a.Role))
	}
	return s.Read.Advisories(ctx, a, status, s.instant(), p)
}

// ReadAdvisories gives the views of advisories that are sent, and notes each
// reading of them; one that cannot be noted is not shown.
func (s *Service) ReadAdvisories(ctx context.Context, a Actor, list []Advisory) ([]AdvisoryView, error) {
	out := make([]AdvisoryView, len(list))
	err := s.inWork(ctx, nil, func(tx *Work) error {
		ids := make([]ID, len(list))
		for i := range list {
			v, err := advisoryView(tx, a, &list[i])
			if err != nil {
				return err
			}
			out[i], ids[i] = v, list[i].ID
		}
		return noteReads(tx, a, ids, nil)
	})
	return out, err
}

// AdvisoryByID reads one, and notes it. Who as Advisories. Errors:
// CodeNotFound.
func (s *Service) AdvisoryByID(ctx context.Context, a Actor, id ID) (AdvisoryView, error) {
	var out AdvisoryView
	err := s.inWork(ctx, nil, func(tx *Work) error {
		x, err := tx.Advisory(id)
		if err != nil {
			return err
		}
		if !x.keptBy(a) {
			return NotFound("advisory")
		}
		if out, err = advisoryView(tx, a, x); err != nil {
			return err
		}
		return noteReads(tx, a, []ID{id}, nil)
	})
	return out, err
}

// AdvisoryReads lists who read an advisory. Who as Advisories. Errors:
// CodeNotFound.
func (s *Service) AdvisoryReads(ctx context.Context, a Actor, id ID, p Page) ([]AdvisoryRead, error) {
	if !a.Is(keepers...) {
		return nil, NotFound("advisory")
	}
	return s.Read.AdvisoryReads(ctx, a, id, p)
}

// VisitAdvisories gives a crew what to take care of, from 24 h before its
// visit until the visit ends, and notes each reading. The crew alone. Errors:
// CodeNotFound, CodeForbidden.
func (s *Service) VisitAdvisories(ctx context.Context, a Actor, visit ID) (JSONList[AdvisoryBrief], error) {
	out := JSONList[AdvisoryBrief]{}
	err := s.inWork(ctx, nil, func(tx *Work) error {
		out = JSONList[AdvisoryBrief]{}
		v, err := tx.Visit(visit)
		if err != nil {
			return err
		}
		if !a.sees(v) {
			return NotFound("visit")
		}
		if a.Role != RoleTechnician || !has(v.Crew, a.UserID) {
			return Fail(CodeForbidden, "Only the crew reads this, shortly before its visit.")
		}
		j, err := tx.Job(v.JobID)
		if err != nil {
			return err
		}
		list, err := tx.AdvisoriesOf(v.CustomerID)
		if err != nil {
			return err
		}
		now, ids := s.instant(), []ID{}
		for i := range list {
			if x := &list[i]; x.shownFor(v, j.SiteID, now) {
				out = append(out, AdvisoryBrief{ID: x.ID, Subject: x.Subject, Precautions: x.Precautions, Behaviour: x.Behaviour,
					ExpiresAt: x.ExpiresAt})
				ids = append(ids, x.ID)
			}
		}
		return noteReads(tx, a, ids, &v.ID)
	})
	return out, err
}

// toldOf lists the advisories that a household was told of, that concern a
// job's door and stand.
func toldOf(tx *Work, j *Job) ([]Advisory, error) {
	list, err := tx.AdvisoriesOf(j.CustomerID)
	if err != nil {
		return nil, err
	}
	out := []Advisory{}
	for _, x := range list {
		if x.stands(tx.Now) == AdvisoryApproved && x.ToldAt != nil && (x.SiteID == nil || *x.SiteID == j.SiteID) {
			out = append(out, x)
		}
	}
	return out, nil
}

// linkNote tells the household's page that a note stands and until when, and
// nothing of what is in it.
func linkNote(tx *Work, p *LinkPage) error {
	list, err := toldOf(tx, &p.Job)
	if err != nil {
		return err
	}
	for i := range list {
		x := &list[i]
		if p.NoteUntil == nil || x.ExpiresAt.After(*p.NoteUntil) {
			p.NoteUntil = &x.ExpiresAt
		}
		appeals, err := tx.AppealsOf(x.ID)
		if err != nil {
			return err
		}
		p.CanAppeal = p.CanAppeal || openAppeal(appeals) == nil
		for _, q := range appeals {
			if q.Outcome == "keep" {
				p.NoteAnswer = q.Reasons
			}
		}
	}
	return nil
}

// appealAct is the household's objection, by link or by voice. By voice it is
// answered the same whether there is an advisory or not: the desk does not
// learn of one.
func appealAct(k *request) error {
	words := strings.TrimSpace(k.in.Reason)
	if n := len([]rune(words)); n == 0 || n > 500 {
		return Fail(CodeUnprocessable, "Please say what is not so.").At("/reason", "1 to 500 characters")
	}
	list, err := toldOf(k.tx, k.job)
	if err != nil {
		return err
	}
	if len(list) == 0 && k.by == nil {
		return Fail(CodeState, "There is no such note any more.")
	}
	var by *ID
	if k.by != nil {
		by = &k.by.UserID
	}
	for i := range list {
		appeals, err := k.tx.AppealsOf(list[i].ID)
		if err != nil {
			return err
		}
		if openAppeal(appeals) != nil {
			continue
		}
		if err := openAppealOf(k.tx, &list[i], k.how(), by, words); err != nil {
			return err
		}
	}
	return nil
}
