-- +goose Up
-- Several alarms that ring the same people share their rings.
ALTER TABLE sos ADD COLUMN rang jsonb NOT NULL DEFAULT 'null';
ALTER TABLE sos ADD COLUMN rings_again timestamptz;
CREATE INDEX sos_ringing ON sos (created_at, id) WHERE status = 'raised';
