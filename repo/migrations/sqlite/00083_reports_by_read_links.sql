-- +goose Up
-- A household's report by a link that staff had read keeps who had.
ALTER TABLE flags ADD COLUMN link_read_by TEXT CONSTRAINT flags_link_read_by REFERENCES users (id);
