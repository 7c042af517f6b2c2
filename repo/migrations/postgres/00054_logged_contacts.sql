-- +goose Up
-- A contact by phone number alone is received as one row, whoever has the number; what
-- follows for a known household is carried out right after.
ALTER TABLE stray_contacts ADD COLUMN claimed_at timestamptz;
ALTER TABLE stray_contacts ADD COLUMN flag text NOT NULL DEFAULT 'null';
ALTER TABLE stray_contacts ADD COLUMN matched boolean NOT NULL DEFAULT FALSE;
