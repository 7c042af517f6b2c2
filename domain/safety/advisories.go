package safety

import (
	"context"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/customers"
)

// AdvisoryInput proposes an advisory.
type AdvisoryInput struct {
	ID          *domain.ID `json:"id"`
	JobID       domain.ID  `json:"job_id"`
	FlagID      *domain.ID `json:"flag_id"`
	Subject     string     `json:"subject"`
	Precautions string     `json:"precautions"`
	Behaviour   string     `json:"behaviour"`
	ExpiresOn   string     `json:"expires_on"`
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
func (s *Service) ProposeAdvisory(ctx context.Context, call *casework.Call, in AdvisoryInput) (domain.AdvisoryView, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.AdvisoryView, error) {
		a := call.Actor
		if a.Role != domain.RoleAreaManager {
			return domain.AdvisoryView{}, domain.Fail(domain.CodeForbidden, "As %s you may not propose an advisory.", domain.RoleWords(a.Role))
		}
		if in.ID != nil {
			if old, err := tx.Advisory(*in.ID); err == nil {
				if old.ProposedBy != a.UserID || old.JobID != in.JobID || old.Precautions != in.Precautions || old.Behaviour != in.Behaviour ||
					old.ExpiresOn != in.ExpiresOn {
					return domain.AdvisoryView{}, domain.IDTaken()
				}
				return advisoryView(tx, a, old)
			} else if !casework.NotFound(err) {
				return domain.AdvisoryView{}, err
			}
		}
		j, err := casework.AuthorizeJob(tx, a, in.JobID)
		if err != nil {
			return domain.AdvisoryView{}, casework.MeaningIfAbsent(err, "job", "/job_id")
		}
		c, err := casework.OpenCase(tx, j)
		if err != nil {
			return domain.AdvisoryView{}, err
		}
		if in.FlagID != nil {
			f, err := tx.Flag(*in.FlagID)
			if err != nil {
				return domain.AdvisoryView{}, casework.MeaningIfAbsent(err, "report", "/flag_id")
			}
			if all, _ := a.SeesFlag(f); !all || f.CustomerID == nil || *f.CustomerID != j.CustomerID {
				return domain.AdvisoryView{}, domain.Fail(domain.CodeUnprocessable, "There is no such report about this household.").
					At("/flag_id", "a report that you triage")
			}
		}
		x := &domain.Advisory{Meta: domain.NewMeta(casework.IDOr(s.Service, in.ID), tx.Now), JobID: j.ID, CustomerID: j.CustomerID,
			AreaID:  j.AreaID,
			FlagID:  in.FlagID,
			Subject: in.Subject, Precautions: in.Precautions,
			Behaviour: in.Behaviour, Zone: c.Site.Zone, ExpiresOn: in.ExpiresOn, ProposedBy: a.UserID,
			Involved: domain.JSONList[domain.ID]{a.UserID}}
		if err := tx.Apply(x, "propose"); err != nil {
			return domain.AdvisoryView{}, err
		}
		switch {
		case in.Subject == domain.AboutSite:
			x.SiteID = &j.SiteID
		case in.Subject != domain.AboutPerson:
			return domain.AdvisoryView{}, domain.Fail(domain.CodeUnprocessable, "An advisory is about a person or a site.").
				At("/subject", "person or site")
		}
		if strings.TrimSpace(in.Precautions) == "" {
			return domain.AdvisoryView{}, domain.Fail(domain.CodeUnprocessable, "Say what a crew should take care of.").
				At("/precautions", "what to do, first")
		}
		if strings.TrimSpace(in.Behaviour) == "" {
			return domain.AdvisoryView{}, domain.Fail(domain.CodeUnprocessable, "Say what happened, as behaviour and not as a judgement.").
				At("/behaviour", "what was done or said")
		}
		if x.ExpiresAt, err = domain.AdvisoryTerm(in.ExpiresOn, c.Site.Location(), tx.Now); err != nil {
			return domain.AdvisoryView{}, err
		}
		if err := tx.InsertAdvisory(x); err != nil {
			return domain.AdvisoryView{}, err
		}
		armAdvisory(tx, x)
		if err := notifyAdvisers(tx, x, "note.waiting", []domain.Role{domain.RoleAdmin}); err != nil {
			return domain.AdvisoryView{}, err
		}
		return domain.NewAdvisoryView(a, x, nil, tx.Now), nil
	})
}

