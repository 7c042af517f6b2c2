-- +goose Up
-- Off duty is off duty.

-- Local HH:MM in which only an SOS rings; empty for none.
ALTER TABLE users ADD COLUMN quiet_from TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN quiet_to TEXT NOT NULL DEFAULT '';
-- One's own wish: ring outside the weekly hours too, though not on leave.
ALTER TABLE users ADD COLUMN rings_always BOOLEAN NOT NULL DEFAULT FALSE;

-- Such a notice waits for the next duty of its reader.
ALTER TABLE notices ADD COLUMN waits BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX notices_waiting ON notices (user_id) WHERE waits;
