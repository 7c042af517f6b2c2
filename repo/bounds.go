package repo

import (
	"context"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// A replica that is frozen (a paused machine, a stopped process) keeps its
// connections, and with them the row locks of its open transactions. So every
// transaction on PostgreSQL begins with two bounds: one that idles for longer
// than idleTime is ended by the server, and nobody waits for a row longer than
// rowTime. rowTime is the shorter one, so that those who wait are gone before
// the lock falls to them: else each would hold it for another idleTime.
//
// The bounds are set for the transaction alone. A pooler such as PgBouncer in
// transaction mode refuses startup parameters it does not know and hands
// what a session sets to whoever comes next.
const (
	idleTime = 5 * time.Second
	rowTime  = 2 * time.Second
)

// boundsText is the one statement after begin; lockTime bounds a wait for a
// row, idle a pause between two statements, 0 neither. The texts are few, for
// each is prepared once on a connection.
//
// The plan is for the same statement: those of a transaction go by keys, and
// planning them anew for each value costs more than running them.
func boundsText(lockTime, idle time.Duration) string {
	ms := func(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
	return "SELECT set_config('lock_timeout', '" + ms(lockTime) + "', true), " +
		"set_config('idle_in_transaction_session_timeout', '" + ms(idle) + "', true)"
}

const genericPlans = ", set_config('plan_cache_mode', 'force_generic_plan', true)"

var (
	boundsOfOurs  = boundsText(rowTime, idleTime) + genericPlans
	boundsOfLanes = boundsText(lockWait, idleTime) + genericPlans // see convoy.go
	boundsOfQueue = boundsText(rowTime, idleTime)
	boundless     = boundsText(0, 0)
)

// bounded sets the bounds where others begin: River, and whoever uses SQL().
// They cost such a transaction one round trip more. Ours have them in their
// opening batch (flight.go), which no tracer sees.
type bounded struct{}

type beginning struct{}

// unbound marks what may wait and rest: migrations.
func unbound(ctx context.Context) context.Context { return context.WithValue(ctx, unboundKey{}, true) }

type unboundKey struct{}

// TraceQueryStart implements pgx.QueryTracer.
func (bounded) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if !strings.HasPrefix(data.SQL, "begin") || ctx.Value(unboundKey{}) != nil {
		return ctx
	}
	return context.WithValue(ctx, beginning{}, true)
}

// TraceQueryEnd implements pgx.QueryTracer. An error shows in the next
// statement: the transaction is aborted then, or its connection gone.
func (bounded) TraceQueryEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryEndData) {
	if data.Err == nil && ctx.Value(beginning{}) != nil && conn.PgConn().TxStatus() == 'T' {
		_, _ = conn.Exec(context.WithValue(ctx, beginning{}, nil), boundsOfQueue)
	}
}

// How long a connection may be silent before the other end counts as gone: a
// machine that vanished answers nothing, and TCP alone would believe in it for
// a quarter of an hour.
const (
	connectTime = 5 * time.Second
	unackedTime = 10 * time.Second // for bytes that were sent; Linux only
)

var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 2 * time.Second, Count: 3}

func dialer() *net.Dialer { return &net.Dialer{KeepAliveConfig: keepAlive, Control: control} }
