-- +goose Up
-- The household's own professional is a witness of a try, too.
ALTER TABLE tried_steps DROP CONSTRAINT tried_steps_watched_by;
ALTER TABLE tried_steps ADD CONSTRAINT tried_steps_watched_by CHECK (watched_by IN ('nobody', 'household', 'professional', 'household_professional'));
