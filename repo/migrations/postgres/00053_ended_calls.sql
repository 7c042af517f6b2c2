-- +goose Up
-- A pause is offered after an abusive call as well.
ALTER TABLE cool_offs ALTER COLUMN flag_id DROP NOT NULL;
ALTER TABLE cool_offs ADD COLUMN attempt_id uuid CONSTRAINT cool_offs_attempt UNIQUE REFERENCES attempts (id);
ALTER TABLE cool_offs ADD CONSTRAINT cool_offs_of CHECK (flag_id IS NOT NULL OR attempt_id IS NOT NULL);
