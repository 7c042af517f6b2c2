-- +goose Up
-- Reports to the end: who answers for one and by when, reports by households
-- about our people, and what the person named says.

-- A household reports too; it has no account.
ALTER TABLE flags ALTER COLUMN reporter_id DROP NOT NULL;
ALTER TABLE flags ADD COLUMN by_customer BOOLEAN NOT NULL DEFAULT FALSE;
-- Who wrote it down for a caller.
ALTER TABLE flags ADD COLUMN recorded_by TEXT CONSTRAINT flags_recorded_by REFERENCES users (id);
-- Who was in the crew with the reporter at that visit.
ALTER TABLE flags ADD COLUMN involved TEXT NOT NULL DEFAULT '[]';
-- Who was told of it, and whether the admins were.
ALTER TABLE flags ADD COLUMN handlers TEXT NOT NULL DEFAULT '[]';
ALTER TABLE flags ADD COLUMN with_admins BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE flags ADD COLUMN step INTEGER NOT NULL DEFAULT 0;
-- Of its present state.
ALTER TABLE flags ADD COLUMN due_at TIMESTAMP;
-- What the person named may know, and his side.
ALTER TABLE flags ADD COLUMN told TEXT NOT NULL DEFAULT '';
ALTER TABLE flags ADD COLUMN told_at TIMESTAMP;
ALTER TABLE flags ADD COLUMN statement TEXT NOT NULL DEFAULT '';
ALTER TABLE flags ADD COLUMN stated_at TIMESTAMP;
UPDATE flags SET due_at = triage_due_at WHERE status = 'reported' AND level > 0;
UPDATE flags SET with_admins = TRUE, step = 4 WHERE escalated_at IS NOT NULL;

-- How far an overdue safety hold has climbed.
ALTER TABLE holds ADD COLUMN step INTEGER NOT NULL DEFAULT 0;

-- A person who is kept from all homes while a report about him is decided.
CREATE TABLE keep_aways (
    id            TEXT NOT NULL PRIMARY KEY,
    user_id       TEXT NOT NULL CONSTRAINT keep_aways_user REFERENCES users (id),
    flag_id       TEXT NOT NULL CONSTRAINT keep_aways_flag UNIQUE REFERENCES flags (id),
    since         TIMESTAMP NOT NULL,
    -- The visits that he lost by it; they stay payable.
    visits        TEXT NOT NULL,
    lifted_at     TIMESTAMP,
    lifted_by_id  TEXT CONSTRAINT keep_aways_lifted_by REFERENCES users (id),
    lift_reason   TEXT NOT NULL
);
CREATE INDEX keep_aways_in_force ON keep_aways (user_id) WHERE lifted_at IS NULL;
CREATE INDEX keep_aways_page ON keep_aways (since, id);
