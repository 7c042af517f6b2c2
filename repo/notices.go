package repo

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"doorstep/domain"
)

func (t *tx) Replay(actor domain.ID, key string) (*domain.Replay, error) {
	rows, err := all[domain.Replay](t, t.table("idempotency").Where("actor_id = ? AND key = ?", actor, key).Limit(1))
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

func (t *tx) PutReplay(r domain.Replay) { t.replay = &r }

// keepReplay is how long a key is remembered (docs/product.md section 8); an older
// row gives way.
const keepReplay = 7 * 24 * time.Hour

func (t *tx) Append(f *domain.Entry) { t.entries = append(t.entries, f) }

func (t *tx) CrewNotices(visit domain.ID) ([]domain.Notice, error) {
	return all[domain.Notice](t, t.table("notices").
		Where("visit_id = ? AND kind IN ('visit.assigned', 'visit.unassigned') AND user_id IS NOT NULL", visit).Order("created_at, id"))
}

func (t *tx) Enqueue(list ...domain.Notice) { t.notices = append(t.notices, list...) }

func (t *tx) WaitingNotices(reader domain.ID) ([]domain.Notice, error) {
	return all[domain.Notice](t, t.table("notices").Where("waits AND (user_id = ? OR customer_id = ?) AND state = 'pending'", reader, reader).
		Order("created_at, id"))
}

func (t *tx) EndWaiting(id domain.ID, state string) error {
	if state == withdrawn {
		if err := t.noticesChanged(t.table("notices").Where("id = ?", id)); err != nil {
			return err
		}
	}
	return t.exec("UPDATE notices SET state = ?, waits = ? WHERE id = ? AND state = 'pending'", state, false, id)
}

// WithdrawNotices reaches those of this transaction too.
func (t *tx) WithdrawNotices(visit domain.ID, kinds ...string) error {
	return t.withdraw(t.table("notices").Where("visit_id = ?", visit), kinds, func(n *domain.Notice) bool { return same(n.VisitID, &visit) })
}

// WithdrawJobNotices reaches those of this transaction too.
func (t *tx) WithdrawJobNotices(job domain.ID, kinds ...string) error {
	return t.withdraw(t.table("notices").Where("job_id = ? AND visit_id IS NULL", job), kinds,
		func(n *domain.Notice) bool { return n.VisitID == nil && same(n.JobID, &job) })
}

func (t *tx) withdraw(q *gorm.DB, kinds []string, about func(*domain.Notice) bool) error {
	for i := range t.notices {
		if n := &t.notices[i]; about(n) && slices.Contains(kinds, n.Kind) {
			n.State = withdrawn
		}
	}
	q = q.Where(inText(t.db, "kind", kinds)).Session(&gorm.Session{})
	if err := t.noticesChanged(q); err != nil {
		return err
	}
	return t.write(q.Update("state", withdrawn), nil)
}

const (
	pending   = "pending"
	withdrawn = "withdrawn"
)

// deadlineOp arms a deadline, or disarms one when it has no due time.
type deadlineOp struct {
	domain.Deadline
	arm bool
}

func (t *tx) Arm(d domain.Deadline) { t.setDeadline(deadlineOp{d, true}) }

func (t *tx) Disarm(kind domain.DeadlineKind, subject domain.ID) {
	t.setDeadline(deadlineOp{domain.Deadline{Kind: kind, SubjectID: subject}, false})
}

// setDeadline keeps the last word on a deadline.
func (t *tx) setDeadline(op deadlineOp) {
	for i := range t.deadlines {
		if d := &t.deadlines[i]; d.Kind == op.Kind && d.SubjectID == op.SubjectID {
			*d = op
			return
		}
	}
	t.deadlines = append(t.deadlines, op)
}

// ClaimDue reads what is due; the rows are marked at the end of the
// transaction, when it holds the locks of their jobs: a row that was claimed
// or disarmed meanwhile runs the transaction anew. Marking them at once would
// let the ticker wait for a job while that job's holder waits for the row.
func (t *tx) ClaimDue(now time.Time, n int, kinds ...domain.DeadlineKind) ([]domain.Deadline, error) {
	open := t.table("deadlines").Where("done_at IS NULL AND due_at <= ?", now).Order("due_at, id")
	if len(kinds) > 0 {
		open = open.Where(inText(t.db, "kind", kinds))
	}
	q := open.Limit(n)
	if t.db.pool != nil {
		// Rows that another replica works on are skipped.
		due := open.Limit(8 * n)
		q = t.db.table("").Table("(?) AS deadlines", due).Where("pg_try_advisory_xact_lock(hashtextextended(CAST(id AS text), 0))").Limit(n)
	}
	due, err := all[domain.Deadline](t, q)
	if err != nil {
		return nil, err
	}
	for i := range due {
		due[i].DoneAt = &now
	}
	slices.SortFunc(due, func(a, b domain.Deadline) int {
		if c := a.DueAt.Compare(b.DueAt); c != 0 {
			return c
		}
		return slices.Compare(a.ID[:], b.ID[:])
	})
	t.claimed = append(t.claimed, due...)
	return due, nil
}

// forgotten finds the rows of each kind that are of no use any more, oldest
// first. A session goes with or after the one that names it as successor.
var forgotten = map[string]struct{ key, where, order string }{
	"idempotency":   {"actor_id, key", "created_at < @before", "created_at"},
	"deadlines":     {"id", "done_at < @before", "done_at"},
	"form_keys":     {"hash", "used_at < @before", "used_at"},
	"link_requests": {"id", "status <> 'pending' AND due_at < @before", "due_at, id"},
	"day_plans":     {"id", "expires_at < @before", "expires_at"},
	"sessions": {"id", `(expires_at < @before OR revoked_at < @before) AND NOT EXISTS (SELECT 1 FROM sessions older
WHERE older.successor_id = sessions.id AND older.expires_at >= @before AND (older.revoked_at IS NULL OR older.revoked_at >= @before))`,
		"created_at, id"},
	"security_log":     {"id", "created_at < @before", "created_at"},
	"invitations":      {"id", "(expires_at < @before OR used_at < @before)", "expires_at"},
	"changes":          {"seq", "at < @before", "at, seq"},
	"household_merges": {"id", "merged_at < @before", "merged_at, id"},
	"throttles":        {"key", "forget_at < @before", "forget_at"},
	"import_changes":   {"id", "at < @before", "at"},
	"imports":          {"id", "created_at < @before", "created_at"},
	"import_answers":   {"centre_id, about", "answer LIKE '+%' AND at < @before", "at"},
	"sealed_requests":  {"id", "created_at < @before", "created_at"},
	"sos_trail":        {"sos_id, at", "recorded_at < @before", "recorded_at"},
	"visit_files":      {"id", "expires_at < @before", "expires_at, id"},
}

func (t *tx) Purge(kind string, before time.Time, n int) (int, error) {
	f, ok := forgotten[kind]
	if !ok {
		return 0, errors.New("repo: nothing is forgotten of " + kind)
	}
	if kind == "sos_trail" { // the places that the alarms themselves keep go with it
		if err := t.exec(`UPDATE sos SET last_seen = 'null', lat = NULL, lon = NULL
WHERE recorded_at < ? AND status = 'resolved' AND (last_seen <> 'null' OR lat IS NOT NULL)`, before); err != nil {
			return 0, err
		}
	}
	type row struct{ N int }
	text := "DELETE FROM " + kind + " WHERE (" + f.key + ") IN (SELECT " + f.key + " FROM " + kind + " WHERE " + f.where + " ORDER BY " +
		f.order + " LIMIT @n) RETURNING 1 AS n"
	gone, err := all[row](t, t.table(kind).Raw(text, sql.Named("before", before), sql.Named("n", n)))
	return len(gone), err
}

func (t *tx) Device(id domain.ID) (*domain.Device, error) {
	return single[domain.Device](t, "device", t.table("devices").Where("installation_id = ?", id))
}

// PutDevice writes an installation, or over it: it belongs to whoever
// registered it last.
func (t *tx) PutDevice(d *domain.Device) error {
	return t.insertOver("devices", d, &clause.OnConflict{Columns: []clause.Column{{Name: "installation_id"}},
		DoUpdates: clause.AssignmentColumns([]string{"user_id", "customer_id",
			"link_id", "job_id", "session_id", "unproven", "token", "platform", "language", "updated_at", "dropped_at", "drop_reason",
			"credential_hash", "credential_before", "synced_at", "health", "health_at"})}, nil)
}

func (t *tx) SaveDeviceLoss(d *domain.Device) error {
	return t.exec("UPDATE devices SET lost_at = ?, wiped_at = ? WHERE installation_id = ?", d.LostAt, d.WipedAt, d.InstallationID)
}

func (t *tx) SealDevicesOf(user domain.ID, at time.Time) error {
	return t.exec("UPDATE devices SET lost_at = ? WHERE user_id = ? AND lost_at IS NULL", at, user)
}

func (t *tx) DeviceSynced(session domain.ID, at time.Time) error {
	return t.exec("UPDATE devices SET synced_at = ? WHERE session_id = ?", at, session)
}

func (t *tx) DevicesOfSession(session domain.ID) ([]domain.Device, error) {
	return all[domain.Device](t, t.table("devices").Where("session_id = ?", session).Order("installation_id"))
}

func (t *tx) PutSealedRequest(r *domain.SealedRequest) error {
	return t.insertOver("sealed_requests", r, &clause.OnConflict{DoNothing: true}, nil)
}

func (t *tx) SealedRequestsOf(device domain.ID) (int, error) {
	return t.count(t.table("sealed_requests").Select("count(*) AS n").Where("device_id = ?", device))
}

func (r *reader) SealedRequests(ctx context.Context, user domain.ID, p domain.Page) ([]domain.SealedRequest, error) {
	return list[domain.SealedRequest](ctx, r, r.db.table("sealed_requests").Where("user_id = ?", user).
		Clauses(page(p, "created_at", "id", true)...))
}

func (t *tx) SaveDeviceCredential(d *domain.Device) error {
	return t.exec("UPDATE devices SET credential_hash = ?, credential_before = ? WHERE installation_id = ?", d.CredentialHash,
		d.CredentialBefore,
		d.InstallationID)
}

func (t *tx) SaveDeviceHealth(d *domain.Device) error {
	return t.exec("UPDATE devices SET health = ?, health_at = ? WHERE installation_id = ?", d.Health, d.HealthAt, d.InstallationID)
}

// dropDevice spares an installation that registered anew while the push to
// its old token was under way.
const dropDevice = "UPDATE devices SET dropped_at = ?, drop_reason = ?, updated_at = ? WHERE installation_id = ? AND dropped_at IS NULL AND updated_at <= ?"

func (t *tx) DropDevice(id domain.ID, why string, at time.Time) error {
	return t.exec(dropDevice, at, why, at, id, at)
}

func (t *tx) DropDevicesOf(user domain.ID, session *domain.ID, why string, at time.Time) error {
	text := "UPDATE devices SET dropped_at = ?, drop_reason = ?, updated_at = ? WHERE user_id = ? AND dropped_at IS NULL"
	if session == nil {
		return t.exec(text, at, why, at, user)
	}
	return t.exec(text+" AND session_id = ?", at, why, at, user, *session)
}

func (t *tx) DropToken(token string, but domain.ID, why string, at time.Time) error {
	if t.db.kind == Postgres { // SQLite has one writer anyway
		if err := t.exec("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", token); err != nil {
			return err
		}
	}
	return t.exec("UPDATE devices SET dropped_at = ?, drop_reason = ?, updated_at = ? WHERE token = ? AND installation_id <> ? AND dropped_at IS NULL", at, why, at, token, but)
}

func (t *tx) DevicesOf(user domain.ID) ([]domain.Device, error) {
	return all[domain.Device](t, t.table("devices").Where("user_id = ? AND dropped_at IS NULL", user).Order("updated_at, installation_id"))
}

func (t *tx) DevicesOfLink(link domain.ID) (live []domain.ID, ever int, err error) {
	type row struct {
		InstallationID domain.ID
		DroppedAt      *time.Time
	}
	rows, err := all[row](t, t.table("devices").Where("link_id = ?", link))
	for _, r := range rows {
		if r.DroppedAt == nil {
			live = append(live, r.InstallationID)
		}
	}
	return live, len(rows), err
}

func (t *tx) HeldByUser(installation domain.ID, token string) (bool, error) {
	type row struct{ InstallationID domain.ID }
	rows, err := all[row](t, t.table("devices").Where("user_id IS NOT NULL AND dropped_at IS NULL AND (installation_id = ? OR token = ?)",
		installation, token).Limit(1))
	return len(rows) > 0, err
}

func (t *tx) CustomerDevices(customer domain.ID) ([]domain.Device, error) {
	return all[domain.Device](t, t.table("devices").Where("customer_id = ? AND dropped_at IS NULL", customer).
		Order("created_at, installation_id"))
}

func (t *tx) Notice(id domain.ID) (*domain.Notice, error) {
	return single[domain.Notice](t, "notice", t.table("notices").Where("id = ? AND state <> 'withdrawn'", id))
}

func (t *tx) SaveNoticeSeen(n *domain.Notice) error {
	t.noticeChanged(n.ID, *n.UserID)
	return t.mustExec(domain.NotFound("notice"), "UPDATE notices SET seen_at = ? WHERE id = ?", n.SeenAt, n.ID)
}

func (t *tx) LinkOfJob(job domain.ID) (*domain.Link, error) {
	return single[domain.Link](t, "link", t.table("links").Where("job_id = ? AND revoked_at IS NULL AND read_at IS NULL", job))
}

func (t *tx) ReadLinkOfJob(job domain.ID) (*domain.Link, error) {
	return single[domain.Link](t, "link", t.table("links").Where("job_id = ? AND revoked_at IS NULL AND read_at IS NOT NULL", job))
}

func (t *tx) LinkByHash(hash string) (*domain.Link, error) {
	return single[domain.Link](t, "link", t.table("links").Where("token_hash = ?", hash))
}

func (t *tx) InsertLink(l *domain.Link) error { return t.insert("links", l) }

func (t *tx) SaveLink(l *domain.Link) error {
	return t.update("links", l, domain.NotFound("link"))
}

func (t *tx) UseFormKey(hash string, link domain.ID, at time.Time) (bool, error) {
	type spent struct{ Hash string }
	q := t.db.table("form_keys").Raw("INSERT INTO form_keys (hash, link_id, used_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING hash",
		hash, link, at)
	rows, err := all[spent](t, q)
	return len(rows) == 1, err
}

func (t *tx) InsertDisruption(d *domain.Disruption) error { return t.insert("disruptions", d) }

// gather turns what was kept for the end into statements. Notices whose key
// was used before, and withdrawn ones, get no delivery.
func (t *tx) gather() error {
	for _, d := range t.claimed {
		if err := t.mustExec(errAgain, "UPDATE deadlines SET done_at = ? WHERE id = ? AND done_at IS NULL AND due_at = ?", *d.DoneAt, d.ID,
			d.DueAt); err != nil {
			return err
		}
	}
	if err := insertAll(t, "facts", t.entries); err != nil {
		return err
	}
	if err := t.gatherNotices(); err != nil {
		return err
	}
	if err := t.gatherChanges(); err != nil {
		return err
	}
	for _, d := range t.deadlines {
		if err := t.gatherDeadline(d); err != nil {
			return err
		}
	}
	t.claimed, t.entries, t.deadlines = nil, nil, nil
	if t.replay == nil {
		return t.failed
	}
	return t.insert("idempotency", t.replay)
}

// freeKey gives way to a key that was used so long ago that it is forgotten;
// the transaction that met it then runs anew.
func (t *tx) freeKey(err error) bool {
	if t.replay == nil || !domain.IsCode(err, domain.CodeIdemInFlight) {
		return false
	}
	gone := 0
	failed := t.db.inTx(t.ctx, func(tidy *tx) error {
		type key struct{ Key string }
		rows, err := all[key](tidy, t.db.table("idempotency").
			Raw("DELETE FROM idempotency WHERE actor_id = ? AND key = ? AND created_at <= ? RETURNING key",
				t.replay.ActorID, t.replay.Key, t.replay.CreatedAt.Add(-keepReplay)))
		gone = len(rows)
		return err
	})
	return failed == nil && gone > 0
}

func (t *tx) gatherDeadline(d deadlineOp) error {
	if !d.arm {
		return t.exec("DELETE FROM deadlines WHERE kind = ? AND subject_id = ? AND done_at IS NULL", d.Kind, d.SubjectID)
	}
	return t.exec("INSERT INTO deadlines (id, kind, subject_id, job_id, due_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (kind, subject_id) WHERE done_at IS NULL DO UPDATE SET due_at = excluded.due_at, job_id = excluded.job_id",
		d.ID, d.Kind, d.SubjectID, d.JobID, d.DueAt)
}

func (t *tx) gatherNotices() error {
	var keys []string
	for i := range t.notices {
		if k := t.notices[i].DedupeKey; k != nil {
			keys = append(keys, *k)
		}
	}
	used := map[string]bool{}
	if len(keys) > 0 {
		type keyed struct{ DedupeKey string }
		rows, err := all[keyed](t, t.table("notices").Where(inText(t.db, "dedupe_key", keys)))
		if err != nil {
			return err
		}
		for _, r := range rows {
			used[r.DedupeKey] = true
		}
	}
	fresh, plain := t.notices[:0], make([]domain.Notice, 0, len(t.notices))
	for i := range t.notices {
		n := t.notices[i]
		if k := n.DedupeKey; k != nil {
			if used[*k] {
				continue
			}
			used[*k] = true
		}
		if n.State == "" {
			n.State = pending
		}
		if n.UserID != nil {
			t.noticeChanged(n.ID, *n.UserID)
		}
		if n.DedupeKey == nil {
			plain = append(plain, n)
		} else if err := t.insertOver("notices", &n, &clause.OnConflict{Columns: []clause.Column{{Name: "dedupe_key"}}, DoNothing: true},
			nil); err != nil {
			return err
		}
		if n.State == pending && !n.Waits {
			fresh = append(fresh, n)
		}
	}
	t.notices = fresh
	return insertAll(t, "notices", plain)
}
