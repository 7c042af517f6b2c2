package domain

import (
	"context"
	"strings"
	"time"
)

// SignIn is what a successful login or refresh yields; the API adds the
// access token.
type SignIn struct {
	User         User
	RefreshToken string
}

// Login checks a password and begins a family of refresh tokens.
// Anyone may call. Errors: CodeBadCredentials, in the same time whether the
// login exists or not.
func (s *Service) Login(ctx context.Context, login, password string) (SignIn, error) {
	login = strings.ToLower(strings.TrimSpace(login))
	refused := Fail(CodeBadCredentials, "Login or password is wrong.")
	var user *User
	// The hash costs tens of milliseconds, so it is not computed inside the
	// transaction that begins the session.
	err := s.Store.InTx(ctx, func(tx Tx) error {
		u, err := tx.UserByLogin(login)
		if err != nil && !notFound(err) {
			return err
		}
		user = u
		return nil
	})
	if err != nil {
		return SignIn{}, err
	}
	hash := ""
	if user != nil {
		hash = user.PasswordHash
	}
	if !s.CheckPassword(hash, password) || user == nil || user.Disabled {
		return SignIn{}, refused
	}
	return s.beginSession(ctx, user)
}

func (s *Service) beginSession(ctx context.Context, user *User) (SignIn, error) {
	now := s.Wall().UTC().Truncate(time.Microsecond)
	session := Session{ID: s.NewID(), FamilyID: s.NewID(), UserID: user.ID, Epoch: user.Epoch, CreatedAt: now, ExpiresAt: now.Add(sessionTTL)}
	token := s.refreshToken(session.ID)
	session.TokenHash = HashToken(token)
	err := s.Store.InTx(ctx, func(tx Tx) error { return tx.InsertSession(&session) })
	return SignIn{User: *user, RefreshToken: token}, err
}

func (s *Service) refreshToken(id ID) string {
	t, _ := s.Keys.token(s.Keys.Current(), "refresh", id)
	return t
}

// Refresh trades a refresh token for its successor. Within 30 s the same old
// token gets the same successor, because phones lose replies; later reuse
// revokes the whole family (RFC 9700 section 4.14.2). Errors:
// CodeUnauthenticated.
func (s *Service) Refresh(ctx context.Context, token string) (SignIn, error) {
	refused := Fail(CodeUnauthenticated, "The refresh token is not valid any more; sign in again.")
	var out SignIn
	var outcome error
	err := s.Store.InTx(ctx, func(tx Tx) error {
		outcome = nil // the transaction may run again
		now := s.Wall().UTC().Truncate(time.Microsecond)
		old, err := tx.LockSession(HashToken(token))
		if notFound(err) {
			outcome = refused
			return nil
		} else if err != nil {
			return err
		}
		user, err := tx.User(old.UserID)
		if err != nil {
			return err
		}
		if old.RevokedAt != nil || now.After(old.ExpiresAt) || user.Disabled || user.Epoch != old.Epoch {
			outcome = refused
			return nil
		}
		if old.UsedAt != nil {
			if now.Sub(*old.UsedAt) > refreshGrace || old.SuccessorID == nil {
				outcome = refused
				return tx.RevokeFamily(old.FamilyID, now)
			}
			next, err := tx.SessionByID(*old.SuccessorID)
			if err != nil {
				return err
			}
			out = SignIn{User: *user, RefreshToken: s.refreshToken(next.ID)}
			if HashToken(out.RefreshToken) != next.TokenHash { // the key was rotated in between
				outcome = refused
			}
			return nil
		}
		next := Session{ID: s.NewID(), FamilyID: old.FamilyID, UserID: old.UserID, Epoch: old.Epoch, CreatedAt: now, ExpiresAt: old.ExpiresAt}
		out = SignIn{User: *user, RefreshToken: s.refreshToken(next.ID)}
		next.TokenHash = HashToken(out.RefreshToken)
		if err := tx.InsertSession(&next); err != nil {
			return err
		}
		old.UsedAt, old.SuccessorID = &now, &next.ID
		return tx.SaveSession(old)
	})
	if err == nil {
		err = outcome
	}
	return out, err
}

// Logout revokes the family of a refresh token; an unknown one is no error.
func (s *Service) Logout(ctx context.Context, token string) error {
	return s.Store.InTx(ctx, func(tx Tx) error {
		old, err := tx.LockSession(HashToken(token))
		if notFound(err) {
			return nil
		} else if err != nil {
			return err
		}
		return tx.RevokeFamily(old.FamilyID, s.Wall().UTC())
	})
}

// checkNewPassword follows NIST SP 800-63B section 5.1.1.2: length, no
// composition rules, and not the login.
func checkNewPassword(password, login string) error {
	n := len([]rune(password))
	if n < 10 || n > 128 {
		return Fail(CodeMeaning, "A password has 10 to 128 characters.").At("/password", "10 to 128 characters")
	}
	if strings.EqualFold(password, login) {
		return Fail(CodeMeaning, "The password must not be the login.").At("/password", "not the login")
	}
	return nil
}

