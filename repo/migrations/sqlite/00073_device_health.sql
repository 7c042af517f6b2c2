-- +goose Up
-- What a phone says of itself: whether it can ring.
ALTER TABLE devices ADD COLUMN health TEXT NOT NULL DEFAULT 'null';
ALTER TABLE devices ADD COLUMN health_at TIMESTAMP;
