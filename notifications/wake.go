package notifications

import (
	"context"
	"sync"
	"time"

	"doorstep/domain"
)

// Wake lets the apps on some devices sync, by a push that shows nothing and rings nobody. Each is tried once: nothing depends
// on it, and what changes later brings the next.
func (d *Deliverer) Wake(ctx context.Context, devices []domain.Device) error {
	keep := domain.PushKindOf(domain.PushSync).Keep
	record := domain.DeliveryRecord{Drop: map[domain.ID]string{}, States: map[domain.ID]string{}, At: d.Now()}
	var mu sync.Mutex
	var sends sync.WaitGroup
	room := make(chan struct{}, concurrentSends)
	for _, device := range devices {
		room <- struct{}{}
		sends.Go(func() {
			defer func() { <-room }()
			began := time.Now()
			res := d.Push.Send(ctx, Message{Token: device.Token, Data: map[string]string{"kind": domain.PushSync}, TTL: keep,
				CollapseKey: domain.PushSync})
			d.Metrics.sent(channelOf(d.Push, device.Token), res.Outcome, time.Since(began))
			if res.DropToken {
				mu.Lock()
				defer mu.Unlock()
				record.Drop[device.InstallationID] = res.Detail
			}
		})
	}
	sends.Wait()
	if len(record.Drop) == 0 {
		return nil
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	return d.Outbox.Record(within, record)
}
