-- +goose Up
-- Codes that were set with the duress code as the present one: they are taken like any,
-- and each use calls for help. Both empty: none is asked for.
ALTER TABLE users ADD COLUMN feigned boolean NOT NULL DEFAULT FALSE;
ALTER TABLE users ADD COLUMN feigned_hash text NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN feigned_duress_hash text NOT NULL DEFAULT '';
