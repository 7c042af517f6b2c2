package intake

import (
	"context"
	"fmt"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// progressEvery is after how many rows an import says how far it is.
const progressEvery = 100

// record keeps that an import began, or goes on with the one of the same id and file.
func (r *importRun) record(ctx context.Context, in ImportInput, rows int) error {
	return r.s.InWork(ctx, nil, func(tx *casework.Work) error {
		by := r.call.Actor.UserID
		i := domain.Import{Meta: domain.NewMeta(casework.IDOr(tx.Svc, in.ID), tx.Now), CentreID: r.centre.ID, AreaID: r.centre.AreaID, ByID: by,
			Digest: in.Digest, Rows: rows}
		r.id = &i.ID
		if old, err := tx.LockImport(i.ID); err == nil {
			if old.CentreID != i.CentreID || old.ByID != by || old.Digest != i.Digest || old.UndoneAt != nil {
				return domain.IDTaken()
			}
			old.RowsDone, old.EndedAt = 0, nil
			old.ChangedAt(tx.Now)
			return tx.SaveImport(old)
		} else if !casework.NotFound(err) {
			return err
		}
		if err := tx.InsertImport(&i); err != nil {
			return err
		}
		return casework.LogSecurity(tx, domain.SecurityEvent{Kind: domain.SecurityImport, ActorID: &by,
			Detail: fmt.Sprintf("centre %s, %d rows", i.CentreID, i.Rows)})
	})
}

func (r *importRun) progress(ctx context.Context, out *ImportReport, done int) error {
	return r.s.InWork(ctx, nil, func(tx *casework.Work) error { return noteProgress(tx, *r.id, out, done, false) })
}

// noteProgress keeps how far an import is.
func noteProgress(tx *casework.Work, id domain.ID, out *ImportReport, done int, ended bool) error {
	i, err := tx.LockImport(id)
	if err != nil {
		return err
	}
	i.RowsDone, i.Created, i.Updated, i.Unchanged, i.Asks, i.Rejected = done, out.Created, out.Updated, out.Unchanged, out.Asks, out.Rejected
	if ended {
		i.EndedAt = domain.Ptr(tx.Now)
	}
	i.ChangedAt(tx.Now)
	return tx.SaveImport(i)
}

// readingOf names a preview while it is made: its progress is whoever asked for it's alone, and kept nowhere.
func readingOf(a domain.Actor, id domain.ID) string {
	return "preview " + id.String() + "|" + a.UserID.String()
}

// noteReading says how far a preview is.
func (r *importRun) noteReading(out *ImportReport, done int) {
	at := r.s.Instant()
	r.s.Inflight.Store(r.reading, domain.Import{Meta: domain.Meta{Version: 1, CreatedAt: at, UpdatedAt: at}, CentreID: r.centre.ID,
		ByID: r.call.Actor.UserID, Rows: out.Rows, RowsDone: done, Created: out.Created, Updated: out.Updated, Unchanged: out.Unchanged,
		Asks: out.Asks, Rejected: out.Rejected})
}

// Imports lists imports of the caller's scope, the newest first.
func (s *Service) Imports(ctx context.Context, a domain.Actor, centre *domain.ID, p domain.Page) ([]domain.Import, error) {
	if err := MayImport(a); err != nil {
		return nil, err
	}
	return s.Read.Imports(ctx, a.Scope(), centre, p)
}

// Import is one import, with whom it reached; or how far a preview is that the caller has asked for. Errors: CodeNotFound.
func (s *Service) Import(ctx context.Context, a domain.Actor, id domain.ID) (out domain.ImportView, err error) {
	if v, ok := s.Inflight.Load(readingOf(a, id)); ok {
		out.Import, out.State = v.(domain.Import), "reading"
		out.ID = id
		return out, nil
	}
	err = s.InWork(ctx, nil, func(tx *casework.Work) error {
		i, err := s.importOf(tx, a, id)
		if err != nil {
			return err
		}
		out = i.View(tx.Now)
		out.Told, err = told(tx, i, nil)
		return err
	})
	return out, err
}

// importOf finds an import of the caller's scope.
func (s *Service) importOf(tx *casework.Work, a domain.Actor, id domain.ID) (*domain.Import, error) {
	i, err := tx.LockImport(id)
	if err != nil {
		return nil, err
	}
	if !a.Reaches(i.CentreID, i.AreaID) {
		return nil, domain.NotFound("import")
	}
	return i, MayImport(a)
}

// told lists whom an import reached, by name.
func told(tx *casework.Work, i *domain.Import, job *domain.ID) (domain.JSONList[domain.ImportTold], error) {
	list, err := tx.ToldOfImport(i, job)
	if err != nil {
		return nil, err
	}
	var ids []domain.ID
	for _, x := range list {
		if x.UserID != nil && !domain.Has(ids, *x.UserID) {
			ids = append(ids, *x.UserID)
		}
	}
	users, err := tx.Users(ids)
	for k := range list {
		list[k].Who = "the household"
		for n := range users {
			if x := list[k].UserID; x != nil && *x == users[n].ID {
				list[k].Who = users[n].Name
			}
		}
	}
	return domain.JSONList[domain.ImportTold](list), err
}

// AnswersInput answers questions of imports of a centre.
type AnswersInput struct {
	CentreID *domain.ID    `json:"centre_id"`
	Answers  []AnswerInput `json:"answers"`
}

// AnswerInput answers one question by its id, or all that are alike.
type AnswerInput struct {
	ID     string `json:"id"`
	Alike  string `json:"alike"`
	Answer string `json:"answer"`
}

// ImportAnswers are the answers of a centre, by time.
type ImportAnswers struct {
	Items domain.JSONList[domain.ImportAnswer] `json:"items"`
}

// AnswerImport keeps answers with the centre. Whoever imports its jobs.
func (s *Service) AnswerImport(ctx context.Context, call *casework.Call, in AnswersInput) (ImportAnswers, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (ImportAnswers, error) {
		c, err := importCentre(tx, call.Actor, in.CentreID)
		if err != nil {
			return ImportAnswers{}, err
		}
		for n, a := range in.Answers {
			about := a.ID
			if about == "" {
				about = a.Alike
			}
			if about == "" || a.ID != "" && a.Alike != "" {
				return ImportAnswers{}, domain.Fail(domain.CodeUnprocessable, "An answer names the id of a question, or what is alike of several.").
					At(fmt.Sprintf("/answers/%d/id", n), "id or alike")
			}
			if _, err := time.Parse(time.DateOnly, a.Answer); err != nil && !strings.Contains(a.Answer, ":") { // no hours: perhaps a number
				if e164, err := casework.Phone(tx.Svc, a.Answer, c.Country, "/answer"); err == nil && e164 != "" {
					a.Answer = e164
				}
			}
			if err := tx.PutImportAnswer(&domain.ImportAnswer{CentreID: c.ID, About: about, Answer: a.Answer, ByID: call.Actor.UserID,
				At: tx.Now}); err != nil {
				return ImportAnswers{}, err
			}
		}
		items, err := tx.ImportAnswers(c.ID)
		return ImportAnswers{domain.JSONList[domain.ImportAnswer](items)}, err
	})
}

// Answers are what a centre answered. Whoever imports its jobs.
func (s *Service) Answers(ctx context.Context, a domain.Actor, centre *domain.ID) (out ImportAnswers, err error) {
	err = s.InWork(ctx, nil, func(tx *casework.Work) error {
		c, err := importCentre(tx, a, centre)
		if err != nil {
			return err
		}
		items, err := tx.ImportAnswers(c.ID)
		out.Items = items
		return err
	})
	return out, err
}

// ForgetAnswers forgets the answer about one question, or all of a centre.
func (s *Service) ForgetAnswers(ctx context.Context, a domain.Actor, centre *domain.ID, about string) error {
	return s.InWork(ctx, nil, func(tx *casework.Work) error {
		c, err := importCentre(tx, a, centre)
		if err != nil {
			return err
		}
		return tx.DropImportAnswers(c.ID, about)
	})
}
