package domain

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// SOS is one cry for help. It is a row before it is answered; a ladder rings
// tier by tier until a human who is not the raiser acknowledges (docs/product.md
// section 5). It is no fact of a job's timeline: only those who were rung, the
// raiser and the managers above see it.
type SOS struct {
	Meta
	RaiserID       ID           `json:"raiser_id"`
	CentreID       *ID          `json:"centre_id"`
	AreaID         *ID          `json:"area_id"`
	VisitID        *ID          `json:"visit_id"`
	JobID          *ID          `json:"job_id"`
	Country        string       `json:"-"`
	DeskPhone      string       `json:"-"`      // of the centre
	Language       string       `json:"-"`      // of the raiser
	Source         string       `json:"source"` // tap, timer, duress
	Note           string       `json:"note"`
	Lat            *float64     `json:"lat"`
	Lon            *float64     `json:"lon"`
	Avoid          JSONList[ID] `json:"-"` // whom it must not reach
	OccurredAt     time.Time    `json:"occurred_at"`
	ClaimedAt      *time.Time   `json:"claimed_at"`
	RecordedAt     time.Time    `json:"recorded_at"`
	Status         string       `json:"status"` // raised, acknowledged, resolved
	Tier           int          `json:"tier"`   // how many tiers of the ladder have begun
	Round          int          `json:"round"`  // how often it rang
	Rung           JSONList[ID] `json:"-"`
	HeardBy        JSONList[ID] `json:"-"`          // of whom a device or gateway took the latest ring
	UnheardAt      *time.Time   `json:"-"`          // since when it is known that nobody hears it; nil: somebody does
	OwnerID        *ID          `json:"owner_id"`   // who acknowledged
	OfferedTo      *ID          `json:"offered_to"` // to whom it is being handed over
	AcknowledgedAt *time.Time   `json:"acknowledged_at"`
	ResolvedAt     *time.Time   `json:"resolved_at"`
	ResolvedBy     *ID          `json:"resolved_by"`
	Outcome        string       `json:"outcome"` // real, false_alarm, test
	Words          string       `json:"words"`

	LastSeen JSON[*SOSPoint] `json:"last_seen"` // the newest of its trail

	Rang       JSON[map[ID]time.Time] `json:"-"` // while it rings: whom it rang last when
	RingsAgain *time.Time             `json:"-"` // and when it is to ring again
}

// Ringing is what alarms that ring beside one another need to know of each other.
type Ringing struct {
	ID, RaiserID ID
	Rung, Avoid  []ID
	Rang         map[ID]time.Time
	RingsAgain   *time.Time
}

// RingsFor reports whether it has rung somebody who may answer it.
func (r *Ringing) RingsFor(user ID) bool {
	return Has(r.Rung, user) && !Has(r.Avoid, user) && r.RaiserID != user
}

// SharesRing reports whether a ring of an SOS to somebody may be left to those that ring beside it (docs/product.md section 5, "SOS"):
// their phone took a ring of it before, one of the others rang it since the last round, and rings again no
// later than this one would. So a phone never rings less often than for one alone.
func (x *SOS) SharesRing(user ID, beside []Ringing, now time.Time) bool {
	if !Has(x.HeardBy, user) || x.RingsAgain == nil {
		return false
	}
	last, rung := x.Rang.V[user]
	every := x.RingsAgain.Sub(now)
	for i := range beside {
		o := &beside[i]
		at, too := o.Rang[user]
		if rung && too && o.ID != x.ID && o.RingsFor(user) && at.After(now.Add(-every)) && !at.Before(last) && o.RingsAgain != nil &&
			o.RingsAgain.After(now) && !o.RingsAgain.After(*x.RingsAgain) {
			return true
		}
	}
	return false
}

// SOSPoint is where the phone of somebody in need was and how it was, while their
// alarm stands (docs/product.md section 5, "SOS"). It is kept as long as precise
// places are.
type SOSPoint struct {
	SOSID      ID        `json:"-"`
	At         time.Time `json:"at"`
	RecordedAt time.Time `json:"recorded_at"`
	Lat        *float64  `json:"lat"`
	Lon        *float64  `json:"lon"`
	AccuracyM  *int      `json:"accuracy_m"` // metres
	Battery    *int      `json:"battery"`    // percent
	Sound      string    `json:"sound"`      // normal, vibrate, silent; empty: not known
}

