-- +goose Up
-- When the household was told of a promise; what was promised before this was kept track of stands as told.
ALTER TABLE promises ADD COLUMN told_at TIMESTAMP;
UPDATE promises SET told_at = created_at;
