package accounts

import (
	"context"
	"encoding/base32"
	"slices"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// The purposes of an invitation.
const (
	purposeInvite = "invite" // a first password
	purposeReset  = "reset"  // another one
)

// How the code of an invitation goes to its person. Neither: it is handed over.
const (
	sentByMessage = "message" // a text through the message webhook
	sentByDevice  = "device"  // a push to the app on their phone
)

const (
	resetsTold = 30 * 24 * time.Hour // how long a sign-in tells of a reset
	maxRecords = 50                  // of invitations, as listed
)

// InviteInput asks for a code that sets a password.
type InviteInput struct {
	Reset    bool   `json:"reset"`
	InPerson bool   `json:"in_person"`
	Note     string `json:"note"`
}

// Invited is the answer to an invitation. The API adds the code at sending
// where it is handed over.
type Invited struct {
	ID        domain.ID               `json:"id"`
	UserID    domain.ID               `json:"user_id"`
	Purpose   string                  `json:"purpose"`
	ExpiresAt time.Time               `json:"expires_at"`
	SentBy    domain.JSONList[string] `json:"sent_by"`
}

// ByHand reports whether the code is handed over by whoever asked for it.
func (i Invited) ByHand() bool { return len(i.SentBy) == 0 }

// Reset is what a sign-in tells its user of a reset of their account.
type Reset struct {
	At   time.Time `json:"at"`
	By   string    `json:"by"`   // name of who asked for it
	Used bool      `json:"used"` // a password was set with it
}

// codeAlphabet is Crockford's base 32: no letter is taken for a digit.
var codeAlphabet = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// codeBytes make 16 characters: 80 bits, which nobody guesses in a day.
const codeBytes = 10

// InvitationCode recomputes the code of an invitation, as people read it:
// four groups of four.
func (s *Service) InvitationCode(id domain.ID) string {
	mac, _ := s.Keys.Mac(s.Keys.Current(), "invitation code", id[:])
	code := codeAlphabet.EncodeToString(mac[:codeBytes])
	return code[:4] + "-" + code[4:8] + "-" + code[8:12] + "-" + code[12:]
}

// plainCode is a code without what people add or mistake when they copy it.
func plainCode(typed string) string {
	return strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(strings.TrimSpace(typed)))
}

// Invite makes a code with which a user sets a password, a first one or another,
// and sends it to them alone (docs/product.md, Trust). Admin; area manager and
// proprietor for their own people. An account that never signed in and cannot be
// reached gets a code that is handed over; for any other account only an admin
// hands one over, with a note. Errors: CodeNotFound, CodeForbidden, CodeUnprocessable,
// CodeState where nothing reaches the person.
func (s *Service) Invite(ctx context.Context, call *casework.Call, id domain.ID, in InviteInput) (Invited, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (Invited, error) {
		u, err := casework.AuthorizeUser(tx, call.Actor, id)
		if err != nil {
			return Invited{}, err
		}
		if !call.Actor.Is(domain.RoleAdmin, domain.RoleAreaManager, domain.RoleProprietor) {
			return Invited{}, domain.Fail(domain.CodeForbidden, "Only admin, area manager and proprietor invite people.")
		}
		if call.Actor.Role != domain.RoleAdmin && !u.Role.OfCentre() {
			return Invited{}, domain.Fail(domain.CodeForbidden, "You invite people of your centres only.")
		}
		if call.Actor.Role == domain.RoleProprietor && u.Role == domain.RoleProprietor && u.ID != call.Actor.UserID {
			return Invited{}, domain.Fail(domain.CodeForbidden, "Another proprietor is invited by the area manager or the admin.")
		}
		if err := mayChangeAccount(tx, call.Actor, u); err != nil {
			return Invited{}, err
		}
		wall := s.Wall().UTC().Truncate(time.Microsecond)
		inv := domain.Invitation{ID: s.NewID(), UserID: u.ID, Purpose: purposeInvite, CreatedAt: wall, ExpiresAt: wall.Add(domain.InvitationTTL),
			SentBy: domain.JSONList[string]{}}
		if in.Reset || u.SignedInAt != nil {
			inv.Purpose, inv.ExpiresAt = purposeReset, wall.Add(domain.ResetTTL)
		}
		if call.Actor.UserID != (domain.ID{}) {
			inv.CreatedBy = &call.Actor.UserID
		}
		inv.TokenHash = domain.HashToken(plainCode(s.InvitationCode(inv.ID)))
		if in.InPerson {
			inv.Note, err = handOver(tx, call.Actor, u, in.Note)
		} else {
			inv.SentBy, err = s.waysTo(tx, u)
		}
		if err == nil && !in.InPerson && inv.ByHand() && u.SignedInAt != nil {
			err = domain.Fail(domain.CodeState,
				"Nothing reaches this person: they have neither a phone number that gets texts nor the app on a phone. An admin can hand a code over in person.")
		}
		if err != nil {
			return Invited{}, err
		}
		if inv.ByHand() {
			inv.ExpiresAt = wall.Add(domain.HandOverTTL)
		}
		if err := tx.InsertInvitation(&inv); err != nil {
			return Invited{}, err
		}
		if inv.Purpose == purposeReset {
			notifyOfAccount(tx, u, "account.reset", nil, tx.Now.Add(resetsTold))
			if err := casework.LogSecurity(tx, domain.SecurityEvent{Kind: domain.SecurityResetAsked, ActorID: inv.CreatedBy,
				UserID: &u.ID}); err != nil {
				return Invited{}, err
			}
		}
		if !inv.ByHand() {
			notifyOfAccount(tx, u, domain.NoticeAccountCode, &inv.ID, tx.Now.Add(inv.ExpiresAt.Sub(wall)))
		}
		return Invited{inv.ID, inv.UserID, inv.Purpose, inv.ExpiresAt, inv.SentBy}, nil
	})
}

