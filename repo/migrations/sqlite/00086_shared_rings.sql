-- +goose Up
-- Several alarms that ring the same people share their rings.
ALTER TABLE sos ADD COLUMN rang TEXT NOT NULL DEFAULT 'null';
ALTER TABLE sos ADD COLUMN rings_again TIMESTAMP;
CREATE INDEX sos_ringing ON sos (created_at, id) WHERE status = 'raised';
