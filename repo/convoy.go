package repo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"doorstep/domain"
)

// On PostgreSQL a transaction that begins with the lock of a job takes a lane.
// Who finds none free waits, and those who waited go on together as a convoy:
// one transaction on one connection, which locks their jobs in one flight,
// answers their reads in joint flights and writes what all of them write in
// the last one. What they share, begin, round trips, commit, statements of
// one row each, is most of what a small write costs the database.
//
// Nothing of a member is written before the last flight, so a member that is
// refused leaves no trace. Members have different jobs and different
// technicians; who reads by another lock or writes before it reads goes back
// and runs by themselves, and so does everybody when a convoy comes to nothing:
// nobody fails for another's sake.
const (
	maxLanes  = 2
	maxConvoy = 16
	// lockWait bounds a wait for a row while a lane is held, so that one row
	// does not stop all others.
	lockWait = 250 * time.Millisecond
	// ruleTime bounds how long a convoy waits for a member's rules.
	ruleTime = 500 * time.Millisecond
	// maxFlights is how often one may ask while others wait: who asks on goes
	// on by themselves.
	maxFlights = 8
	// seatTime bounds a convoy's wait for a connection.
	seatTime = 2 * time.Second
	// convoyTime bounds a convoy.
	convoyTime = 10 * time.Second
)

// lanes hands the lanes around.
type lanes struct {
	mu      sync.Mutex
	busy    int
	waiting []*seat
}

// errOwnLane tells a seat that it has a lane for itself.
var errOwnLane = errors.New("repo: a lane of one's own")

// enter takes a free lane, or a place in the line.
func (l *lanes) enter(s *seat) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy < maxLanes && len(l.waiting) == 0 {
		l.busy++
		return true
	}
	l.waiting = append(l.waiting, s)
	return false
}

// desert leaves the line; false when the seat is called already.
func (l *lanes) desert(s *seat) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.waiting, s)
	if i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
	}
	return i >= 0
}

// next gives a lane that ended to those who wait.
func (l *lanes) next(db *DB) {
	l.mu.Lock()
	defer l.mu.Unlock()
	jobs := map[domain.ID]bool{}
	var party, rest []*seat
	for _, s := range l.waiting {
		if len(party) < maxConvoy && !jobs[s.t.opens] {
			jobs[s.t.opens] = true
			party = append(party, s)
		} else {
			rest = append(rest, s)
		}
	}
	l.waiting = rest
	switch len(party) {
	case 0:
		l.busy--
	case 1:
		party[0].answer <- errOwnLane
	default:
		c := &convoy{db: db, posts: make(chan post, len(party)), people: map[domain.ID]bool{}}
		go c.run(party)
	}
}

// seat is where a transaction on PostgreSQL sits: on a connection of its own,
// or in a convoy. Its first flight decides.
type seat struct {
	t       *tx
	single  bool // never in a lane
	conn    *pgxpool.Conn
	own     *pgTx
	inLane  bool
	flights int
	convoy  *convoy
	first   []*step
	answer  chan error
}

var _ carrier = (*seat)(nil)

func (s *seat) send(ctx context.Context, steps ...*step) error {
	if s.own == nil && s.convoy == nil {
		aboard, err := s.board(ctx, steps)
		if aboard || err != nil {
			return err
		}
	}
	if s.own != nil {
		if s.flights++; s.flights > maxFlights {
			s.pass()
		}
		return s.own.send(ctx, steps...)
	}
	if !onlyReads(steps) {
		return s.leave(errShared)
	}
	return s.ask(post{seat: s, steps: steps, people: s.t.wants})
}

