-- +goose Up
-- Where the phone of somebody in need was, while their alarm stands.
CREATE TABLE sos_trail (
    sos_id       uuid NOT NULL CONSTRAINT sos_trail_sos REFERENCES sos (id),
    at           timestamptz NOT NULL,
    recorded_at  timestamptz NOT NULL,
    lat          double precision,
    lon          double precision,
    accuracy_m   bigint,
    battery      bigint,
    sound        text NOT NULL,
    PRIMARY KEY (sos_id, at)
);
CREATE INDEX sos_trail_kept ON sos_trail (recorded_at);
ALTER TABLE sos ADD COLUMN last_seen jsonb NOT NULL DEFAULT 'null';
