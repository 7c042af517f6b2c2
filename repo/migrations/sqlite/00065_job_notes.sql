-- +goose Up
-- What staff, or a brand's sheet, say of a job among themselves.
ALTER TABLE jobs ADD COLUMN note TEXT NOT NULL DEFAULT '';
