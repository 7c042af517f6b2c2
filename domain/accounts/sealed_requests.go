package accounts

import (
	"context"
	"encoding/json"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// KeepSealed keeps for managers what the queue of a lost device held and that is about no visit. Nothing comes of it by itself.
// The area managers of its owner hear of the first of a device. Errors: CodeClaimKept; CodeForbidden for what is too much.
func KeepSealed(ctx context.Context, s *Service, call *casework.Call, operation, path string, body map[string]any) error {
	if raw, err := json.Marshal(body); err != nil || len(raw) > domain.SealedBody {
		body = map[string]any{"left_out": "too large"}
	}
	device := call.Actor.Sealed
	err := s.InWork(ctx, call, func(tx *casework.Work) error {
		u, err := tx.LockUser(call.Actor.UserID)
		if err != nil {
			return err
		}
		had, err := tx.SealedRequestsOf(device)
		if err != nil {
			return err
		}
		if had >= domain.SealedMost {
			return domain.Fail(domain.CodeForbidden, "This device was reported lost, and more of its queue is kept than anybody reads.")
		}
		r := &domain.SealedRequest{ID: tx.NewID(), CreatedAt: tx.Now, UserID: u.ID, DeviceID: device, Key: call.Key, Operation: operation,
			Path: path}
		r.Body.V = body
		if err := tx.PutSealedRequest(r); err != nil || had > 0 || u.AreaID == nil {
			return err
		}
		managers, err := tx.UsersWith(domain.RoleAreaManager, nil, u.AreaID)
		if err != nil {
			return err
		}
		for i := range managers {
			if managers[i].ID == u.ID || managers[i].Disabled {
				continue
			}
			if err := casework.NotifyUser(tx, managers[i].ID, "device.told", func(n *domain.Notice) {
				n.Data.V = map[string]string{"user_id": u.ID.String()}
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return domain.Fail(domain.CodeClaimKept,
		"The device was reported lost. What it tells is kept for a manager to read, and nothing came of it.")
}

// SealedRequests lists what lost devices of somebody told that is about no visit. Area manager, admin; nobody their own. Errors:
// CodeNotFound, CodeForbidden.
func SealedRequests(ctx context.Context, s *Service, a domain.Actor, user domain.ID, p domain.Page) ([]domain.SealedRequest, error) {
	if _, err := s.Read.User(ctx, a.Scope(), user); err != nil {
		return nil, err
	}
	if !a.Is(domain.RoleAreaManager, domain.RoleAdmin) || a.UserID == user {
		return nil, domain.Fail(domain.CodeForbidden, "As %s you may not read what a lost device told.", domain.RoleWords(a.Role))
	}
	return s.Read.SealedRequests(ctx, user, p)
}
