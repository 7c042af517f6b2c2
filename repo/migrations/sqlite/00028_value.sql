-- +goose Up
-- What a job is expected to bring, in the smallest unit of the currency; null: not known.
ALTER TABLE jobs ADD COLUMN value_minor integer CONSTRAINT jobs_value CHECK (value_minor >= 0);
