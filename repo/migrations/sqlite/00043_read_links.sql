-- +goose Up
-- A link that staff read is another one than those that the system delivers: it is
-- on record who read it, and a device that is registered by it proves nothing.
-- Nobody knows who read those from before, so they count as read.
ALTER TABLE links ADD COLUMN read_at TIMESTAMP;
ALTER TABLE links ADD COLUMN read_by TEXT CONSTRAINT links_read_by REFERENCES users (id);
UPDATE links SET read_at = created_at;
DROP INDEX links_live;
CREATE UNIQUE INDEX links_live ON links (job_id) WHERE revoked_at IS NULL AND read_at IS NULL;
CREATE INDEX links_of_job ON links (job_id) WHERE revoked_at IS NULL;
CREATE UNIQUE INDEX links_live_read ON links (job_id) WHERE revoked_at IS NULL AND read_at IS NOT NULL;
ALTER TABLE devices ADD COLUMN unproven BOOLEAN NOT NULL DEFAULT false;
UPDATE devices SET unproven = true WHERE link_id IS NOT NULL;
