-- +goose Up
-- A claim is decided. Those from before were only kept, and stay so.
ALTER TABLE claims ADD COLUMN status text NOT NULL DEFAULT 'kept';
ALTER TABLE claims ADD COLUMN cause text NOT NULL DEFAULT '';
ALTER TABLE claims ADD COLUMN due_at timestamptz;
ALTER TABLE claims ADD COLUMN decided_at timestamptz;
ALTER TABLE claims ADD COLUMN decided_by uuid;
ALTER TABLE claims ADD COLUMN by_default boolean NOT NULL DEFAULT false;
ALTER TABLE claims ADD COLUMN reasons text NOT NULL DEFAULT '';
ALTER TABLE claims ADD COLUMN witness text NOT NULL DEFAULT '';
ALTER TABLE claims ADD COLUMN moved boolean NOT NULL DEFAULT false;
CREATE INDEX claims_open ON claims (actor_id, cause) WHERE status = 'open';
CREATE INDEX claims_of_job ON claims (job_id);
