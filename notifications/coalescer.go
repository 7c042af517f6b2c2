package notifications

import (
	"context"
	"errors"
	"maps"
	"sync"

	"doorstep/domain"
)

// coalescer lets jobs that run side by side share their trips to the store: while
// one trip is under way, those who come next wait and then go together. Alone,
// nobody waits. It is what a database does with commits.
type coalescer[In, Out any] struct {
	trip    sync.Mutex // held by the one who travels
	mu      sync.Mutex
	waiting []*passenger[In, Out]
}

type passenger[In, Out any] struct {
	in   In
	out  Out
	err  error
	done bool
}

// together runs do for in, perhaps with others' in the same call. do gives the
// answers in the order of the questions. When a shared call fails, each is
// tried alone, so that nobody fails for another's sake.
func (g *coalescer[In, Out]) together(ctx context.Context, in In, do func(context.Context, []In) ([]Out, error)) (Out, error) {
	me := &passenger[In, Out]{in: in}
	g.mu.Lock()
	g.waiting = append(g.waiting, me)
	g.mu.Unlock()
	g.trip.Lock()
	defer g.trip.Unlock()
	if me.done {
		return me.out, me.err
	}
	g.mu.Lock()
	all := g.waiting
	g.waiting = nil
	g.mu.Unlock()
	// The others do not end with my job.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	questions := make([]In, len(all))
	for i, p := range all {
		questions[i], p.done, p.err = p.in, true, errLost // should do panic
	}
	answers, err := do(ctx, questions)
	for i, p := range all {
		if err == nil {
			p.out, p.err = answers[i], nil
		} else if len(all) == 1 {
			p.err = err
		} else if alone, err := do(ctx, questions[i:i+1]); err != nil {
			p.err = err
		} else {
			p.out, p.err = alone[0], nil
		}
	}
	return me.out, me.err
}

var errLost = errors.New("notifications: the store did not answer")

// shared is an Outbox whose users travel together.
type shared struct {
	domain.Outbox
	loads   coalescer[[]domain.ID, []domain.Delivery]
	records coalescer[domain.DeliveryRecord, struct{}]
}

// Deliveries implements domain.Outbox.
func (s *shared) Deliveries(ctx context.Context, ids []domain.ID) ([]domain.Delivery, error) {
	return s.loads.together(ctx, ids, func(ctx context.Context, all [][]domain.ID) ([][]domain.Delivery, error) {
		var every []domain.ID
		for _, ids := range all {
			every = append(every, ids...)
		}
		found, err := s.Outbox.Deliveries(ctx, every)
		if err != nil {
			return nil, err
		}
		byID := make(map[domain.ID]domain.Delivery, len(found))
		for _, f := range found {
			byID[f.Notice.ID] = f
		}
		out := make([][]domain.Delivery, len(all))
		for i, ids := range all {
			for _, id := range ids {
				if f, ok := byID[id]; ok {
					out[i] = append(out[i], f)
				}
			}
		}
		return out, nil
	})
}

// Record implements domain.Outbox.
func (s *shared) Record(ctx context.Context, r domain.DeliveryRecord) error {
	_, err := s.records.together(ctx, r, func(ctx context.Context, all []domain.DeliveryRecord) ([]struct{}, error) {
		one := domain.DeliveryRecord{At: all[0].At, Drop: map[domain.ID]string{}, States: map[domain.ID]string{}}
		for _, r := range all {
			one.Dispatches = append(one.Dispatches, r.Dispatches...)
			maps.Copy(one.Drop, r.Drop)
			maps.Copy(one.States, r.States)
			if r.At.After(one.At) {
				one.At = r.At
			}
		}
		return make([]struct{}, len(all)), s.Outbox.Record(ctx, one)
	})
	return err
}
