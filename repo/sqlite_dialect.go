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
	return nil
}

// BindVarTo implements gorm.Dialector.
func (sqliteDialect) BindVarTo(w clause.Writer, _ *gorm.Statement, _ any) { _ = w.WriteByte('?') }
