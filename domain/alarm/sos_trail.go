package alarm

import (
	"context"
	"slices"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// TrailInput is what a phone tells of itself while its alarm stands.
type TrailInput struct {
	Points []TrailPoint `json:"points"`
}

// TrailPoint is one of them, by the phone's clock.
type TrailPoint struct {
	At        string   `json:"at"`
	Lat       *float64 `json:"lat"`
	Lon       *float64 `json:"lon"`
	AccuracyM *int     `json:"accuracy_m"`
	Battery   *int     `json:"battery"`
	Sound     string   `json:"sound"`
}

// TrailReceipt says what became of the points, and when the next is due.
type TrailReceipt struct {
	Status       string `json:"status"`   // of the alarm
	Kept         int    `json:"kept"`     // these were there before, or are now
	LeftOut      int    `json:"left_out"` // say nothing, cannot be, or are of another time
	AgainSeconds *int   `json:"again_seconds"`
}

// AddTrail keeps where the phone of whoever raised an alarm is, also what it could
// not send before; the same point again changes nothing. Whoever raised it, and not
// in silence: their phone does not know of that one. Errors: CodeNotFound.
func (s *Service) AddTrail(ctx context.Context, call *casework.Call, id domain.ID, in TrailInput) (TrailReceipt, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (TrailReceipt, error) {
		x, err := lockNamed(tx, call.Actor, id, func(x *domain.SOS) bool { return x.RaiserID == call.Actor.UserID && x.Sees(call.Actor) })
		if err != nil {
			return TrailReceipt{}, err
		}
		had, err := tx.SOSPoints(x.ID)
		if err != nil {
			return TrailReceipt{}, err
		}
		from, to := x.OccurredAt.Add(-domain.SOSTrailBefore), tx.Now
		if x.ResolvedAt != nil {
			to = *x.ResolvedAt
		}
		var points []domain.SOSPoint
		for i := range in.Points {
			p := &in.Points[i]
			st, err := casework.Stamp(call, p.At, time.UTC, tx.Now)
			kept := domain.SOSPoint{SOSID: x.ID, At: st.Occurred, RecordedAt: tx.Now, Lat: p.Lat, Lon: p.Lon, AccuracyM: p.AccuracyM,
				Battery: p.Battery, Sound: p.Sound}
			if err == nil && kept.Says() && !kept.At.Before(from) && !kept.At.After(to) && had+len(points) < domain.SOSTrailMost {
				points = append(points, kept)
			}
		}
		out := TrailReceipt{Status: x.Status, Kept: len(points), LeftOut: len(in.Points) - len(points)}
		if x.Status != "resolved" {
			out.AgainSeconds = domain.Ptr(int(domain.SOSTrailEvery / time.Second))
		}
		if len(points) == 0 {
			return out, nil
		}
		if err := tx.PutSOSPoints(points); err != nil {
			return TrailReceipt{}, err
		}
		last := slices.MaxFunc(points, func(a, b domain.SOSPoint) int { return a.At.Compare(b.At) })
		if seen := x.LastSeen.V; seen != nil && !last.At.After(seen.At) {
			return out, nil
		}
		x.LastSeen.V = &last
		x.ChangedAt(tx.Now)
		return out, tx.SaveSOS(x)
	})
}

// NotOK answers a timer's ping: they are not well, and the alarm is raised at once,
// whatever the timer's state; as with RaiseSOS no body refuses it. Who is or was in
// the visit's crew; for others there is RaiseSOS. Errors: CodeNotFound.
func (s *Service) NotOK(ctx context.Context, call *casework.Call, visit domain.ID, in SOSInput) (domain.SOSView, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.SOSView, error) {
		v, err := tx.Visit(visit)
		if err != nil {
			return domain.SOSView{}, casework.MeaningOf(err, "visit")
		}
		if _, err := tx.LockUser(call.Actor.UserID); err != nil { // before the timer, as whoever assigns does
			return domain.SOSView{}, err
		}
		t, err := tx.LockTimerOf(visit, call.Actor.UserID)
		if err != nil && (!casework.NotFound(err) || !domain.Has(v.Crew, call.Actor.UserID)) {
			return domain.SOSView{}, casework.MeaningOf(err, "visit")
		}
		in.VisitID = &visit
		out, err := raiseOrAdd(tx, call, in)
		if err != nil || t == nil || !domain.TimerMoves.Open("not-ok", t.Status) {
			return out, err
		}
		if err := tx.Apply(t, "not-ok"); err != nil {
			return domain.SOSView{}, err
		}
		t.SOSID = &out.ID
		tx.Disarm(domain.DueTimer, t.ID)
		t.ChangedAt(tx.Now)
		return out, tx.SaveTimer(t)
	})
}