// MoveAdvisory approves, refuses, renews, appeals, decides an appeal or ends.
// AdvisoryMoves says who. Errors: CodeNotFound, CodeForbidden, CodeState,
// CodeUnprocessable.
func (s *Service) MoveAdvisory(ctx context.Context, call *casework.Call, id domain.ID, action string,
	in AdvisoryDecision) (domain.AdvisoryView, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.AdvisoryView, error) {
		a := call.Actor
		x, err := tx.LockAdvisory(id)
		if err != nil {
			return domain.AdvisoryView{}, err
		}
		if !x.KeptBy(a) {
			return domain.AdvisoryView{}, domain.NotFound("advisory")
		}
		appeals, err := tx.AppealsOf(x.ID)
		if err != nil {
			return domain.AdvisoryView{}, err
		}
		open := domain.OpenAppeal(appeals)
		if err := domain.CheckAdvisory(a, action, x, open, tx.Now); err != nil {
			return domain.AdvisoryView{}, err
		}
		said := strings.TrimSpace(in.Reasons) != ""
		if !said && action != "approve" && action != "appeal" {
			return domain.AdvisoryView{}, domain.Fail(domain.CodeUnprocessable, "Say why.").At("/reasons", "a few sentences")
		}
		part := action != "appeal" && action != "decide-appeal" && action != "end"
		switch action {
		case "approve":
			err = approveAdvisory(tx, a, x, in)
		case "refuse":
			x.DecidedBy, x.DecidedAt, x.Reasons = &a.UserID, &tx.Now, in.Reasons
			if err := tx.Apply(x, "refuse"); err != nil {
				return domain.AdvisoryView{}, err
			}
			if x.Status == domain.AdvisoryApproved { // only the renewal: it stands to its end
				x.RenewOn, x.RenewBy, x.RenewReasons = "", nil, ""
			} else {
				tx.Disarm(domain.DueAdvisory, x.ID)
			}
		case "renew":
			if _, err := domain.AdvisoryTerm(in.ExpiresOn, domain.Location(x.Zone), tx.Now); err != nil {
				return domain.AdvisoryView{}, err
			}
			if in.ExpiresOn <= x.ExpiresOn {
				return domain.AdvisoryView{}, domain.Fail(domain.CodeUnprocessable, "It stands until %s already.", x.ExpiresOn).
					At("/expires_on", "a later day")
			}
			x.RenewOn, x.RenewBy, x.RenewReasons = in.ExpiresOn, &a.UserID, in.Reasons
			err = notifyAdvisers(tx, x, "note.waiting", []domain.Role{domain.RoleAdmin})
		case "appeal":
			if strings.TrimSpace(in.Words) == "" {
				return domain.AdvisoryView{}, domain.Fail(domain.CodeUnprocessable, "Write down what the household says.").At("/words", "in its words")
			}
			err = openAppealOf(tx, x, "voice", &a.UserID, in.Words)
		case "decide-appeal":
			err = decideAppeal(tx, a, x, open, in)
		case "end":
			err = endAdvisory(tx, x, &a.UserID, "end", in.Reasons, tx.Now)
		}
		if err != nil {
			return domain.AdvisoryView{}, err
		}
		if part && !domain.Has(x.Involved, a.UserID) {
			x.Involved = append(x.Involved, a.UserID)
		}
		x.ChangedAt(tx.Now)
		if err := tx.SaveAdvisory(x); err != nil {
			return domain.AdvisoryView{}, err
		}
		if a.UserID != x.ProposedBy && action != "appeal" {
			if err := casework.NotifyUser(tx, x.ProposedBy, "note.moved"); err != nil {
				return domain.AdvisoryView{}, err
			}
		}
		return advisoryView(tx, a, x)
	})
}

