package notifications

import (
	"context"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"doorstep/domain"
)

const (
	// concurrentSends bounds the sends of one job: enough to hide the way to
	// Google, and few enough that one broadcast leaves room for others.
	concurrentSends = 32

	// recordTimeout bounds the write after the sends. It is outside the job's
	// own deadline: what was accepted must be recorded, or it is pushed again.
	recordTimeout = 10 * time.Second
)

// Deliverer sends notices to whoever they are for and records what came of
// each try (docs/product.md section 7). Delivery is at least once: a try that was
// recorded as accepted is not repeated, one whose record was lost with the
// process is. It is safe for concurrent use; its fields are not changed once
// it is in use.
type Deliverer struct {
	Outbox domain.Outbox
	Push   Sender   // FCM or the log
	Text   *Webhook // nil: a customer without a device waits for its ready text
	Alarm  *Webhook // nil: an SOS has no second way besides pushes

	// Now is the product's clock, by which notices expire.
	Now func() time.Time

	// LinkURL recomputes the customer's link; it exists only inside a send
	// and is never stored (domain.Service.LinkURL).
	LinkURL func(*domain.Link) (string, bool)

	// NewLink makes the link of a job that has none for the system to deliver.
	NewLink func(ctx context.Context, job domain.ID) (*domain.Link, error)

	// Code recomputes the code of an invitation; it exists only inside a send
	// and is never stored (domain.Service.InvitationCode).
	Code func(invitation domain.ID) string

	// RequestCode recomputes the code of a link request in the same way
	// (domain.Service.LinkRequestCode).
	RequestCode func(request domain.ID) string

	// Accepted is told once a customer's notice was accepted, after that was
	// recorded; channel is "push" or "sms". It must be idempotent, as a crash
	// in between repeats it (domain.Service.NoticeAccepted). Nil: nobody.
	Accepted func(ctx context.Context, n domain.Notice, channel, receipt string) error

	// RingsEnded is told, after it was recorded, of whom a device or gateway took
	// the ring of an SOS, and who has neither (domain.Service.RingsEnded). Nil:
	// nobody.
	RingsEnded func(ctx context.Context, sos domain.ID, took, deaf []domain.ID) error

	Log     *slog.Logger // nil: slog.Default; never sees a token, number, text or link
	Metrics *Metrics     // nil: none

	once   sync.Once
	outbox *shared
	mu     sync.Mutex
	paused map[domain.ID]time.Time // installation → the wall clock's time before which its quota is spent
}

// delivery is one notice on its way.
type delivery struct {
	domain.Delivery
	link      string
	readLink  string // for devices that prove nothing
	accepted  bool   // by at least one device or gateway, now or in an earlier run
	fresh     bool   // accepted in this run
	rejected  bool
	expired   bool
	waiting   bool // something is left to try
	wait      time.Duration
	channel   string // of the acceptance
	receipt   string
	number    string // where a text goes
	household bool   // what reaches that number reaches the household
	devices   int    // that may still take it
	reached   bool   // accepted by more than the log
}

func (d *Deliverer) newDelivery(of domain.Delivery) *delivery {
	of.Devices = slices.DeleteFunc(of.Devices, func(device domain.Device) bool { return !of.Reaches(&device, d.Now()) })
	l := &delivery{Delivery: of, devices: len(of.Devices), accepted: of.Called, reached: of.Called}
	l.number, l.household = of.Number(d.Now())
	proofs := slices.Clone(l.Delivered)
	for _, device := range l.Devices {
		if device.Unproven {
			l.devices--
			proofs = slices.DeleteFunc(proofs, func(id domain.ID) bool { return id == device.InstallationID })
		}
	}
	if len(proofs) > 0 {
		l.accepted, l.channel, l.receipt = true, "push", "installation/"+proofs[0].String()
	}
	for _, device := range l.Devices {
		if slices.Contains(l.Delivered, device.InstallationID) && channelOf(d.Push, device.Token) != logChannel {
			l.reached = true
		}
	}
	return l
}

// backoff is how long to wait after a try that came back with r.
func (l *delivery) backoff(attempt int, r Result) time.Duration {
	if domain.RingsAsAlarm(l.Notice.Kind) {
		return alarmBackoff(attempt, r, rand.Float64())
	}
	return backoff(attempt, r, rand.Float64())
}

