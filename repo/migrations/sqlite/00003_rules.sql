-- +goose Up

-- Until when an ended job may be reopened: promised when it ended. NULL in
-- rows of before: 30 days from their end.
ALTER TABLE jobs ADD COLUMN reopen_until TIMESTAMP;
-- Digests of the cells of the job's last import, by field.
ALTER TABLE jobs ADD COLUMN imported TEXT NOT NULL DEFAULT '{}';

-- An exclusion is lifted only with the reporter's consent.
ALTER TABLE exclusions ADD COLUMN consented_at TIMESTAMP;
ALTER TABLE exclusions ADD COLUMN lifted_by_id TEXT CONSTRAINT exclusions_lifted_by REFERENCES users (id);
ALTER TABLE exclusions ADD COLUMN lift_reason TEXT NOT NULL DEFAULT '';
CREATE INDEX exclusions_page ON exclusions (since, id);
CREATE INDEX exclusions_of_flag ON exclusions (flag_id);

-- What tells of a job as a whole is withdrawn by job.
CREATE INDEX notices_of_job ON notices (job_id, kind) WHERE job_id IS NOT NULL AND visit_id IS NULL;

-- The sweep finds old rows by these; idempotency has its index.
CREATE INDEX deadlines_done ON deadlines (done_at) WHERE done_at IS NOT NULL;
CREATE INDEX form_keys_by_use ON form_keys (used_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
CREATE INDEX sessions_by_revocation ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;
-- A session is deleted only after looking for one that names it.
CREATE INDEX sessions_by_successor ON sessions (successor_id) WHERE successor_id IS NOT NULL;
CREATE INDEX invitations_by_expiry ON invitations (expires_at);
CREATE INDEX invitations_by_use ON invitations (used_at) WHERE used_at IS NOT NULL;
