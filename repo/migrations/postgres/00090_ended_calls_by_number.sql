-- +goose Up
-- A pause is offered after an abusive call that was ended by number alone as well.
ALTER TABLE cool_offs ADD COLUMN contact_id uuid CONSTRAINT cool_offs_contact UNIQUE REFERENCES stray_contacts (id);
ALTER TABLE cool_offs DROP CONSTRAINT cool_offs_of;
ALTER TABLE cool_offs ADD CONSTRAINT cool_offs_of CHECK (flag_id IS NOT NULL OR attempt_id IS NOT NULL OR contact_id IS NOT NULL);