func (l *delivery) later(wait time.Duration) {
	if !l.waiting || wait < l.wait {
		l.wait = wait
	}
	l.waiting = true
}

// took notes an acceptance.
func (l *delivery) took(channel, receipt string) {
	if !l.fresh {
		l.channel, l.receipt = channel, receipt
	}
	l.accepted, l.fresh = true, true
}

// proves reports whether acceptance must become an entry before the notice counts
// as done: the customer's time to answer or to dispute begins with it
// (docs/product.md section 4).
func (l *delivery) proves() bool { return l.Notice.CustomerID != nil && domain.Tells(l.Notice.Kind) }

// state is what the notice's row says after this run; empty while it waits.
func (l *delivery) state() string {
	switch {
	case l.waiting:
		return ""
	case l.accepted:
		return "done"
	case l.expired:
		return "expired"
	case l.rejected:
		return "failed"
	}
	return "no_device"
}

// run is one call of Deliver.
type run struct {
	d          *Deliverer
	attempt    int
	now        time.Time
	deliveries []*delivery

	mu     sync.Mutex
	record domain.DeliveryRecord
}

// Deliver sends the notices that are still pending and records the outcome in
// one write, which it may share with deliveries that run beside it. attempt is
// the number of this try, from 1; it decides how long the next one is away.
// retryAfter is zero when nothing is left to do. An error means that the store
// failed: try the whole again, later.
//
// One device gets its notices one after the other, in the order of noticeIDs,
// and after one that must wait gets no further ones in this run, so that an
// older notice does not overtake a newer one.
func (d *Deliverer) Deliver(ctx context.Context, noticeIDs []domain.ID, attempt int) (retryAfter time.Duration, err error) {
	d.once.Do(func() { d.outbox = &shared{Outbox: d.Outbox} })
	found, err := d.outbox.Deliveries(ctx, noticeIDs)
	if err != nil || len(found) == 0 {
		return 0, err
	}
	r := &run{d: d, attempt: attempt, now: d.Now(), record: domain.DeliveryRecord{Drop: map[domain.ID]string{},
		States: map[domain.ID]string{}}}
	for _, f := range found {
		r.deliveries = append(r.deliveries, d.newDelivery(f))
	}
	alarmed := r.alarms(ctx)
	inOrder(ctx, r.pushes(ctx), r.push)
	inOrder(ctx, r.texts(), r.text)
	alarmed.Wait()

	var proofs []*delivery
	for _, l := range r.deliveries {
		if l.accepted && l.proves() {
			proofs = append(proofs, l)
		} else if s := l.state(); s != "" {
			r.record.States[l.Notice.ID] = s
		}
	}
	if err := r.write(ctx, r.record); err != nil {
		return 0, err
	}
	r.told(ctx)
	r.rang(ctx)
	if err := r.prove(ctx, proofs); err != nil {
		return 0, err
	}

	for _, l := range r.deliveries {
		if l.waiting && (retryAfter == 0 || l.wait < retryAfter) {
			retryAfter = l.wait
		}
	}
	return retryAfter, nil
}

// recipientQueue is one device or number and the deliveries for it, in order.
type recipientQueue struct {
	device     domain.Device
	number     string
	deliveries []*delivery
}

// pushes sorts the deliveries by device.
func (r *run) pushes(ctx context.Context) []*recipientQueue {
	var queues []*recipientQueue
	of := map[domain.ID]*recipientQueue{}
	for _, l := range r.deliveries {
		n := &l.Notice
		switch {
		case !r.now.Before(n.ExpiresAt):
			l.expired = true
			continue
		case n.NotBefore.After(r.now):
			l.later(n.NotBefore.Sub(r.now))
			continue
		case !r.address(ctx, l):
			continue
		}
		for _, device := range l.Devices {
			if slices.Contains(l.Delivered, device.InstallationID) || n.Kind == domain.NoticeAccountCode && !device.Private() ||
				device.Unproven && domain.HasRequestCode(n.Kind) {
				continue
			}
			if of[device.InstallationID] == nil {
				of[device.InstallationID] = &recipientQueue{device: device}
				queues = append(queues, of[device.InstallationID])
			}
			of[device.InstallationID].deliveries = append(of[device.InstallationID].deliveries, l)
		}
	}
	return queues
}