// ChangePassword sets a new password and ends every other session. The user
// himself; errors: CodeBadCredentials, CodeMeaning.
func (s *Service) ChangePassword(ctx context.Context, a Actor, old, password string) error {
	var user *User
	if err := s.Store.InTx(ctx, func(tx Tx) (err error) { user, err = tx.User(a.UserID); return }); err != nil {
		return err
	}
	if !s.CheckPassword(user.PasswordHash, old) {
		return Fail(CodeBadCredentials, "The present password is wrong.")
	}
	return s.setPassword(ctx, a.UserID, password, nil)
}

func (s *Service) setPassword(ctx context.Context, id ID, password string, use *Invitation) error {
	var login string
	if err := s.Store.InTx(ctx, func(tx Tx) error {
		u, err := tx.User(id)
		if err == nil {
			login = u.Login
		}
		return err
	}); err != nil {
		return err
	}
	if err := checkNewPassword(password, login); err != nil {
		return err
	}
	hash, err := s.HashPassword(password)
	if err != nil {
		return err
	}
	return s.Store.InTx(ctx, func(tx Tx) error {
		u, err := tx.LockUser(id)
		if err != nil {
			return err
		}
		if use != nil {
			inv, err := tx.LockInvitation(use.TokenHash)
			if err != nil {
				return err
			}
			if inv.UsedAt != nil {
				return invitationGone()
			}
		}
		// Whoever holds another link, lost or stolen, shall not set it again.
		if err := tx.SpendInvitations(id, s.Wall().UTC()); err != nil {
			return err
		}
		u.PasswordHash = hash
		u.Epoch++
		s.changed(&u.Meta, s.now())
		if err := tx.SaveUser(u); err != nil {
			return err
		}
		return tx.RevokeSessionsOf(id, s.Wall().UTC())
	})
}

func invitationGone() error {
	return Fail(CodeMeaning, "This link was used, has expired or never existed; ask for a new one.").At("/token", "used, expired or unknown")
}

// Invited is the answer to an invitation: who, how long, and the token the
// API adds at sending, which is never stored.
type Invited struct {
	ID        ID        `json:"id"`
	UserID    ID        `json:"user_id"`
	Purpose   string    `json:"purpose"`
	ExpiresAt time.Time `json:"expires_at"`
}

// InvitationToken recomputes the token of an invitation.
func (s *Service) InvitationToken(id ID) string {
	t, _ := s.Keys.token(s.Keys.Current(), "invitation", id)
	return t
}

// Invite gives a user a way to set a password: a first one, or after a loss.
// Admin; area manager and proprietor for their own people. Errors:
// CodeNotFound, CodeForbidden.
func (s *Service) Invite(ctx context.Context, call *Call, id ID, reset bool) (Invited, error) {
	return run(ctx, s, call, func(tx Tx, now time.Time) (Invited, error) {
		u, err := s.reachUser(tx, call.Actor, id)
		if err != nil {
			return Invited{}, err
		}
		if !call.Actor.Is(RoleAdmin, RoleAreaManager, RoleProprietor) {
			return Invited{}, Fail(CodeForbidden, "Only admin, area manager and proprietor invite people.")
		}
		if call.Actor.Role != RoleAdmin && !u.Role.OfCentre() {
			return Invited{}, Fail(CodeForbidden, "You invite people of your centres only.")
		}
		if call.Actor.Role == RoleProprietor && u.Role == RoleProprietor && u.ID != call.Actor.UserID {
			return Invited{}, Fail(CodeForbidden, "Another proprietor is invited by the area manager or the admin.")
		}
		wall := s.Wall().UTC().Truncate(time.Microsecond)
		inv := Invitation{ID: s.NewID(), UserID: u.ID, Purpose: "invite", CreatedAt: wall, ExpiresAt: wall.Add(invitationTTL)}
		if reset {
			inv.Purpose, inv.ExpiresAt = "reset", wall.Add(resetTTL)
		}
		inv.TokenHash = HashToken(s.InvitationToken(inv.ID))
		if err := tx.InsertInvitation(&inv); err != nil {
			return Invited{}, err
		}
		return Invited{inv.ID, inv.UserID, inv.Purpose, inv.ExpiresAt}, nil
	})
}

// RedeemInvitation sets the password of an invitation or reset once. Anyone
// with the token; errors: CodeMeaning.
func (s *Service) RedeemInvitation(ctx context.Context, token, password string) error {
	var inv *Invitation
	err := s.Store.InTx(ctx, func(tx Tx) (err error) { inv, err = tx.LockInvitation(HashToken(token)); return })
	if notFound(err) {
		return invitationGone()
	} else if err != nil {
		return err
	}
	if inv.UsedAt != nil || s.Wall().After(inv.ExpiresAt) {
		return invitationGone()
	}
	return s.setPassword(ctx, inv.UserID, password, inv)
}
