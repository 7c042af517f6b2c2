-- +goose Up
-- Other hours of a technician on a date; none on it: a day off.
ALTER TABLE users ADD COLUMN exceptions jsonb NOT NULL DEFAULT '[]';
