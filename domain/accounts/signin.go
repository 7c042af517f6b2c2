package accounts

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// SignIn is what a successful login or refresh yields; the API adds the
// access token.
type SignIn struct {
	User         domain.User
	RefreshToken string
	Session      domain.ID // the family of refresh tokens that this sign-in began
	Resets       []Reset   // of a login only: what was asked for lately in its name
}

// Login checks a password and begins a family of refresh tokens.
// Anyone may call. Errors: CodeBadCredentials, in the same time whether the
// login exists or not.
func (s *Service) Login(ctx context.Context, login, password string) (SignIn, error) {
	login = strings.ToLower(strings.TrimSpace(login))
	refused := domain.Fail(domain.CodeBadCredentials, "Login or password is wrong.")
	var user *domain.User
	// The hash costs tens of milliseconds, so it is not computed inside the
	// transaction that begins the session.
	err := s.InWork(ctx, nil, func(tx *casework.Work) error {
		u, err := tx.UserByLogin(login)
		if err != nil && !casework.NotFound(err) {
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

// SignInWithFirebase begins a session of the one enabled user with the number that Firebase
// verified. Anyone may call. Errors: CodeFirebaseOff, CodeIDTokenInvalid, CodeIDTokenExpired,
// CodeIDTokenRevoked, CodeIDTokenProject, CodeAccountDisabled, CodeNumberUnknown.
func SignInWithFirebase(ctx context.Context, s *Service, idToken string) (SignIn, error) {
	if s.PhoneOfIDToken == nil {
		return SignIn{}, domain.Fail(domain.CodeFirebaseOff, "This server takes no sign-in with Firebase; use login and password.")
	}
	phone, err := s.PhoneOfIDToken(ctx, idToken) // asks over the network, so outside the transaction
	if err != nil {
		return SignIn{}, err
	}
	var all, enabled []domain.User
	if err := s.InWork(ctx, nil, func(tx *casework.Work) (err error) {
		all, err = tx.UsersByPhone(phone)
		enabled = slices.DeleteFunc(slices.Clone(all), func(u domain.User) bool { return u.Disabled })
		return err
	}); err != nil {
		return SignIn{}, err
	}
	switch {
	case len(enabled) == 1:
		return s.beginSession(ctx, &enabled[0])
	case len(enabled) > 1:
		return SignIn{}, domain.Fail(domain.CodeNumberUnknown, "This number stands in more than one account; sign in with login and password.")
	case len(all) > 0:
		return SignIn{}, domain.Fail(domain.CodeAccountDisabled, "The account with this number was disabled.")
	}
	return SignIn{}, domain.Fail(domain.CodeNumberUnknown, "Nobody here has this number.")
}

func (s *Service) beginSession(ctx context.Context, user *domain.User) (SignIn, error) {
	now := s.Wall().UTC().Truncate(time.Microsecond)
	session := domain.Session{ID: s.NewID(), FamilyID: s.NewID(), UserID: user.ID, Epoch: user.Epoch, CreatedAt: now,
		ExpiresAt: now.Add(domain.SessionTTL)}
	token := s.refreshToken(session.ID)
	session.TokenHash = domain.HashToken(token)
	out := SignIn{User: *user, RefreshToken: token, Session: session.FamilyID}
	err := s.InWork(ctx, nil, func(tx *casework.Work) (err error) {
		if user.SignedInAt == nil {
			u, err := tx.LockUser(user.ID)
			if err != nil {
				return err
			}
			if u.SignedInAt == nil {
				u.SignedInAt = &now
				if err := tx.SaveUser(u); err != nil {
					return err
				}
			}
			out.User = *u
		}
		if out.Resets, err = resetsOf(tx, user.ID, now); err != nil {
			return err
		}
		return tx.InsertSession(&session)
	})
	return out, err
}

func (s *Service) refreshToken(id domain.ID) string {
	t, _ := s.Keys.Token(s.Keys.Current(), "refresh", id)
	return t
}

// Refresh trades a refresh token for its successor. The one before stays good until its
// successor was used, because phones lose answers: within 30 s it gets the same successor,
// later another one, which takes the place of the lost one. A token that was used, or whose
// place was taken, revokes the whole family (RFC 9700 section 4.14.2). Errors:
// CodeUnauthenticated, CodeDeviceLost, CodeSyncTooOld.
func (s *Service) Refresh(ctx context.Context, token string) (SignIn, error) {
	refused := domain.Fail(domain.CodeUnauthenticated, "The refresh token is not valid any more; sign in again.")
	var out SignIn
	var outcome error
	err := s.InWork(ctx, nil, func(tx *casework.Work) error {
		outcome = nil // the transaction may run again
		now := s.Wall().UTC().Truncate(time.Microsecond)
		old, err := tx.LockSession(domain.HashToken(token))
		if casework.NotFound(err) {
			outcome = refused
			return nil
		} else if err != nil {
			return err
		}
		user, err := tx.User(old.UserID)
		if err != nil {
			return err
		}
		devices, err := tx.DevicesOfSession(old.FamilyID)
		if err != nil {
			return err
		}
		if outcome = domain.StateOfSession(devices, now); outcome != nil {
			return nil
		}
		if old.RevokedAt != nil || now.After(old.ExpiresAt) || user.Disabled || user.Epoch != old.Epoch {
			outcome = refused
			return nil
		}
		out = SignIn{User: *user, Session: old.FamilyID}
		if old.UsedAt != nil {
			lost, err := unusedSuccessor(tx, old)
			if err != nil {
				return err
			}
			if lost == nil {
				outcome = refused
				if err := casework.LogSecurity(tx, domain.SecurityEvent{Kind: domain.SecurityTokenReused, UserID: &old.UserID}); err != nil {
					return err
				}
				return tx.RevokeFamily(old.FamilyID, now)
			}
			out.RefreshToken = s.refreshToken(lost.ID)
			sameKey := domain.HashToken(out.RefreshToken) == lost.TokenHash // it was not rotated in between
			if now.Sub(*old.UsedAt) <= domain.RefreshGrace && sameKey {
				return nil
			}
			lost.UsedAt = &now
			if err := tx.SaveSession(lost); err != nil {
				return err
			}
		}
		next := domain.Session{ID: s.NewID(), FamilyID: old.FamilyID, UserID: old.UserID, Epoch: old.Epoch, CreatedAt: now,
			ExpiresAt: old.ExpiresAt}
		out.RefreshToken = s.refreshToken(next.ID)
		next.TokenHash = domain.HashToken(out.RefreshToken)
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

// unusedSuccessor locks what a token was traded for, as long as that was not used.
func unusedSuccessor(tx domain.Tx, old *domain.Session) (*domain.Session, error) {
	if old.SuccessorID == nil {
		return nil, nil
	}
	next, err := tx.SessionByID(*old.SuccessorID)
	if err == nil {
		next, err = tx.LockSession(next.TokenHash)
	}
	if err != nil || next.UsedAt != nil {
		return nil, err
	}
	return next, nil
}

// Logout revokes the family of a refresh token, and ends pushes to what
// registered in it; an unknown token is no error.
func (s *Service) Logout(ctx context.Context, token string) error {
	return s.InWork(ctx, nil, func(tx *casework.Work) error {
		old, err := tx.LockSession(domain.HashToken(token))
		if casework.NotFound(err) {
			return nil
		} else if err != nil {
			return err
		}
		wall := s.Wall().UTC()
		if err := tx.RevokeFamily(old.FamilyID, wall); err != nil {
			return err
		}
		live, err := tx.HasSession(old.UserID, wall)
		if err != nil {
			return err
		}
		ended := &old.FamilyID
		if !live { // with the last one go the devices of which no session is known
			ended = nil
		}
		return tx.DropDevicesOf(old.UserID, ended, "signed out", s.Instant())
	})
}

// checkNewPassword follows NIST SP 800-63B section 5.1.1.2: length, no
// composition rules, not the login, and none of those that are tried first: common
// passwords and words, with digits behind or letters replaced, keys in a row, the
// person's own names.
func checkNewPassword(s *Service, password string, u *domain.User) error {
	n := len([]rune(password))
	if n < 10 || n > 128 {
		return domain.Fail(domain.CodeUnprocessable, "A password has 10 to 128 characters.").At("/password", "10 to 128 characters")
	}
	if strings.EqualFold(password, u.Login) {
		return domain.Fail(domain.CodeUnprocessable, "The password must not be the login.").At("/password", "not the login")
	}
	own := append(strings.FieldsFunc(u.Login, notLetter), strings.Fields(u.Name)...)
	if s.CommonPassword(password, own) {
		return domain.Fail(domain.CodeUnprocessable, "This password is one of the first that somebody would try. Take three or four words that "+
			"do not belong together.").At("/password", "not a common one")
	}
	return nil
}

func notLetter(r rune) bool {
	return !unicode.IsLetter(r)
}

// ChangePassword sets a new password and ends every other session. The user
// themselves; errors: CodeBadCredentials, CodeUnprocessable.
func (s *Service) ChangePassword(ctx context.Context, a domain.Actor, old, password string) error {
	var user *domain.User
	if err := s.InWork(ctx, nil, func(tx *casework.Work) (err error) { user, err = tx.User(a.UserID); return }); err != nil {
		return err
	}
	if !s.CheckPassword(user.PasswordHash, old) {
		return domain.Fail(domain.CodeBadCredentials, "The present password is wrong.")
	}
	return s.setPassword(ctx, a.UserID, password, nil)
}

func (s *Service) setPassword(ctx context.Context, id domain.ID, password string, use *domain.Invitation) error {
	var u *domain.User
	if err := s.InWork(ctx, nil, func(tx *casework.Work) (err error) { u, err = tx.User(id); return }); err != nil {
		return err
	}
	if err := checkNewPassword(s, password, u); err != nil {
		return err
	}
	hash, err := s.HashPassword(password)
	if err != nil {
		return err
	}
	return s.InWork(ctx, nil, func(tx *casework.Work) error {
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
		u.ChangedAt(s.Instant())
		if err := tx.SaveUser(u); err != nil {
			return err
		}
		if use != nil && use.Purpose == purposeReset {
			notifyOfAccount(tx, u, "account.password_set", nil, s.Instant().Add(resetsTold))
			if err := casework.LogSecurity(tx, domain.SecurityEvent{Kind: domain.SecurityResetUsed, UserID: &u.ID}); err != nil {
				return err
			}
		}
		return s.signOut(tx, u, "new password")
	})
}

// signOut ends all sessions of a user, and pushes to what they registered.
func (s *Service) signOut(tx domain.Tx, u *domain.User, why string) error {
	if err := tx.RevokeSessionsOf(u.ID, s.Wall().UTC()); err != nil {
		return err
	}
	return tx.DropDevicesOf(u.ID, nil, why, s.Instant())
}