const (
	// SOSTrailEvery is how often a phone tells of itself while its alarm stands.
	SOSTrailEvery = 10 * time.Second
	// SOSTrailMost is how many points of an alarm are kept: over a day of them.
	SOSTrailMost = 10_000
	// SOSTrailBefore is how long before an alarm its trail may begin: what the phone
	// knew when the button was pressed.
	SOSTrailBefore = 10 * time.Minute
	// PlacesKept is how long precise places are kept (docs/product.md section 10).
	PlacesKept = 30 * 24 * time.Hour
)

// Says reports whether a point holds anything, and nothing that cannot be.
func (p *SOSPoint) Says() bool {
	within := func(v *int, most int) bool { return v == nil || *v >= 0 && *v <= most }
	place := p.Lat != nil && p.Lon != nil && *p.Lat >= -90 && *p.Lat <= 90 && *p.Lon >= -180 && *p.Lon <= 180
	return (place || p.Lat == nil && p.Lon == nil && (p.Battery != nil || p.Sound != "")) && within(p.Battery, 100) &&
		within(p.AccuracyM, 1_000_000) && Has([]string{"", "normal", "vibrate", "silent"}, p.Sound)
}

// SOSView is an SOS as answered.
type SOSView struct {
	SOS
	AgeSeconds      int64            `json:"age_seconds"` // at the time the server learned of it
	EmergencyNumber string           `json:"emergency_number"`
	Disclaimer      string           `json:"disclaimer"`
	Reached         bool             `json:"reached"`
	Advice          string           `json:"advice"` // to the raiser, while nobody was reached
	Silent          bool             `json:"silent"` // they are not to be called openly; to the raiser always false
	Actions         JSONList[string] `json:"actions"`
	Raiser          *SOSRaiser       `json:"raiser,omitempty"` // where one alarm is read by somebody else
	Owner           *SOSOwner        `json:"owner,omitempty"`  // where one alarm is read
}

// SOSOwner is who is on it.
type SOSOwner struct {
	Name string `json:"name"`
}

// SOSRaiser is whom to look for and to call: their name, and their number unless the alarm is silent.
type SOSRaiser struct {
	Name  string `json:"name"`
	Phone string `json:"phone"`
}

// emergencyNumbers by country (ISO 3166-1 alpha-2); 112 works in most others.
var emergencyNumbers = map[string]string{"IN": "112", "GB": "999", "US": "911", "CA": "911", "AU": "000", "NZ": "111", "JP": "110",
	"SG": "999", "AE": "999", "ZA": "10111"}

// EmergencyNumber of a country.
func EmergencyNumber(country string) string {
	if n, ok := emergencyNumbers[country]; ok {
		return n
	}
	return "112"
}

// View shows an SOS to an actor.
func (x SOS) View(a Actor) SOSView {
	v := SOSView{SOS: x, AgeSeconds: int64(x.RecordedAt.Sub(x.OccurredAt) / time.Second), EmergencyNumber: EmergencyNumber(x.Country),
		Disclaimer: Disclaimer(a.Language), Reached: x.Reached(), Actions: JSONList[string]{}}
	v.Silent = x.Source == "duress" && x.Status != "resolved" && a.UserID != x.RaiserID
	if a.UserID == x.RaiserID && x.Source != "duress" && x.Status == "raised" && !v.Reached {
		v.Advice = x.advice(x.Language)
	}
	switch {
	case !x.MayAnswer(a):
	case x.IsOfferedTo(a) && SOSMoves.Open("take-over", x.Status):
		v.Actions = JSONList[string]{"acknowledge"}
	case x.MayEnd(a):
		v.Actions = SOSMoves.Of(x.Status, "acknowledge", "hand-over", "resolve")
	default:
		v.Actions = SOSMoves.Of(x.Status, "acknowledge")
	}
	return v
}

// Sees reports whether an actor may know of an SOS: who was rung, whoever
// answers for the place, and the raiser unless it was raised in silence. Whom
// it must not reach never does.
func (x *SOS) Sees(a Actor) bool {
	switch {
	case Has(x.Avoid, a.UserID):
		return false
	case a.UserID == x.RaiserID:
		return x.Source != "duress"
	case Has(x.Rung, a.UserID), x.IsOfferedTo(a), x.OwnerID != nil && *x.OwnerID == a.UserID, a.Role == RoleAdmin:
		return true
	case a.Role == RoleAreaManager:
		return x.AreaID != nil && Has(a.Scope().AreaIDs, *x.AreaID)
	case a.Role == RoleProprietor:
		return x.CentreID != nil && *x.CentreID == a.CentreID
	}
	return false
}

