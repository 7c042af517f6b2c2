-- +goose Up
-- What a phone calls for help with after its session ended; the one before stays good, since an answer may be lost.
ALTER TABLE devices ADD COLUMN credential_hash text NOT NULL DEFAULT '';
ALTER TABLE devices ADD COLUMN credential_before text NOT NULL DEFAULT '';
