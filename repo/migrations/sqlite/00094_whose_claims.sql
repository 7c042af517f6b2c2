-- +goose Up
-- A claim is decided, and a visit paid, by the centre for which its maker went there, wherever the job is now.
ALTER TABLE claims ADD COLUMN centre_id TEXT CONSTRAINT claims_centre REFERENCES centres (id);
ALTER TABLE claims ADD COLUMN area_id TEXT CONSTRAINT claims_area REFERENCES areas (id);
UPDATE claims SET centre_id = (SELECT j.centre_id FROM jobs j WHERE j.id = claims.job_id),
    area_id = (SELECT j.area_id FROM jobs j WHERE j.id = claims.job_id);
ALTER TABLE assignments ADD COLUMN centre_id TEXT CONSTRAINT assignments_centre REFERENCES centres (id);
UPDATE assignments SET centre_id = (SELECT v.centre_id FROM visits v WHERE v.id = assignments.visit_id);
-- Everybody of staff who had read the link by which a dispute came.
ALTER TABLE disputes ADD COLUMN link_readers TEXT NOT NULL DEFAULT '[]';
UPDATE disputes SET link_readers = '["' || link_read_by || '"]' WHERE link_read_by IS NOT NULL;