// board finds a place; aboard tells that the steps are sent already.
func (s *seat) board(ctx context.Context, steps []*step) (aboard bool, err error) {
	lanes := &s.t.db.lanes
	s.first = steps
	switch {
	case s.single || s.t.opens == domain.ID{} || slices.ContainsFunc(steps, func(x *step) bool { return x.rows == nil }):
	case lanes.enter(s):
		s.inLane = true
	default:
		select {
		case err = <-s.answer:
		case <-ctx.Done():
			if lanes.desert(s) {
				return false, ctx.Err()
			}
			err = <-s.answer
		}
		if err == nil {
			return true, nil
		}
		if s.convoy = nil; !errors.Is(err, errOwnLane) {
			return false, err
		}
		s.inLane = true
	}
	return false, s.connect(ctx)
}

func (s *seat) connect(ctx context.Context) error {
	conn, err := s.t.db.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	s.conn, s.own = conn, &pgTx{conn: conn.Conn(), hasty: s.inLane}
	return nil
}

// ask posts and waits for the answer. After an error the seat is left.
func (s *seat) ask(p post) error {
	s.convoy.posts <- p
	err := <-s.answer
	if err != nil || p.last {
		s.convoy = nil
	}
	return err
}

// leave gets out of the convoy, if in one, and gives the reason back.
func (s *seat) leave(why error) error {
	if s.convoy != nil {
		s.convoy.posts <- post{seat: s, gone: true}
		s.convoy = nil
	}
	return why
}

// commit makes the last flight.
func (s *seat) commit(ctx context.Context) error {
	t := s.t
	if s.convoy != nil {
		if err := ctx.Err(); err != nil {
			return s.leave(err)
		}
		if len(t.pending)+len(t.notices) == 0 {
			return s.leave(nil)
		}
		return s.ask(post{seat: s, steps: t.pending, last: true})
	}
	if s.own == nil {
		if len(t.pending)+len(t.notices) == 0 {
			return nil
		}
		if err := s.connect(ctx); err != nil {
			return err
		}
	}
	if err := t.enqueuePostgres(s.conn.Conn()); err != nil {
		return err
	}
	if len(t.pending) == 0 && !s.own.begun {
		return nil
	}
	return s.own.fly(ctx, t.pending, true)
}

// end gives everything back that is still held.
func (s *seat) end(ctx context.Context) {
	_ = s.leave(nil)
	if s.conn != nil {
		rollback(ctx, s.conn.Conn())
		s.conn.Release()
	}
	s.pass()
}

// pass gives the lane to those who wait.
func (s *seat) pass() {
	if s.inLane {
		s.inLane = false
		s.t.db.lanes.next(s.t.db)
	}
}

// onlyReads reports whether steps may be sent for several transactions at once:
// they write nothing, and lock what is known to the convoy.
func onlyReads(steps []*step) bool {
	return !slices.ContainsFunc(steps, func(s *step) bool {
		return s.rows == nil || !s.counted && (!strings.HasPrefix(s.sql, "SELECT") || strings.Contains(s.sql, "FOR NO KEY UPDATE") ||
			strings.Contains(s.sql, "advisory"))
	})
}

// post is what a member of a convoy wants next.
type post struct {
	seat   *seat
	steps  []*step
	people []domain.ID // technicians that the steps lock
	last   bool        // these are its writes
	gone   bool        // it wants nothing any more
}

// convoy is the transaction of those who waited.
type convoy struct {
	db     *DB
	posts  chan post
	people map[domain.ID]bool // technicians that are locked
	freed  bool               // the lane is given back
}

// run drives until all are answered.
func (c *convoy) run(seats []*seat) {
	open := c.drive(seats)
	c.free()
	for ; open > 0; open-- { // those whom nobody waited for
		if p := <-c.posts; !p.gone {
			p.seat.answer <- errShared
		}
	}
}

// free gives the lane back, once.
func (c *convoy) free() {
	if !c.freed {
		c.freed = true
		c.db.lanes.next(c.db)
	}
}

