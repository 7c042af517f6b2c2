-- +goose Up
-- A claim is decided. Those from before were only kept, and stay so.
ALTER TABLE claims ADD COLUMN status TEXT NOT NULL DEFAULT 'kept';
ALTER TABLE claims ADD COLUMN cause TEXT NOT NULL DEFAULT '';
ALTER TABLE claims ADD COLUMN due_at TIMESTAMP;
ALTER TABLE claims ADD COLUMN decided_at TIMESTAMP;
ALTER TABLE claims ADD COLUMN decided_by TEXT;
ALTER TABLE claims ADD COLUMN by_default BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE claims ADD COLUMN reasons TEXT NOT NULL DEFAULT '';
ALTER TABLE claims ADD COLUMN witness TEXT NOT NULL DEFAULT '';
ALTER TABLE claims ADD COLUMN moved BOOLEAN NOT NULL DEFAULT false;
CREATE INDEX claims_open ON claims (actor_id, cause) WHERE status = 'open';
CREATE INDEX claims_of_job ON claims (job_id);
