package decisions

import (
	"context"

	"github.com/google/uuid"

	"doorstep/domain"
	"doorstep/domain/alarm"
	"doorstep/domain/casework"
)

// NoticeView is a notice in its reader's inbox.
type NoticeView struct {
	domain.Notice
	Call *NoticeCall `json:"call"` // whom the desk is asked to call; no push holds it
}

// NoticeCall names somebody with their number.
type NoticeCall struct {
	UserID domain.ID `json:"user_id"`
	Name   string    `json:"name"`
	Phone  string    `json:"phone"`
	Silent bool      `json:"silent"` // they are not to be called openly
}

// Inbox shows notices to their reader, in their language. Where one asks the desk to call
// somebody, it says whom, as long as the reader is of that person's desk.
func (s *Service) Inbox(ctx context.Context, a domain.Actor, rows []domain.Notice) ([]NoticeView, error) {
	var ids []domain.ID
	asked := func(n *domain.Notice) (domain.ID, bool) {
		if !a.Is(domain.Desk...) || !domain.Has([]string{"timer.no_signal", "timer.no_answer", "home_safe.call"}, n.Kind) {
			return domain.ID{}, false
		}
		id, err := uuid.Parse(n.Data.V["user_id"])
		return id, err == nil
	}
	for i := range rows {
		if id, ok := asked(&rows[i]); ok {
			ids = append(ids, id)
		}
	}
	silent, err := alarm.Silent(ctx, s.Service, a, ids...)
	if err != nil {
		return nil, err
	}
	people, err := PeopleOf(ctx, s.Service, ids)
	if err != nil {
		return nil, err
	}
	out := make([]NoticeView, len(rows))
	for i := range rows {
		out[i].Notice = rows[i]
		out[i].Title, out[i].Body = domain.SayAgain(&rows[i], a.Language)
		if id, ok := asked(&rows[i]); ok {
			if u, ok := people[id]; ok && u.CentreID != nil && u.AreaID != nil && a.Reaches(*u.CentreID, *u.AreaID) {
				out[i].Call = &NoticeCall{u.ID, u.Name, u.Phone, silent[u.ID]}
			}
		}
	}
	return out, nil
}

// SeenNotice marks an inbox notice as seen by its reader: accepted by a push
// service is not seen by a person.
func (s *Service) SeenNotice(ctx context.Context, call *casework.Call, id domain.ID) (domain.Notice, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.Notice, error) {
		n, err := tx.Notice(id)
		if err != nil {
			return domain.Notice{}, err
		}
		if n.UserID == nil || *n.UserID != call.Actor.UserID {
			return domain.Notice{}, domain.NotFound("notice")
		}
		if n.SeenAt == nil {
			n.SeenAt = &tx.Now
			if err := tx.SaveNoticeSeen(n); err != nil {
				return domain.Notice{}, err
			}
		}
		seen := *n
		seen.Title, seen.Body = domain.SayAgain(n, call.Actor.Language)
		return seen, nil
	})
}
