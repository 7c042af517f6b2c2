-- +goose Up
-- Who uploaded evidence may remove it before the decision: the row stays and
-- says so, the bytes go, and the same bytes may come again.
ALTER TABLE evidence ADD COLUMN removed_at timestamptz;
ALTER TABLE evidence ADD COLUMN removed_by uuid CONSTRAINT evidence_removed_by REFERENCES users (id);
ALTER TABLE evidence DROP CONSTRAINT evidence_once;
CREATE UNIQUE INDEX evidence_once ON evidence (flag_id, digest) WHERE removed_at IS NULL;
CREATE INDEX evidence_of_flag ON evidence (flag_id, created_at, id);

-- A household takes its report back, in its own words where it says any.
ALTER TABLE flags ADD COLUMN withdrawn_words text NOT NULL DEFAULT '';

-- Of the visits that he lost, those to which he was on his way.
ALTER TABLE keep_aways ADD COLUMN turned_back jsonb NOT NULL DEFAULT '[]';
