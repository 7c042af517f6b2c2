-- +goose Up
-- Since when a household waits for a word, where that is too long, and who was told. Jobs
-- of before are judged from their next event on.
ALTER TABLE jobs ADD COLUMN silent_since timestamptz;
ALTER TABLE jobs ADD COLUMN silence_step integer NOT NULL DEFAULT 0;