// drive gives the number of members that are still at their rules.
func (c *convoy) drive(seats []*seat) (open int) {
	ctx, cancel := context.WithTimeout(context.Background(), convoyTime)
	defer cancel()
	slices.SortFunc(seats, func(a, b *seat) int { return bytes.Compare(a.t.opens[:], b.t.opens[:]) })
	var steps []*step
	for _, s := range seats {
		s.convoy = c
		steps = append(steps, s.first...)
	}
	soon, stop := context.WithTimeout(ctx, seatTime)
	defer stop()
	conn, err := c.db.pool.Acquire(soon)
	if err != nil {
		tell(seats, errShared)
		return 0
	}
	defer conn.Release()
	defer rollback(ctx, conn.Conn())
	carrier := &pgTx{conn: conn.Conn(), hasty: true}
	if err := safely(func() error { return carrier.fly(ctx, steps, false) }); err != nil {
		tell(seats, errShared)
		return 0
	}
	tell(seats, nil)
	open = len(seats)
	var last []post
	for flights := 0; open > 0; flights++ {
		asked, ok := c.gather(&open, &last)
		if !ok || flights >= maxFlights { // the late have only read
			tell(seatsOf(asked), errShared)
			break
		}
		asked = slices.DeleteFunc(asked, c.clashes)
		if steps = stepsOf(asked); len(steps) == 0 {
			continue
		}
		if err := safely(func() error { return carrier.fly(ctx, steps, false) }); err != nil {
			tell(seatsOf(asked), errShared)
			tell(seatsOf(last), errShared)
			return 0
		}
		tell(seatsOf(asked), nil)
		open = len(asked)
	}
	if len(last) > 0 {
		c.free() // while these are written, others read
		tell(seatsOf(last), c.commit(ctx, carrier, last))
	}
	return open
}

// gather waits until each member has said what it wants next, but for no
// longer than rules take.
func (c *convoy) gather(open *int, last *[]post) (asked []post, ok bool) {
	late := time.NewTimer(ruleTime)
	defer late.Stop()
	for ; *open > 0; *open-- {
		select {
		case p := <-c.posts:
			switch {
			case p.gone:
			case p.last:
				*last = append(*last, p)
			default:
				asked = append(asked, p)
			}
		case <-late.C:
			return asked, false
		}
	}
	// Rows are locked in one order, here as everywhere.
	slices.SortFunc(asked, func(a, b post) int {
		return slices.CompareFunc(a.people, b.people, func(x, y domain.ID) int { return bytes.Compare(x[:], y[:]) })
	})
	return asked, true
}

// clashes sends a member away whose technician another one has.
func (c *convoy) clashes(p post) bool {
	if slices.ContainsFunc(p.people, func(id domain.ID) bool { return c.people[id] }) {
		p.seat.answer <- errShared
		return true
	}
	for _, id := range p.people {
		c.people[id] = true
	}
	return false
}

// commit writes for all. What the database refuses is tried again by each for
// themselves; where it did not answer nobody knows what became of it.
func (c *convoy) commit(ctx context.Context, carrier *pgTx, last []post) error {
	slices.SortFunc(last, func(a, b post) int { return bytes.Compare(a.seat.t.opens[:], b.seat.t.opens[:]) })
	queued := c.db.newTx(ctx)
	lists := make([][]*step, len(last), len(last)+1)
	for i, p := range last {
		lists[i] = p.steps
		queued.notices = append(queued.notices, p.seat.t.notices...)
	}
	if err := safely(func() error { return queued.enqueuePostgres(carrier.conn) }); err != nil {
		return errShared
	}
	err := safely(func() error { return carrier.fly(ctx, merged(append(lists, queued.pending)), true) })
	if err == nil {
		return nil
	}
	var refused *pgconn.PgError
	undone := errors.As(err, &refused) && refused.SeverityUnlocalized == "ERROR" ||
		slices.ContainsFunc(last, func(p post) bool { return p.refusal(err) })
	if c := carrier.conn.PgConn(); undone || !c.IsClosed() && !c.IsBusy() && c.TxStatus() != 'I' { // it still waits for its end
		return errShared
	}
	return err
}

// refusal tells that an error is that of a write that changed no row.
func (p post) refusal(err error) bool {
	return slices.ContainsFunc(p.steps, func(s *step) bool { return s.must != nil && errors.Is(err, s.must) })
}