// SOSIDFor is the id of an alarm that somebody raises under an id of their own choice: another one, always, and the same
// whenever they name it again. So what is answered tells nothing of whether somebody else has that id.
func SOSIDFor(raiser, chosen ID) ID { return uuid.NewSHA1(raiser, chosen[:]) }

// IsOfferedTo reports whether an SOS was handed over to the actor.
func (x *SOS) IsOfferedTo(a Actor) bool { return x.OfferedTo != nil && *x.OfferedTo == a.UserID }

// MayEnd reports whether the actor answers for it, or is a manager above.
func (x *SOS) MayEnd(a Actor) bool {
	return x.OwnerID != nil && *x.OwnerID == a.UserID || a.Is(RoleAreaManager, RoleAdmin)
}

// MayAnswer reports whether the actor sees it and is not who raised it.
func (x *SOS) MayAnswer(a Actor) bool { return a.UserID != x.RaiserID && x.Sees(a) }

// An SOS that nobody hears must be known to somebody: to the raiser, who may
// call instead, to the admins, and to whoever runs the server
// (docs/product.md section 5, "SOS").

// alarmKinds are notices that ring like an alarm: on a queue of their own, with
// the phone's alarm sound, never collapsed, whatever the hour.
var alarmKinds = map[string]bool{"sos.raised": true, "sos.unheard": true, "sos.drill": true, "flag.live": true, "flag.live_overdue": true}

// AlarmChannel is what dispatches of the alarm webhook are recorded as.
const AlarmChannel = "alarm"

// RingsAsAlarm reports whether notices of a kind ring like an alarm.
func RingsAsAlarm(kind string) bool { return alarmKinds[kind] }

// GoesFirst reports whether notices of a kind have workers of their own. A drill waits
// behind others: no alarm may wait for it.
func GoesFirst(kind string) bool {
	return kind != "sos.drill" && (alarmKinds[kind] || strings.HasPrefix(kind, "sos."))
}

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

// Call is the webhook-id of a ring of a kind: one for an SOS, a round and a person,
// however often it is tried.
func (c *AlarmCall) Call(kind string) string {
	return fmt.Sprintf("%s:%s:%d:%s", strings.ReplaceAll(kind, ".", "_"), c.SOS, c.Round, c.UserID)
}

// RingOf reads a webhook-id: the key of the notice from which the call was made, and its
// SOS.
func RingOf(call string) (key string, sos ID, ok bool) {
	kind, rest, _ := strings.Cut(call, ":")
	of, _, _ := strings.Cut(rest, ":")
	sos, err := uuid.Parse(of)
	return strings.ReplaceAll(kind, "_", ".") + "|" + strings.ReplaceAll(rest, ":", "|"), sos, err == nil
}

// RingDigit is what whoever answers a call presses. It differs from call to call, for
// machines that answer press a digit by themselves, mostly 1; the same ring has the
// same, however often it is tried.
func RingDigit(call string) string {
	sum := sha256.Sum256([]byte("ring|" + call))
	return strconv.Itoa(1 + int(sum[0])%9)
}

// SOSCall is what came of one call of an alarm.
type SOSCall struct {
	Call   string
	Result string // acknowledged, answered (without the digit), voicemail, no_answer, busy, failed
	SOSID  ID
	UserID ID
	At     time.Time
}

// Reached reports whether a device or gateway of somebody who may answer took a
// ring.
func (x *SOS) Reached() bool {
	for _, id := range x.HeardBy {
		if !Has(x.Avoid, id) {
			return true
		}
	}
	return false
}

// advice says whom the raiser may call while nobody was reached.
func (x *SOS) advice(language string) string {
	number := EmergencyNumber(x.Country)
	words := speak(language).Advice
	if x.DeskPhone == "" {
		return strings.ReplaceAll(words[0], "{number}", number)
	}
	return strings.NewReplacer("{number}", number, "{desk}", x.DeskPhone).Replace(words[1])
}

// noteMost is how long a note may grow by further taps, in characters.
const noteMost = 4000

// BoundNote keeps how it began and the newest words.
func BoundNote(note string) string {
	const begin, cut = 1000, "\n[...]\n"
	r := []rune(note)
	if len(r) <= noteMost {
		return note
	}
	return string(r[:begin]) + cut + string(r[len(r)-(noteMost-begin-len(cut)):])
}
