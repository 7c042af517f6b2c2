package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// Start begins delivering and ticking.
func (s *Server) Start(ctx context.Context) error {
	if err := s.Queue.Start(ctx); err != nil {
		return err
	}
	s.StartClocks(ctx)
	return nil
}

// StartClocks looks every second for what is due, and now and then for what
// is old.
func (s *Server) StartClocks(ctx context.Context) {
	ctx, s.stop = context.WithCancel(ctx)
	s.Health.Begin(ctx)
	s.ticking.Go(func() { s.sweep(ctx) })
	s.ticking.Go(func() { s.Health.run(ctx) })
	s.ticking.Go(func() { s.Health.measure(ctx) })
	s.ticking.Go(func() { each(ctx, time.Second, func() { s.watch(ctx); s.Health.Alarms.note() }) })
	s.ticking.Go(func() { each(ctx, time.Second, func() { s.tick(ctx); s.Health.Clock.note() }) })
	s.ticking.Go(func() { each(ctx, time.Second, func() { s.stops(ctx) }) })
	if s.syncEvery > 0 {
		s.ticking.Go(func() { each(ctx, s.syncEvery/4, func() { s.syncPushes(ctx) }) })
	}
}

// each calls a function at a pace until ctx ends; one that takes longer makes
// it slower.
func each(ctx context.Context, pace time.Duration, do func()) {
	every := time.NewTicker(pace)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
			do()
		}
	}
}

// tickTime bounds one round of a clock, or a connection whose other end is
// silent would hold it for as long as TCP believes in it.
const tickTime = 10 * time.Second

// watch looks after alarms only, so that they never wait behind anything else
// that is due.
func (s *Server) watch(ctx context.Context) {
	within, cancel := context.WithTimeout(ctx, tickTime)
	defer cancel()
	_, err := s.Service.Clock.TickUrgent(within)
	if err = errors.Join(err, s.unheard.look(within, s.Service.Read)); err != nil && ctx.Err() == nil {
		s.log.Warn("the alarms' clock could not tick", "error", err)
	}
}

// stops carries out stops that were received. It may wait for a job.
func (s *Server) stops(ctx context.Context) {
	within, cancel := context.WithTimeout(ctx, tickTime)
	defer cancel()
	if _, err := s.Service.Clock.TickStops(within); err != nil && ctx.Err() == nil {
		s.log.Warn("a stop that was received could not be carried out yet", "error", err)
	}
}

// syncPushes lets phones sync whose picture has changed and that nothing else tells.
func (s *Server) syncPushes(ctx context.Context) {
	if err := s.SyncPushes(ctx, s.syncEvery); err != nil && ctx.Err() == nil {
		s.log.Warn("phones could not be told to sync", "error", err)
	}
}

// SyncPushes tells phones to sync, at most once within every.
func (s *Server) SyncPushes(ctx context.Context, every time.Duration) error {
	within, cancel := context.WithTimeout(ctx, tickTime)
	defer cancel()
	devices, err := s.Service.Clock.SyncPushes(within, every)
	if err != nil || len(devices) == 0 {
		return err
	}
	return s.deliverer.Wake(ctx, devices)
}

// The sweep has a pace of its own, so that it never holds up the clock.
const (
	sweepEvery = time.Hour
	sweepTime  = 5 * time.Minute
)

// sweep forgets old rows, now and every hour until ctx ends.
func (s *Server) sweep(ctx context.Context) {
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		within, cancel := context.WithTimeout(ctx, sweepTime)
		if n, err := s.Service.Clock.Retention(within); err != nil && ctx.Err() == nil {
			s.log.Error("sweep", "forgotten", n, "error", err)
		}
		if err := s.keepHeads(within); err != nil && ctx.Err() == nil {
			s.log.Error("signed heads of the timelines", "error", err)
		}
		if n, err := s.Service.Proof.EvidenceRetention(within); err != nil && ctx.Err() == nil {
			s.log.Error("sweep of files", "removed", n, "error", err)
		}
		cancel()
		next.Reset(sweepEvery)
	}
}

// keepHeads writes the heads of today (UTC) once; wall time, for it is for
// people outside.
func (s *Server) keepHeads(ctx context.Context) error {
	if s.heads == "" {
		return nil
	}
	name := filepath.Join(s.heads, "heads-"+time.Now().UTC().Format("2006-01-02")+".txt")
	if _, err := os.Stat(name); err == nil {
		return nil
	}
	if err := os.MkdirAll(s.heads, 0o700); err != nil {
		return err
	}
	draft, err := os.CreateTemp(s.heads, ".heads-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(draft.Name()) }()
	_, err = s.Service.Proof.ExportHeads(ctx, draft)
	if err = errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return err
	}
	return os.Rename(draft.Name(), name)
}

// tick does what is due.
func (s *Server) tick(ctx context.Context) {
	within, cancel := context.WithTimeout(ctx, tickTime)
	defer cancel()
	if done, err := s.Service.Clock.Tick(within); err != nil && ctx.Err() == nil && (done == 0 || within.Err() == nil) {
		s.log.Error("deadlines", "error", err)
	}
}

// Settle carries out what is due and waits until everything is delivered.
func (s *Server) Settle(ctx context.Context) error {
	wait, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		if err := s.Queue.Idle(wait); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		n, err := s.Service.Clock.Tick(ctx)
		if err != nil || n == 0 {
			return errors.Join(err, s.unheard.look(ctx, s.Service.Read))
		}
	}
}

// StopClocks waits until the clocks stand still; harmless when they never ran.
func (s *Server) StopClocks() {
	if s.stop != nil {
		s.stop()
	}
	s.ticking.Wait()
}

// Serve answers until ctx ends, then lets requests and deliveries finish.
// metrics is the listener of those; nil: none.
func (s *Server) Serve(ctx context.Context, ln, metrics net.Listener) error {
	failed := make(chan error, 2)
	go func() { failed <- s.HTTP.Serve(ln) }()
	var side *http.Server
	if metrics != nil {
		side = &http.Server{Handler: s.HTTP.Metrics(), ReadHeaderTimeout: 5 * time.Second}
		go func() {
			if err := side.Serve(metrics); !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("metrics: %w", err)
			}
		}()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	end, cancel := context.WithTimeout(context.Background(), s.drainDelay+s.stopTimeout)
	defer cancel()
	if derr := s.HTTP.Drain(end); err == nil {
		err = derr
	}
	if side != nil {
		_ = side.Shutdown(end)
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		s.close(end)
	}()
	select {
	case <-closed:
	case <-end.Done():
		select {
		case <-closed:
		case <-time.After(2 * time.Second):
			// The database says nothing. What was committed is safe, as after a kill.
			s.log.Error("not everything could be stopped in time")
		}
	}
	return err
}

func (s *Server) close(ctx context.Context) {
	s.StopClocks()
	if err := s.Queue.Stop(ctx); err != nil {
		s.log.Error("stopping deliveries", "error", err)
	}
	s.db.Close()
}
