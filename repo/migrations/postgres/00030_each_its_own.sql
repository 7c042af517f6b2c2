-- +goose Up
-- Each report keeps apart by itself: what ends one exclusion of a pair leaves
-- the others.
DROP INDEX exclusions_in_force;
CREATE UNIQUE INDEX exclusions_in_force ON exclusions (customer_id, user_id, flag_id) WHERE lifted_at IS NULL;

-- The visits to that home that he lost by it; they stay payable. Of these, those
-- to which the person of a report was on his way.
ALTER TABLE exclusions ADD COLUMN visits jsonb NOT NULL DEFAULT '[]';
ALTER TABLE exclusions ADD COLUMN turned_back jsonb NOT NULL DEFAULT '[]';

-- When the person of a report said that he had come to the home from which he
-- was turned back.
ALTER TABLE flags ADD COLUMN came_at timestamptz;
