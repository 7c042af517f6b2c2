-- +goose Up
-- Reports to the end: who answers for one and by when, reports by households
-- about our people, and what the person named says.

-- A household reports too; it has no account.
ALTER TABLE flags ALTER COLUMN reporter_id DROP NOT NULL;
ALTER TABLE flags ADD COLUMN by_customer boolean NOT NULL DEFAULT FALSE;
-- Who wrote it down for a caller.
ALTER TABLE flags ADD COLUMN recorded_by uuid CONSTRAINT flags_recorded_by REFERENCES users (id);
-- Who was in the crew with the reporter at that visit.
ALTER TABLE flags ADD COLUMN involved jsonb NOT NULL DEFAULT '[]';
-- Who was told of it, and whether the admins were.
ALTER TABLE flags ADD COLUMN handlers jsonb NOT NULL DEFAULT '[]';
ALTER TABLE flags ADD COLUMN with_admins boolean NOT NULL DEFAULT FALSE;
ALTER TABLE flags ADD COLUMN step bigint NOT NULL DEFAULT 0;
-- Of its present state.
ALTER TABLE flags ADD COLUMN due_at timestamptz;
-- What the person named may know, and his side.
ALTER TABLE flags ADD COLUMN told text NOT NULL DEFAULT '';
ALTER TABLE flags ADD COLUMN told_at timestamptz;
ALTER TABLE flags ADD COLUMN statement text NOT NULL DEFAULT '';
ALTER TABLE flags ADD COLUMN stated_at timestamptz;
UPDATE flags SET due_at = triage_due_at WHERE status = 'reported' AND level > 0;
UPDATE flags SET with_admins = TRUE, step = 4 WHERE escalated_at IS NOT NULL;

-- How far an overdue safety hold has climbed.
ALTER TABLE holds ADD COLUMN step bigint NOT NULL DEFAULT 0;

-- A person who is kept from all homes while a report about him is decided.
CREATE TABLE keep_aways (
    id            uuid PRIMARY KEY,
    user_id       uuid NOT NULL CONSTRAINT keep_aways_user REFERENCES users (id),
    flag_id       uuid NOT NULL CONSTRAINT keep_aways_flag UNIQUE REFERENCES flags (id),
    since         timestamptz NOT NULL,
    -- The visits that he lost by it; they stay payable.
    visits        jsonb NOT NULL,
    lifted_at     timestamptz,
    lifted_by_id  uuid CONSTRAINT keep_aways_lifted_by REFERENCES users (id),
    lift_reason   text NOT NULL
);
CREATE INDEX keep_aways_in_force ON keep_aways (user_id) WHERE lifted_at IS NULL;
CREATE INDEX keep_aways_page ON keep_aways (since, id);