// address recomputes the link of a delivery that carries one. Without it a
// customer can still be told that somebody is on the way, but the last
// notice is not one.
func (r *run) address(ctx context.Context, l *delivery) bool {
	if !l.Notice.WithLink {
		return true
	}
	if l.Link == nil && r.d.NewLink != nil && l.Notice.JobID != nil {
		made, err := r.d.NewLink(ctx, *l.Notice.JobID)
		if err != nil {
			l.later(backoff(r.attempt, Result{Outcome: Retry}, rand.Float64()))
			return false
		}
		l.Link = made
	}
	if l.ReadLink != nil && r.d.LinkURL != nil {
		if url, ok := r.d.LinkURL(l.ReadLink); ok {
			l.readLink = url
		}
	}
	if l.Link != nil && r.d.LinkURL != nil {
		if url, ok := r.d.LinkURL(l.Link); ok {
			l.link = url
			return true
		}
	}
	r.d.alert(&l.Notice, "link", Result{Outcome: Misconfigured, Detail: "no_link"})
	l.rejected = l.proves()
	return !l.rejected
}

// push sends a device its deliveries.
func (r *run) push(ctx context.Context, ln *recipientQueue) {
	id := ln.device.InstallationID
	wait := r.d.pause(id)
	for _, l := range ln.deliveries {
		if wait > 0 {
			r.locked(func() { l.later(wait) })
			continue
		}
		n := &l.Notice
		link := l.link
		if ln.device.Unproven {
			link = l.readLink
		}
		began := time.Now()
		res := r.d.Push.Send(ctx, Message{Token: ln.device.Token, Title: n.Title, Body: n.Body, Data: r.d.data(n), TTL: n.ExpiresAt.Sub(r.now),
			High: n.High, Alarm: domain.RingsAsAlarm(n.Kind), CollapseKey: n.CollapseKey, Link: link})
		channel := channelOf(r.d.Push, ln.device.Token)
		if ln.device.Unproven { // it may be a member of staff's: whatever it does, the household is not told by it
			r.dispatched(l, channel, &id, res, time.Since(began))
			if res.DropToken {
				r.locked(func() { r.record.Drop[id] = res.Detail })
				return
			}
			continue
		}
		r.note(l, channel, &id, res, time.Since(began))
		if res.Outcome == Accepted {
			r.locked(func() {
				l.took("push", res.MessageID)
				l.reached = l.reached || channel != logChannel
			})
			continue
		}
		if wait = l.backoff(r.attempt, res); wait > 0 {
			r.locked(func() {
				l.later(wait)
				if res.Detail == detailUnregistered { // gone, as far as can be told
					l.devices--
				}
			})
			if res.Detail == detailQuotaExceeded {
				r.d.setPause(id, res.RetryAfter)
			}
		}
		if res.DropToken {
			r.locked(func() {
				r.record.Drop[id] = res.Detail
				for _, l := range ln.deliveries {
					l.devices--
				}
			})
			return // the device is gone for the deliveries after this one, too
		}
	}
}

// texts sorts by number what no device can take and a gateway can.
func (r *run) texts() []*recipientQueue {
	var queues []*recipientQueue
	of := map[string]*recipientQueue{}
	for _, l := range r.deliveries {
		if r.d.Text == nil || l.number == "" || l.expired || !l.household && domain.HasRequestCode(l.Notice.Kind) {
			continue
		}
		if l.Notice.Kind != domain.NoticeAccountCode && (l.Notice.CustomerID == nil || l.state() != "no_device") {
			continue
		}
		if of[l.number] == nil {
			of[l.number] = &recipientQueue{number: l.number}
			queues = append(queues, of[l.number])
		}
		of[l.number].deliveries = append(of[l.number].deliveries, l)
	}
	return queues
}

// alarms sends the rings of an SOS their second way, beside the pushes and not
// after them: once for a round and a person who has a number, and for the lead
// of the round in any case.
func (r *run) alarms(ctx context.Context) *sync.WaitGroup {
	var wait sync.WaitGroup
	for _, l := range r.deliveries {
		n := &l.Notice
		if r.d.Alarm == nil || l.Call == nil || l.Called || l.Call.Phone == "" && n.Data.V["lead"] == "" || !r.now.Before(n.ExpiresAt) {
			continue
		}
		wait.Add(1)
		go func() {
			defer wait.Done()
			began := time.Now()
			res := r.d.Alarm.ring(ctx, alarmCall{Kind: n.Kind, AlarmCall: *l.Call, Pushed: len(l.Devices), ExpiresAt: n.ExpiresAt})
			r.note(l, domain.AlarmChannel, nil, res, time.Since(began))
			r.locked(func() {
				if res.Outcome == Accepted {
					l.reached = true
					l.took(domain.AlarmChannel, n.ID.String())
				} else if again := l.backoff(r.attempt, res); again > 0 {
					l.later(again)
				}
			})
		}()
	}
	return &wait
}

