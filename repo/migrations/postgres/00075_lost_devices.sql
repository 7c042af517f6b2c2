-- +goose Up
-- A device that was reported lost is sealed until it was wiped; one that has synced must go on doing so.
ALTER TABLE devices ADD COLUMN lost_at timestamptz;
ALTER TABLE devices ADD COLUMN wiped_at timestamptz;
ALTER TABLE devices ADD COLUMN synced_at timestamptz;
CREATE INDEX devices_of_session ON devices (session_id) WHERE session_id IS NOT NULL;
