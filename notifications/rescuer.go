package notifications

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// orphanEvery is how often a replica looks for jobs of dead ones.
	orphanEvery = 5 * time.Second
	// orphanAge is how long a job must have run to be looked at; nearly all
	// end sooner.
	orphanAge = "5 seconds"
)

// rescuer gives the jobs of killed replicas back to the queue within seconds;
// River itself cannot tell a dead worker from a slow one and waits for
// rescueAfter. Each replica holds an advisory lock under its worker's name,
// on a connection of its own: PostgreSQL drops the lock with the process.
type rescuer struct {
	pool   *pgxpool.Pool
	name   string // River's client id
	log    *slog.Logger
	cancel context.CancelFunc
	done   chan struct{}
}

// start takes the lock, before the first job is worked, and then looks around
// until stop.
func (o *rescuer) start(ctx context.Context) error {
	conn, err := o.lock(ctx)
	if err != nil {
		return err
	}
	ctx, o.cancel = context.WithCancel(context.WithoutCancel(ctx))
	o.done = make(chan struct{})
	go func() {
		defer close(o.done)
		defer func() {
			if conn != nil {
				o.release(conn)
			}
		}()
		every := time.NewTicker(orphanEvery)
		defer every.Stop()
		for {
			if conn == nil {
				conn, err = o.lock(ctx)
			}
			if conn != nil {
				if err = o.adopt(ctx, conn); err != nil {
					o.release(conn)
					conn = nil
				}
			}
			if err != nil && ctx.Err() == nil {
				o.log.Warn("jobs of dead replicas could not be looked for", "error", err)
			}
			select {
			case <-ctx.Done():
				return
			case <-every.C:
			}
		}
	}()
	return nil
}

func (o *rescuer) stop() {
	if o.cancel != nil {
		o.cancel()
		<-o.done
	}
}

func (o *rescuer) lock(ctx context.Context) (*pgxpool.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	conn, err := o.pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock(hashtextextended($1, 0))`, o.name); err != nil {
		o.release(conn)
		return nil, err
	}
	return conn, nil
}

// release ends the connection, and the lock with it: it must not go back to
// the pool with a lock on it.
func (o *rescuer) release(conn *pgxpool.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Hijack().Close(ctx)
}

// adopt makes running jobs available again whose worker's lock is free.
func (o *rescuer) adopt(ctx context.Context, conn *pgxpool.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	rows, err := conn.Query(ctx, `SELECT DISTINCT attempted_by[array_upper(attempted_by, 1)] FROM river_job
		WHERE state = 'running' AND queue = ANY($1) AND attempted_at < now() - $2::interval AND array_upper(attempted_by, 1) > 0`,
		[]string{QueueName, AlarmQueue}, orphanAge)
	if err != nil {
		return err
	}
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		if name != o.name {
			names = append(names, name)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, name := range names {
		tag, err := conn.Exec(ctx, `WITH free AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS it)
			UPDATE river_job SET state = 'available' FROM free WHERE free.it AND state = 'running' AND queue = ANY($2)
			AND attempted_by[array_upper(attempted_by, 1)] = $1 AND attempted_at < now() - $3::interval`, name, []string{QueueName, AlarmQueue},
			orphanAge)
		if err != nil {
			return err
		}
		if n := tag.RowsAffected(); n > 0 {
			o.log.Info("took over the jobs of a dead replica", "jobs", n)
		}
	}
	return nil
}
