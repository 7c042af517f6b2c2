-- +goose Up
-- Where the phone of somebody in need was, while their alarm stands.
CREATE TABLE sos_trail (
    sos_id       TEXT NOT NULL CONSTRAINT sos_trail_sos REFERENCES sos (id),
    at           TIMESTAMP NOT NULL,
    recorded_at  TIMESTAMP NOT NULL,
    lat          REAL,
    lon          REAL,
    accuracy_m   INTEGER,
    battery      INTEGER,
    sound        TEXT NOT NULL,
    PRIMARY KEY (sos_id, at)
);
CREATE INDEX sos_trail_kept ON sos_trail (recorded_at);
ALTER TABLE sos ADD COLUMN last_seen TEXT NOT NULL DEFAULT 'null';
