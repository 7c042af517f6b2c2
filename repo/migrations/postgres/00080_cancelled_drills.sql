-- +goose Up
-- A drill that is planned can be taken back.
ALTER TABLE drills DROP CONSTRAINT drills_status;
ALTER TABLE drills ADD CONSTRAINT drills_status CHECK (status IN ('planned', 'rung', 'ended', 'cancelled'));
