package domain

import (
	"context"
	"fmt"
	"strings"
)

// An SOS that nobody hears must be known to somebody: to the raiser, who may
// call instead, to the admins, and to whoever runs the server
// (docs/product.md section 5, "SOS").

// alarmKinds are notices that ring like an alarm: on a queue of their own, with
// the phone's alarm sound, never collapsed, whatever the hour.
var alarmKinds = map[string]bool{"sos.raised": true, "sos.unheard": true, "flag.live": true, "flag.live_overdue": true}

// AlarmChannel is what dispatches of the alarm webhook are recorded as.
const AlarmChannel = "alarm"

// RingsAsAlarm reports whether notices of a kind ring like an alarm.
func RingsAsAlarm(kind string) bool { return alarmKinds[kind] }

// GoesFirst reports whether notices of a kind have workers of their own.
func GoesFirst(kind string) bool { return alarmKinds[kind] || strings.HasPrefix(kind, "sos.") }

// CallsGateway reports whether notices of a kind also go to the alarm webhook.
func CallsGateway(kind string) bool { return kind == "sos.raised" || kind == "sos.unheard" }

// AlarmCall is what the alarm webhook is told of one ring: whom to call, and
// whose alarm it is by centre and area. It holds nothing of the raiser or the
// home.
type AlarmCall struct {
	SOS             ID
	Round           int
	Tier            int
	Centre          string
	Area            string
	EmergencyNumber string
	UserID          ID
	Name            string
	Role            Role
	Phone           string // empty: the provider's own list is to be called
	Language        string
}

// reached reports whether a device or gateway of somebody who may answer took a
// ring.
func (x *SOS) reached() bool {
	for _, id := range x.HeardBy {
		if !has(x.Avoid, id) {
			return true
		}
	}
	return false
}

// advice says whom the raiser may call while nobody was reached.
func (x *SOS) advice(language string) string {
	number := EmergencyNumber(x.Country)
	if strings.HasPrefix(language, "hi") {
		if x.DeskPhone == "" {
			return fmt.Sprintf("अभी तक कोई नहीं मिला: %s पर कॉल करें।", number)
		}
		return fmt.Sprintf("अभी तक कोई नहीं मिला: %s पर या अपने डेस्क को %s पर कॉल करें।", number, x.DeskPhone)
	}
	if x.DeskPhone == "" {
		return fmt.Sprintf("Nobody was reached yet: call %s.", number)
	}
	return fmt.Sprintf("Nobody was reached yet: call %s, or your desk at %s.", number, x.DeskPhone)
}

// sosHeard reports whether anybody of those rung can hear it: who may answer, and
// has a device, or a number that the alarm webhook calls. Deaf are those whom
// neither reached just now.
func sosHeard(s *Service, tx Tx, x *SOS, deaf []ID) (bool, error) {
	var ids []ID
	for _, id := range x.Rung {
		if id != x.RaiserID && !has(x.Avoid, id) && !has(deaf, id) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return false, nil
	}
	users, err := tx.Users(ids)
	if err != nil {
		return false, err
	}
	ids = ids[:0]
	for i := range users {
		if u := &users[i]; !u.Disabled {
			if s.AlarmGateway && u.Phone != "" {
				return true, nil
			}
			ids = append(ids, u.ID)
		}
	}
	return tx.AnyDevice(ids)
}

// notifyUnheard tells the admins, and the raiser unless it was raised in silence,
// that nobody hears it; once, until somebody does.
func notifyUnheard(tx *Work, x *SOS) error {
	if x.UnheardAt != nil || x.reached() {
		return nil
	}
	x.UnheardAt = &tx.Now
	admins, err := tx.UsersWith(RoleAdmin, nil, nil)
	if err != nil {
		return err
	}
	for i := range admins {
		if u := &admins[i]; !u.Disabled && u.ID != x.RaiserID && !has(x.Avoid, u.ID) {
			enqueueSOS(tx, x, u, "sos.unheard", false)
		}
	}
	if x.Source == "duress" { // nothing on their phone differs
		return nil
	}
	raiser, err := tx.User(x.RaiserID)
	if err != nil {
		return err
	}
	enqueueSOS(tx, x, raiser, "sos.call_yourself", false)
	return nil
}

// RingsEnded is told by the delivery worker what came of the rings of an alarm:
// of whom a device or gateway took one, and who can be reached by neither. When
// nobody is left who hears it, the next tier is rung at once.
func (s *Service) RingsEnded(ctx context.Context, sos ID, took, deaf []ID) error {
	return s.inWork(ctx, nil, func(tx *Work) error {
		x, err := tx.LockSOS(sos)
		if notFound(err) {
			return nil
		} else if err != nil {
			return err
		}
		if !SOSMoves.open("ring", x.Status) {
			return nil
		}
		now, changed := s.instant(), false
		for _, id := range deaf {
			if has(x.HeardBy, id) && !has(took, id) {
				x.HeardBy, changed = without(x.HeardBy, id), true
			}
		}
		for _, id := range took {
			if !has(x.HeardBy, id) {
				x.HeardBy, changed = append(x.HeardBy, id), true
			}
		}
		if x.UnheardAt != nil && x.reached() {
			x.UnheardAt, changed = nil, true
		}
		if len(deaf) > 0 {
			heard, err := sosHeard(s, tx, x, deaf)
			if err != nil {
				return err
			}
			if !heard && !x.reached() {
				tiers, err := ladderOf(tx, x.CentreID)
				if err != nil {
					return err
				}
				if x.Tier < len(tiers) {
					err, changed = ringSOS(tx, x, deaf...), true
				} else if x.UnheardAt == nil {
					err, changed = notifyUnheard(tx, x), true
				}
				if err != nil {
					return err
				}
			}
		}
		if !changed {
			return nil
		}
		x.changedAt(now)
		return tx.SaveSOS(x)
	})
}
