-- +goose Up
-- Off duty is off duty.

-- Local HH:MM in which only an SOS rings; empty for none.
ALTER TABLE users ADD COLUMN quiet_from text NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN quiet_to text NOT NULL DEFAULT '';
-- One's own wish: ring outside the weekly hours too, though not on leave.
ALTER TABLE users ADD COLUMN rings_always boolean NOT NULL DEFAULT false;

-- Such a notice waits for the next duty of its reader.
ALTER TABLE notices ADD COLUMN waits boolean NOT NULL DEFAULT false;
CREATE INDEX notices_waiting ON notices (user_id) WHERE waits;
