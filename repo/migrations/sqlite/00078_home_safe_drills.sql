-- +goose Up
-- Who wants to be asked after their day whether they came home.
CREATE TABLE home_safe (
    id          TEXT NOT NULL PRIMARY KEY,
    version     INTEGER NOT NULL,
    created_at  TIMESTAMP NOT NULL,
    updated_at  TIMESTAMP NOT NULL,
    user_id     TEXT NOT NULL CONSTRAINT home_safe_user UNIQUE REFERENCES users (id),
    status      TEXT NOT NULL CONSTRAINT home_safe_status CHECK (status IN ('asked', 'pinged', 'desk_asked', 'alarmed', 'ended')),
    by_at       TIMESTAMP NOT NULL,
    asked_at    TIMESTAMP NOT NULL,
    pinged_at   TIMESTAMP,
    ended_at    TIMESTAMP
);

-- Drills of a centre: phones are tried before they are needed.
CREATE TABLE drills (
    id          TEXT NOT NULL PRIMARY KEY,
    version     INTEGER NOT NULL,
    created_at  TIMESTAMP NOT NULL,
    updated_at  TIMESTAMP NOT NULL,
    centre_id   TEXT NOT NULL CONSTRAINT drills_centre REFERENCES centres (id),
    area_id     TEXT NOT NULL CONSTRAINT drills_area REFERENCES areas (id),
    by_id       TEXT NOT NULL CONSTRAINT drills_by REFERENCES users (id),
    status      TEXT NOT NULL CONSTRAINT drills_status CHECK (status IN ('planned', 'rung', 'ended')),
    at          TIMESTAMP NOT NULL,
    people      TEXT NOT NULL
);
CREATE INDEX drills_of_centre ON drills (centre_id, created_at DESC, id DESC);