// handOver judges whether an admin may hand a code over, and what they say of
// how the person was recognised.
func handOver(tx domain.SafetyTx, a domain.Actor, u *domain.User, note string) (string, error) {
	if a.Role != domain.RoleAdmin {
		return "", domain.Fail(domain.CodeForbidden, "Only an admin hands a code over in person.")
	}
	if note = strings.TrimSpace(note); note == "" && u.SignedInAt != nil {
		return "", domain.Fail(domain.CodeUnprocessable, "Say how the person was recognised.").
			At("/note", "for example: came to the office with their identity card")
	}
	party, err := tx.PartyToReport(u.ID)
	if err == nil && party && u.SignedInAt != nil {
		err = domain.Fail(domain.CodeForbidden, "A code for this account cannot be handed over now. Send it to their phone.")
	}
	return note, err
}

// waysTo lists how a code reaches a user and nobody else. A browser is none: it
// may stand on a desk that many share.
func (s *Service) waysTo(tx domain.DeviceTx, u *domain.User) (domain.JSONList[string], error) {
	ways := domain.JSONList[string]{}
	if s.TextGateway && u.Phone != "" {
		ways = append(ways, sentByMessage)
	}
	devices, err := tx.DevicesOf(u.ID)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(devices, func(d domain.Device) bool { return d.Private() }) {
		ways = append(ways, sentByDevice)
	}
	return ways, nil
}

// notifyOfAccount tells a user at once of what happens to their account, on duty or
// not: it is theirs to stop it.
func notifyOfAccount(tx *casework.Work, u *domain.User, kind string, invitation *domain.ID, until time.Time) {
	tx.Enqueue(casework.NewNotice(tx.Svc, kind, u.Language, tx.Now, until, casework.ToUser(u.ID), func(n *domain.Notice) {
		n.High = true
		if invitation != nil {
			n.Data.V = map[string]string{"invitation_id": invitation.String()}
		}
	}))
}

// Invitations lists the latest ones of a user, newest first. Admins; everybody
// their own. Errors: CodeNotFound.
func (s *Service) Invitations(ctx context.Context, a domain.Actor, id domain.ID) ([]domain.Invitation, error) {
	if a.Role != domain.RoleAdmin && a.UserID != id {
		return nil, domain.NotFound("user")
	}
	var out []domain.Invitation
	err := s.InWork(ctx, nil, func(tx *casework.Work) error {
		u, err := tx.User(id)
		if err != nil {
			return err
		}
		out, err = tx.InvitationsOf(u.ID, time.Time{}, maxRecords)
		return err
	})
	return out, err
}

// resetsOf tells of the resets of an account in the last 30 days. Reading marks
// nothing: whoever signs in first by a reset takes it from nobody.
func resetsOf(tx domain.Tx, user domain.ID, wall time.Time) ([]Reset, error) {
	records, err := tx.InvitationsOf(user, wall.Add(-resetsTold), maxRecords)
	if err != nil {
		return nil, err
	}
	out := []Reset{}
	for _, inv := range records {
		if inv.Purpose != purposeReset {
			continue
		}
		told := Reset{At: inv.CreatedAt, By: "command line", Used: inv.UsedAt != nil}
		if inv.CreatedBy != nil {
			by, err := tx.User(*inv.CreatedBy)
			if err != nil {
				return nil, err
			}
			told.By = by.Name
		}
		out = append(out, told)
	}
	return out, nil
}

func invitationGone() error {
	return domain.Fail(domain.CodeUnprocessable, "This code was used, has expired or never existed; ask for a new one.").
		At("/token", "used, expired or unknown")
}

// RedeemInvitation sets the password of an invitation or reset once. Anyone
// with the code. One that was handed over for a first password is over once the
// account has signed in. Errors: CodeUnprocessable.
func (s *Service) RedeemInvitation(ctx context.Context, code, password string) error {
	var inv *domain.Invitation
	var u *domain.User
	err := s.InWork(ctx, nil, func(tx *casework.Work) (err error) {
		if inv, err = tx.LockInvitation(domain.HashToken(plainCode(code))); err == nil {
			u, err = tx.User(inv.UserID)
		}
		return err
	})
	if casework.NotFound(err) {
		return invitationGone()
	} else if err != nil {
		return err
	}
	if inv.UsedAt != nil || s.Wall().After(inv.ExpiresAt) || u.Disabled || inv.Purpose == purposeInvite && u.SignedInAt != nil {
		return invitationGone()
	}
	return s.setPassword(ctx, inv.UserID, password, inv)
}
