-- +goose Up
-- What a caller asked that speaks for us waits as by a link that staff have read; it names who wrote it down.
ALTER TABLE link_requests ADD COLUMN by_id TEXT CONSTRAINT link_requests_by REFERENCES users (id);
