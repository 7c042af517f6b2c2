-- +goose Up
-- Leave is asked for and granted; what was recorded before stands.
ALTER TABLE leaves ADD COLUMN status text NOT NULL DEFAULT 'approved'
    CONSTRAINT leaves_status CHECK (status IN ('requested', 'approved', 'declined', 'withdrawn', 'cancelled'));
ALTER TABLE leaves ADD COLUMN recorded_by uuid CONSTRAINT leaves_recorded_by REFERENCES users (id);
ALTER TABLE leaves ADD COLUMN decided_by uuid CONSTRAINT leaves_decided_by REFERENCES users (id);
ALTER TABLE leaves ADD COLUMN decided_at timestamptz;
ALTER TABLE leaves ADD COLUMN reason text NOT NULL DEFAULT '';
CREATE INDEX leaves_waiting ON leaves (created_at, id) WHERE status = 'requested';

-- Levels of skills, where they are not 2; the level that a job asks for.
ALTER TABLE users ADD COLUMN skill_levels jsonb NOT NULL DEFAULT '{}';
ALTER TABLE jobs ADD COLUMN skill_level bigint NOT NULL DEFAULT 1
    CONSTRAINT jobs_skill_level CHECK (skill_level BETWEEN 1 AND 3);

-- How many visits a day a centre and a technician take; null: no bound.
ALTER TABLE centres ADD COLUMN max_visits_per_day bigint CONSTRAINT centres_max_visits CHECK (max_visits_per_day > 0);
ALTER TABLE users ADD COLUMN max_visits_per_day bigint CONSTRAINT users_max_visits CHECK (max_visits_per_day > 0);