// safely turns a panic into an error: the convoy is nobody's request, and a
// defect in what one of them reads is not the end of the server.
func safely(fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("repo: panic in a convoy: %v\n%s", p, debug.Stack())
		}
	}()
	return fn()
}

func tell(seats []*seat, err error) {
	for _, s := range seats {
		s.answer <- err
	}
}

func seatsOf(posts []post) []*seat {
	out := make([]*seat, len(posts))
	for i, p := range posts {
		out[i] = p.seat
	}
	return out
}

func stepsOf(posts []post) (out []*step) {
	for _, p := range posts {
		out = append(out, p.steps...)
	}
	return out
}

// maxTuples bounds the rows of a merged statement: each number of them is a
// text that PostgreSQL prepares once for a connection.
const maxTuples = 8

// merged is all lists as one, each still in its order: what has the same text
// stands together, and inserts become few statements of many rows.
func merged(lists [][]*step) []*step {
	type group struct {
		form  insertForm
		steps []*step
	}
	var groups []*group
	for _, list := range lists {
		at := 0 // not before what this list has put there already
		for _, s := range list {
			form := formOf(s)
			i := slices.IndexFunc(groups[at:], func(g *group) bool { return g.form == form })
			if i < 0 {
				groups = append(groups, &group{form: form})
				i = len(groups) - 1 - at
			}
			at += i
			g := groups[at]
			if n := len(g.steps); n > 0 && form.width > 0 && len(g.steps[n-1].args)+len(s.args) <= maxTuples*form.width {
				args := slices.Concat(g.steps[n-1].args, s.args)
				g.steps[n-1] = &step{sql: form.text(len(args) / form.width), args: args, must: s.must, atLeast: len(args) / form.width}
			} else {
				g.steps = append(g.steps, s)
			}
		}
	}
	var out []*step
	for _, g := range groups {
		out = append(out, g.steps...)
	}
	return out
}

// insertForm is an insert without its rows: what comes before and after them,
// and the number of values in each. Of what cannot be merged it is the text.
type insertForm struct {
	head, tail string
	width      int
	must       bool
}

var insertText = regexp.MustCompile(
	`^(INSERT INTO [^()]+ ?\([^()]+\) VALUES ?)(\(\$\d+(?:, ?\$\d+)*\))(?:,\(\$\d+(?:, ?\$\d+)*\))*( ON CONFLICT [^$]*)?$`)

var insertForms sync.Map // text → insertForm

func formOf(s *step) insertForm {
	var f insertForm
	if known, ok := insertForms.Load(s.sql); ok {
		f = known.(insertForm)
	} else {
		f = insertForm{head: s.sql}
		if m := insertText.FindStringSubmatch(s.sql); m != nil {
			f = insertForm{head: m[1], tail: m[3], width: strings.Count(m[2], "$")}
		}
		insertForms.Store(s.sql, f)
	}
	f.must = s.must != nil
	return f
}

var insertTexts sync.Map // of text, by form and rows

func (f insertForm) text(rows int) string {
	type key struct {
		insertForm
		rows int
	}
	if text, ok := insertTexts.Load(key{f, rows}); ok {
		return text.(string)
	}
	var b strings.Builder
	b.WriteString(f.head)
	for i := range rows * f.width {
		switch {
		case i == 0:
			b.WriteString("(")
		case i%f.width == 0:
			b.WriteString("),(")
		default:
			b.WriteString(",")
		}
		b.WriteString("$" + strconv.Itoa(i+1))
	}
	b.WriteString(")" + f.tail)
	insertTexts.Store(key{f, rows}, b.String())
	return b.String()
}

// opensWith notes that the next flight locks a job, if it is the first.
func (t *tx) opensWith(job domain.ID) {
	switch s := t.carrier.(type) {
	case *seat:
		if s.own == nil && s.convoy == nil {
			t.opens = job
		}
	case *rider:
		if s.ride == nil {
			t.opens = job
		}
	}
}
