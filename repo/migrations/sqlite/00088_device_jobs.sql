-- +goose Up
-- A household's device keeps the job by whose link it came: what it proves, it proves for the household of that.
ALTER TABLE devices ADD COLUMN job_id TEXT CONSTRAINT devices_job REFERENCES jobs (id);
UPDATE devices SET job_id = (SELECT l.job_id FROM links l WHERE l.id = devices.link_id) WHERE link_id IS NOT NULL;
