package main

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"doorstep/domain"
)

type Clock struct {
	mu  sync.Mutex
	at  time.Time
	off time.Duration
}

func newClock() *Clock { return &Clock{} }
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.at.IsZero() {
		return c.at
	}
	return time.Now().Add(c.off)
}
func (c *Clock) Set(t time.Time)         { c.mu.Lock(); c.at = t; c.mu.Unlock() }
func (c *Clock) Advance(d time.Duration) { c.mu.Lock(); c.at = c.at.Add(d); c.mu.Unlock() }

type WorldUser struct{ Role, Name, Login, Password, Centre, Area string }
type World struct {
	Users                       []WorldUser
	CustomerLink, CustomerLogin string
}

func buildWorld(context.Context, *domain.Service, *Clock, io.Writer) (*World, error) {
	return nil, errors.New("stub")
}
