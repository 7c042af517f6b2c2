-- +goose Up
-- What a caller asked that speaks for us waits as by a link that staff have read; it names who wrote it down.
ALTER TABLE link_requests ADD COLUMN by_id uuid CONSTRAINT link_requests_by REFERENCES users (id);
-- A dispute by a link that staff had read keeps that, and who had.
ALTER TABLE disputes ADD COLUMN link_read boolean NOT NULL DEFAULT false;
ALTER TABLE disputes ADD COLUMN link_read_by uuid CONSTRAINT disputes_link_read_by REFERENCES users (id);