// rang passes on what came of the rings of each SOS. A push that only the log
// took reached nobody. Whose devices are gone, and whom the gateway did not
// take either, is deaf, also while the gateway is tried again.
func (r *run) rang(ctx context.Context) {
	if r.d.RingsEnded == nil {
		return
	}
	took, deaf := map[domain.ID][]domain.ID{}, map[domain.ID][]domain.ID{}
	alarms := map[domain.ID]bool{}
	for _, l := range r.deliveries {
		if l.Notice.Kind != "sos.raised" || l.Call == nil || l.expired {
			continue
		}
		sos, user := l.Call.SOS, l.Call.UserID
		alarms[sos] = true
		switch {
		case l.reached:
			took[sos] = append(took[sos], user)
		case l.accepted || l.devices == 0:
			deaf[sos] = append(deaf[sos], user)
		}
	}
	for sos := range alarms {
		if len(took[sos])+len(deaf[sos]) == 0 {
			continue
		}
		var err error
		for range 3 { // the states are recorded: no later run comes here for them
			if err = r.d.RingsEnded(context.WithoutCancel(ctx), sos, took[sos], deaf[sos]); err == nil {
				break
			}
		}
		if err != nil {
			r.d.log().Error("what came of the rings of an SOS was not passed on; its next tier comes by the clock", "sos_id", sos, "error", err)
		}
	}
}

// text hands a customer's deliveries to the message webhook.
func (r *run) text(ctx context.Context, ln *recipientQueue) {
	var wait time.Duration
	for _, l := range ln.deliveries {
		if wait > 0 {
			r.locked(func() { l.later(wait) })
			continue
		}
		n := &l.Notice
		body := n.Title + ": " + n.Body
		link := l.link
		if !l.household {
			link = l.readLink
		}
		if link != "" {
			body += " " + link
		}
		if code := r.d.data(n)["code"]; code != "" {
			body = n.Title + ": " + code + ". " + n.Body
		}
		if id, err := uuid.Parse(n.Data.V["request_id"]); err == nil && domain.HasRequestCode(n.Kind) && r.d.RequestCode != nil {
			body = n.Title + ": " + r.d.RequestCode(id) + ". " + n.Body + " " + l.link
		}
		began := time.Now()
		res := r.d.Text.Send(ctx, Text{ID: n.ID.String(), To: ln.number, Channel: "sms", Language: n.Language, Body: body,
			ExpiresAt: n.ExpiresAt})
		if !l.household { // it may be a member of staff's
			r.dispatched(l, "webhook", nil, res, time.Since(began))
			continue
		}
		r.note(l, "webhook", nil, res, time.Since(began))
		if res.Outcome == Accepted {
			r.locked(func() { l.took("sms", n.ID.String()) })
		} else if wait = backoff(r.attempt, res, rand.Float64()); wait > 0 {
			r.locked(func() { l.later(wait) })
		}
	}
}

// data is what travels with a push beside its words: of an invitation also the
// code, which no row holds.
func (d *Deliverer) data(n *domain.Notice) map[string]string {
	if n.Kind != domain.NoticeAccountCode || d.Code == nil {
		return n.Data.V
	}
	invitation, err := uuid.Parse(n.Data.V["invitation_id"])
	if err != nil {
		return n.Data.V
	}
	data := maps.Clone(n.Data.V)
	data["code"] = d.Code(invitation)
	return data
}

// note records one try, and what it means for the notice.
func (r *run) note(l *delivery, channel string, installation *domain.ID, res Result, took time.Duration) {
	r.dispatched(l, channel, installation, res, took)
	r.locked(func() {
		switch res.Outcome {
		case Rejected:
			l.rejected = true
		case Expired:
			l.expired = true
		case Accepted, Retry, Dropped, Misconfigured: // the record alone says it
		}
	})
}

