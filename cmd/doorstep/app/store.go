package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"doorstep/repo"
)

// NoDatabase says that a command that only looks found nothing to look at.
type NoDatabase string

func (path NoDatabase) Error() string {
	return fmt.Sprintf("no database yet: %s does not exist; `doorstep migrate up` or `doorstep serve` makes it", string(path))
}

// answerTime is how long a database may take to answer a command's first word.
const answerTime = 10 * time.Second

// OpenStore opens and, unless told otherwise, migrates the database. Without
// migrating it makes no file. Errors are one line each and say what to set.
func OpenStore(ctx context.Context, s Storage, log *slog.Logger, migrate bool) (*repo.DB, error) {
	return openWith(ctx, s, repo.Config{Logger: log}, migrate)
}

// OpenToServe is OpenStore for a server: a folder has one.
func OpenToServe(ctx context.Context, s Storage, log *slog.Logger, migrate bool) (*repo.DB, error) {
	db, err := openWith(ctx, s, repo.Config{Logger: log, Alone: true}, migrate)
	if errors.Is(err, repo.ErrServed) {
		return nil, fmt.Errorf("another doorstep serves from %s already: stop that one, or give this one a folder of its own with --data", s.Data)
	}
	return db, err
}

func openWith(ctx context.Context, s Storage, cfg repo.Config, migrate bool) (*repo.DB, error) {
	url := s.url()
	if path := repo.File(url); !repo.IsPostgres(url) && !migrate {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, NoDatabase(path)
		}
	}
	if s.DatabaseURL == "" {
		if err := os.MkdirAll(s.Data, 0o750); err != nil {
			return nil, err
		}
	}
	cfg.URL, cfg.MaxConns, cfg.Synchronous = url, s.MaxConns, s.Synchronous
	db, err := repo.Open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if repo.IsPostgres(url) {
		within, cancel := context.WithTimeout(ctx, answerTime)
		err := db.Ping(within)
		cancel()
		if err != nil {
			db.Close()
			return nil, fmt.Errorf(
				"PostgreSQL does not answer (%s): check that it runs and that DATABASE_URL names its host, port, database, user and password", why(err))
		}
	}
	if err := db.CheckSchema(ctx); err != nil {
		db.Close()
		return nil, err
	}
	if migrate {
		if err := db.Migrate(ctx); err != nil {
			db.Close()
			return nil, fmt.Errorf("migrating the database: %w", err)
		}
	}
	return db, nil
}

// why is the innermost cause of a failed connection in a few words, without
// the address and its password.
func why(err error) string {
	var pg *pgconn.PgError
	var host *net.DNSError
	var network *net.OpError
	switch {
	case errors.As(err, &pg):
		return pg.Message
	case errors.As(err, &host):
		return "no such host"
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("nothing was heard for %v", answerTime)
	case errors.As(err, &network):
		return network.Err.Error()
	}
	return "it refused the connection"
}
