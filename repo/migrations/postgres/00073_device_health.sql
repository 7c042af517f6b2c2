-- +goose Up
-- What a phone says of itself: whether it can ring.
ALTER TABLE devices ADD COLUMN health jsonb NOT NULL DEFAULT 'null';
ALTER TABLE devices ADD COLUMN health_at timestamptz;
