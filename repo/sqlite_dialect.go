package repo

import (
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// sqliteDialect spells statements for SQLite as for PostgreSQL, but for the
// placeholder and for locks of rows, which SQLite has not. GORM's own driver for
// SQLite would link a second SQLite, in C, into every build with cgo.
type sqliteDialect struct{ postgres.Dialector }

// Name implements gorm.Dialector.
func (sqliteDialect) Name() string { return SQLite }

// Initialize implements gorm.Dialector.
func (d sqliteDialect) Initialize(db *gorm.DB) error {
	if err := d.Dialector.Initialize(db); err != nil {
		return err
	}
	db.ClauseBuilders["FOR"] = func(clause.Clause, clause.Builder) {}
	db.ClauseBuilders["LIMIT"] = limitForSQLite
	return nil
}

// limitForSQLite writes LIMIT so that SQLite does not look at the value when it
// plans: where it does, it parses and plans the statement anew each time the
// value is bound, prepared or not, which costs more than most of our reads.
// A limit of one row is planned for.
func limitForSQLite(c clause.Clause, b clause.Builder) {
	l, ok := c.Expression.(clause.Limit)
	if !ok || l.Offset > 0 || l.Limit == nil || *l.Limit < 0 {
		c.Build(b)
		return
	}
	if *l.Limit == 1 {
		_, _ = b.WriteString("LIMIT 1")
		return
	}
	_, _ = b.WriteString("LIMIT 0 + ")
	b.AddVar(b, *l.Limit)
}

// BindVarTo implements gorm.Dialector.
func (sqliteDialect) BindVarTo(w clause.Writer, _ *gorm.Statement, _ any) { _ = w.WriteByte('?') }