// approveAdvisory lets a proposal or a renewal stand. The household is told by
// its link, or the reason why not is on record.
func approveAdvisory(tx *casework.Work, a domain.Actor, x *domain.Advisory, in AdvisoryDecision) error {
	why := strings.TrimSpace(in.NotToldReason)
	switch {
	case in.Told == nil, !*in.Told && why == "":
		return domain.Fail(domain.CodeUnprocessable, "The household is told, or the reason why not is recorded.").
			At("/told", "true, or false with not_told_reason")
	case *in.Told && why != "":
		return domain.Fail(domain.CodeUnprocessable, "Either it is told or there is a reason why not.").At("/not_told_reason", "empty when told")
	}
	if x.Status == domain.AdvisoryApproved {
		end, err := domain.AdvisoryTerm(x.RenewOn, domain.Location(x.Zone), tx.Now)
		if err != nil {
			return err
		}
		x.ExpiresOn, x.ExpiresAt = x.RenewOn, end
		x.RenewOn, x.RenewBy, x.RenewReasons = "", nil, ""
		x.Renewals++
	}
	if err := tx.Apply(x, "approve"); err != nil {
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
	c, err := casework.OpenCase(tx, j)
	if err != nil {
		return err
	}
	casework.NotifyCustomer(c, nil, "note.told")
	return nil
}

// openAppealOf keeps a household's objection; it is due in 30 days.
func openAppealOf(tx *casework.Work, x *domain.Advisory, how string, by *domain.ID, words string) error {
	p := &domain.Appeal{Meta: domain.NewMeta(tx.NewID(), tx.Now), AdvisoryID: x.ID, How: how, ByID: by, Words: strings.TrimSpace(words),
		DueAt: tx.Now.Add(domain.AppealDue)}
	if err := tx.InsertAppeal(p); err != nil {
		return err
	}
	tx.SetDeadline(domain.DueAppeal, p.ID, nil, p.DueAt)
	return notifyAdvisers(tx, x, "note.waiting", domain.Keepers)
}

func decideAppeal(tx *casework.Work, a domain.Actor, x *domain.Advisory, p *domain.Appeal, in AdvisoryDecision) error {
	if in.Outcome != "keep" && in.Outcome != "end" {
		return domain.Fail(domain.CodeUnprocessable, "An appeal keeps the advisory or ends it.").At("/outcome", "keep or end")
	}
	p.Outcome, p.Reasons, p.DecidedBy, p.DecidedAt = in.Outcome, in.Reasons, &a.UserID, &tx.Now
	tx.Disarm(domain.DueAppeal, p.ID)
	p.ChangedAt(tx.Now)
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
	c, err := casework.OpenCase(tx, j)
	if err != nil {
		return err
	}
	casework.NotifyCustomer(c, nil, "note.told")
	return nil
}

func endAdvisory(tx *casework.Work, x *domain.Advisory, by *domain.ID, action, reason string, at time.Time) error {
	if err := tx.Apply(x, action); err != nil {
		return err
	}
	x.EndedAt, x.EndedBy, x.EndReason = &at, by, reason
	x.RenewOn, x.RenewBy, x.RenewReasons = "", nil, ""
	tx.Disarm(domain.DueAdvisory, x.ID)
	return nil
}

// armAdvisory reminds in time and lets it expire at its end.
func armAdvisory(tx *casework.Work, x *domain.Advisory) {
	due := x.ExpiresAt.Add(-domain.AdvisoryReminder)
	if !due.After(tx.Now) {
		due = x.ExpiresAt
	}
	tx.SetDeadline(domain.DueAdvisory, x.ID, nil, due)
}

// AdvisoryDue reminds who may renew an advisory that it ends soon, or lets it
// expire. Nobody else is told anything.
func AdvisoryDue(tx *casework.Work, id domain.ID) error {
	x, err := tx.LockAdvisory(id)
	if casework.NotFound(err) || err == nil && x.Status != domain.AdvisoryApproved && x.Status != domain.AdvisoryProposed {
		return nil
	} else if err != nil {
		return err
	}
	if tx.Now.Before(x.ExpiresAt) {
		tx.SetDeadline(domain.DueAdvisory, x.ID, nil, x.ExpiresAt)
		return notifyAdvisers(tx, x, "note.ends_soon", []domain.Role{domain.RoleAreaManager})
	}
	if err := endAdvisory(tx, x, nil, "expire", "not renewed", x.ExpiresAt); err != nil {
		return err
	}
	x.ChangedAt(tx.Now)
	if err := tx.SaveAdvisory(x); err != nil {
		return err
	}
	appeals, err := tx.AppealsOf(x.ID)
	if err != nil {
		return err
	}
	if p := domain.OpenAppeal(appeals); p != nil { // what it asked for has come
		p.Outcome, p.Reasons, p.DecidedAt = "end", "not renewed", &tx.Now
		tx.Disarm(domain.DueAppeal, p.ID)
		p.ChangedAt(tx.Now)
		return tx.SaveAppeal(p)
	}
	return nil
}

// AppealOverdue rings everybody who may decide an appeal that nobody decided
// in 30 days, and again each week until somebody does.
func AppealOverdue(tx *casework.Work, id domain.ID) error {
	p, err := tx.Appeal(id)
	if casework.NotFound(err) || err == nil && p.DecidedAt != nil {
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
		p.ChangedAt(tx.Now)
		if err := tx.SaveAppeal(p); err != nil {
			return err
		}
	}
	tx.SetDeadline(domain.DueAppeal, p.ID, nil, tx.Now.Add(domain.AppealAgain))
	return notifyAdvisers(tx, x, "note.overdue", domain.Keepers)
}

// notifyAdvisers rings those of the roles who keep the advisory; who decides an
// appeal had no part in it.
func notifyAdvisers(tx *casework.Work, x *domain.Advisory, kind string, roles []domain.Role) error {
	for _, role := range roles {
		var area *domain.ID
		if role == domain.RoleAreaManager {
			area = &x.AreaID
		}
		users, err := tx.UsersWith(role, nil, area)
		if err != nil {
			return err
		}
		fit := []domain.User{}
		for _, u := range users {
			if kind == "note.ends_soon" || !domain.Has(x.Involved, u.ID) || role == domain.RoleAdmin && len(roles) == 1 {
				fit = append(fit, u)
			}
		}
		if err := casework.NotifyOnDuty(tx, fit, nil, func(u *domain.User) domain.Notice {
			return casework.NewNotice(tx.Svc, kind, u.Language, tx.Now, tx.Now.Add(7*24*time.Hour), casework.ToUser(u.ID))
		}); err != nil {
			return err
		}
	}
	return nil
}

func advisoryView(tx *casework.Work, a domain.Actor, x *domain.Advisory) (domain.AdvisoryView, error) {
	appeals, err := tx.AppealsOf(x.ID)
	return domain.NewAdvisoryView(a, x, appeals, tx.Now), err
}

// noteReads writes down who reads which advisories.
func noteReads(tx *casework.Work, a domain.Actor, list []domain.ID, visit *domain.ID) error {
	rows := make([]domain.AdvisoryRead, len(list))
	for i, id := range list {
		rows[i] = domain.AdvisoryRead{ID: tx.NewID(), CreatedAt: tx.Now, AdvisoryID: id, UserID: a.UserID, Role: a.Role, VisitID: visit}
	}
	return tx.InsertAdvisoryReads(rows)
}

// Advisories lists those that the actor keeps, and notes that they read them.
// Area manager, deputy, admin. Errors: CodeForbidden.
func (s *Service) Advisories(ctx context.Context, a domain.Actor, status string, p domain.Page) ([]domain.Advisory, error) {
	if !a.Is(domain.Keepers...) {
		return nil, domain.Fail(domain.CodeForbidden, "As %s you may not read advisories; a crew reads them with its visit.",
			domain.RoleWords(a.Role))
	}
	return s.Read.Advisories(ctx, a, status, s.Instant(), p)
}

// ReadAdvisories gives the views of advisories that are sent, and notes each
// reading of them; one that cannot be noted is not shown.
func (s *Service) ReadAdvisories(ctx context.Context, a domain.Actor, list []domain.Advisory) ([]domain.AdvisoryView, error) {
	out := make([]domain.AdvisoryView, len(list))
	err := s.InWork(ctx, nil, func(tx *casework.Work) error {
		ids := make([]domain.ID, len(list))
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
func (s *Service) AdvisoryByID(ctx context.Context, a domain.Actor, id domain.ID) (domain.AdvisoryView, error) {
	var out domain.AdvisoryView
	err := s.InWork(ctx, nil, func(tx *casework.Work) error {
		x, err := tx.Advisory(id)
		if err != nil {
			return err
		}
		if !x.KeptBy(a) {
			return domain.NotFound("advisory")
		}
		if out, err = advisoryView(tx, a, x); err != nil {
			return err
		}
		return noteReads(tx, a, []domain.ID{id}, nil)
	})
	return out, err
}

// AdvisoryReads lists who read an advisory. Who as Advisories. Errors:
// CodeNotFound.
func (s *Service) AdvisoryReads(ctx context.Context, a domain.Actor, id domain.ID, p domain.Page) ([]domain.AdvisoryRead, error) {
	if !a.Is(domain.Keepers...) {
		return nil, domain.NotFound("advisory")
	}
	return s.Read.AdvisoryReads(ctx, a, id, p)
}

// VisitAdvisories gives a crew what to take care of, from 24 h before its
// visit until the visit ends, and notes each reading. The crew alone. Errors:
// CodeNotFound, CodeForbidden.
func (s *Service) VisitAdvisories(ctx context.Context, a domain.Actor, visit domain.ID) (domain.JSONList[domain.AdvisoryBrief], error) {
	out := domain.JSONList[domain.AdvisoryBrief]{}
	err := s.InWork(ctx, nil, func(tx *casework.Work) error {
		out = domain.JSONList[domain.AdvisoryBrief]{}
		v, err := tx.Visit(visit)
		if err != nil {
			return err
		}
		if !a.Sees(v) {
			return domain.NotFound("visit")
		}
		if a.Role != domain.RoleTechnician || !domain.Has(v.Crew, a.UserID) {
			return domain.Fail(domain.CodeForbidden, "Only the crew reads this, shortly before its visit.")
		}
		j, err := tx.Job(v.JobID)
		if err != nil {
			return err
		}
		list, err := tx.AdvisoriesOf(v.CustomerID)
		if err != nil {
			return err
		}
		now, ids := s.Instant(), []domain.ID{}
		for i := range list {
			if x := &list[i]; x.ShownFor(v, j.SiteID, now) {
				out = append(out, domain.AdvisoryBrief{ID: x.ID, Subject: x.Subject, Precautions: x.Precautions, Behaviour: x.Behaviour,
					ExpiresAt: x.ExpiresAt})
				ids = append(ids, x.ID)
			}
		}
		return noteReads(tx, a, ids, &v.ID)
	})
	return out, err
}

// handleAppeal is the household's objection, by link or by voice. By voice it is
// answered the same whether there is an advisory or not: the desk does not
// learn of one.
func handleAppeal(k *customers.Request) error {
	words := strings.TrimSpace(k.In.Reason)
	if err := customers.AppealFits(words); err != nil {
		return err
	}
	list, err := customers.ToldOf(k.Tx, k.Job)
	if err != nil {
		return err
	}
	if len(list) == 0 && k.By == nil {
		return domain.Fail(domain.CodeState, "There is no such note any more.")
	}
	var by *domain.ID
	if k.By != nil {
		by = &k.By.UserID
	}
	for i := range list {
		appeals, err := k.Tx.AppealsOf(list[i].ID)
		if err != nil {
			return err
		}
		if domain.OpenAppeal(appeals) != nil {
			continue
		}
		if err := openAppealOf(k.Tx, &list[i], k.How(), by, words); err != nil {
			return err
		}
	}
	return nil
}