// dispatched records one try.
func (r *run) dispatched(l *delivery, channel string, installation *domain.ID, res Result, took time.Duration) {
	r.d.Metrics.sent(channel, res.Outcome, took)
	if res.Alert {
		r.d.alert(&l.Notice, channel, res)
	}
	r.locked(func() {
		r.record.Dispatches = append(r.record.Dispatches, domain.Dispatch{ID: uuid.Must(uuid.NewV7()), NoticeID: l.Notice.ID,
			InstallationID: installation, Channel: channel, Outcome: string(res.Outcome), Detail: res.Detail, MessageID: res.MessageID,
			At: r.d.Now()})
	})
}

func (r *run) locked(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
}

// write stores what happened. It outlives the job's own end and tries three
// times: what is not recorded is sent again.
func (r *run) write(ctx context.Context, rec domain.DeliveryRecord) (err error) {
	if len(rec.Dispatches) == 0 && len(rec.Drop) == 0 && len(rec.States) == 0 {
		return nil
	}
	rec.At = r.now
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	for i := range 3 {
		if err = r.d.outbox.Record(ctx, rec); err == nil {
			for _, state := range rec.States {
				r.d.Metrics.ended(state)
			}
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(100 * time.Millisecond << (2 * i)):
		}
	}
	return err
}

// told passes on what was accepted for customers and needs no proof.
func (r *run) told(ctx context.Context) {
	if r.d.Accepted == nil {
		return
	}
	for _, l := range r.deliveries {
		if l.Notice.CustomerID == nil || !l.fresh || l.proves() {
			continue
		}
		if err := r.d.Accepted(context.WithoutCancel(ctx), l.Notice, l.channel, l.receipt); err != nil {
			r.d.log().Warn("acceptance of a notice was not passed on", "notice_id", l.Notice.ID, "kind", l.Notice.Kind, "error", err)
		}
	}
}

// prove turns accepted last notices into entries and only then calls them done:
// a crash in between leaves them pending, and the next run comes here again
// without a second push.
func (r *run) prove(ctx context.Context, proofs []*delivery) error {
	states := map[domain.ID]string{}
	for _, l := range proofs {
		if r.d.Accepted != nil {
			if err := r.d.Accepted(context.WithoutCancel(ctx), l.Notice, l.channel, l.receipt); err != nil {
				r.d.log().Warn("acceptance of a notice was not passed on", "notice_id", l.Notice.ID, "kind", l.Notice.Kind, "error", err)
				l.later(backoff(r.attempt, Result{Outcome: Retry}, rand.Float64()))
				continue
			}
		}
		if s := l.state(); s != "" {
			states[l.Notice.ID] = s
		}
	}
	return r.write(ctx, domain.DeliveryRecord{States: states})
}

// inOrder runs the queues side by side, each of them in its own order.
func inOrder(ctx context.Context, queues []*recipientQueue, send func(context.Context, *recipientQueue)) {
	if len(queues) == 1 {
		send(ctx, queues[0])
		return
	}
	next := make(chan *recipientQueue)
	var wg sync.WaitGroup
	for range min(len(queues), concurrentSends) {
		wg.Go(func() {
			for ln := range next {
				send(ctx, ln)
			}
		})
	}
	for _, ln := range queues {
		next <- ln
	}
	close(next)
	wg.Wait()
}

// maxPaused bounds what is remembered of devices whose quota is spent.
const maxPaused = 10_000

// setPause keeps further pushes from a device until FCM wants them again.
func (d *Deliverer) setPause(installation domain.ID, wait time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.paused == nil || len(d.paused) >= maxPaused {
		d.paused = map[domain.ID]time.Time{}
	}
	d.paused[installation] = time.Now().Add(wait)
}

func (d *Deliverer) pause(installation domain.ID) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	until, ok := d.paused[installation]
	if !ok {
		return 0
	}
	wait := time.Until(until)
	if wait <= 0 {
		delete(d.paused, installation)
		return 0
	}
	return wait
}

// alert is for whoever runs the server: which notice and why, never what it
// says or to whom.
func (d *Deliverer) alert(n *domain.Notice, channel string, res Result) {
	d.log().Error("a notice needs an operator", "notice_id", n.ID, "kind", n.Kind, "channel", channel, "outcome", string(res.Outcome),
		"detail", res.Detail)
}

func (d *Deliverer) log() *slog.Logger {
	if d.Log != nil {
		return d.Log
	}
	return slog.Default()
}
