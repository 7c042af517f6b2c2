-- +goose Up
-- When somebody signed in for the first time; before that a first password may
-- be handed over in person.
ALTER TABLE users ADD COLUMN signed_in_at TIMESTAMP;
UPDATE users SET signed_in_at = created_at WHERE password_hash <> '';

-- Who asked for a way to set a password, and how it went to its person. What
-- was handed to others until now sets no password any more.
ALTER TABLE invitations ADD COLUMN created_by TEXT CONSTRAINT invitations_created_by REFERENCES users (id);
ALTER TABLE invitations ADD COLUMN sent_by TEXT NOT NULL DEFAULT '[]';
ALTER TABLE invitations ADD COLUMN note TEXT NOT NULL DEFAULT '';
UPDATE invitations SET used_at = expires_at WHERE used_at IS NULL;

-- A push token has one owner and ends with the session that registered it.
ALTER TABLE devices ADD COLUMN session_id TEXT;
UPDATE devices SET dropped_at = updated_at, drop_reason = 'another owner' WHERE dropped_at IS NULL AND EXISTS (SELECT 1 FROM devices later
    WHERE later.token = devices.token AND later.dropped_at IS NULL
      AND (later.updated_at > devices.updated_at OR later.updated_at = devices.updated_at AND later.installation_id > devices.installation_id));
CREATE INDEX devices_by_token ON devices (token) WHERE dropped_at IS NULL;

CREATE INDEX devices_of_link ON devices (link_id) WHERE link_id IS NOT NULL;

-- Whose eyes a stored answer was for.
ALTER TABLE idempotency ADD COLUMN standing TEXT NOT NULL DEFAULT '';
