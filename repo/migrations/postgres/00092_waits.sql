-- +goose Up
-- Of a hold at the household's request: whether its own word or a recorded call proves it, and until when it ends silence and
-- stops the clock. Those of before stand as they were taken: until they are lifted.
ALTER TABLE holds ADD COLUMN confirmed boolean NOT NULL DEFAULT true;
ALTER TABLE holds ADD COLUMN counts_to timestamptz;
