-- +goose Up
-- A drill that is planned can be taken back.
CREATE TABLE drills_new (
    id          TEXT NOT NULL PRIMARY KEY,
    version     INTEGER NOT NULL,
    created_at  TIMESTAMP NOT NULL,
    updated_at  TIMESTAMP NOT NULL,
    centre_id   TEXT NOT NULL CONSTRAINT drills_centre REFERENCES centres (id),
    area_id     TEXT NOT NULL CONSTRAINT drills_area REFERENCES areas (id),
    by_id       TEXT NOT NULL CONSTRAINT drills_by REFERENCES users (id),
    status      TEXT NOT NULL CONSTRAINT drills_status CHECK (status IN ('planned', 'rung', 'ended', 'cancelled')),
    at          TIMESTAMP NOT NULL,
    people      TEXT NOT NULL
);
INSERT INTO drills_new (id, version, created_at, updated_at, centre_id, area_id, by_id, status, at, people)
    SELECT id, version, created_at, updated_at, centre_id, area_id, by_id, status, at, people FROM drills;
DROP TABLE drills;
ALTER TABLE drills_new RENAME TO drills;
CREATE INDEX drills_of_centre ON drills (centre_id, created_at DESC, id DESC);
