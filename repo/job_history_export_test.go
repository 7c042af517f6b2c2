package repo

import "context"

// MigrateBeforeRecords stops before tried steps became records.
func (db *DB) MigrateBeforeRecords(ctx context.Context) error {
	steps, err := db.provider()
	if err != nil {
		return err
	}
	_, err = steps.UpTo(ctx, 3)
	return err
}
