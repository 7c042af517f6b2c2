-- +goose Up
-- Of the job that a job repeats: whose it is, so that its id is told to nobody who does
-- not see it.
ALTER TABLE jobs ADD COLUMN repeat_centre_id uuid CONSTRAINT jobs_repeat_centre REFERENCES centres (id);
ALTER TABLE jobs ADD COLUMN repeat_area_id uuid CONSTRAINT jobs_repeat_area REFERENCES areas (id);
UPDATE jobs SET repeat_centre_id = (SELECT e.centre_id FROM jobs e WHERE e.id = jobs.repeat_of),
    repeat_area_id = (SELECT e.area_id FROM jobs e WHERE e.id = jobs.repeat_of) WHERE repeat_of IS NOT NULL;
