-- +goose Up
-- Who wants to be asked after their day whether they came home.
CREATE TABLE home_safe (
    id          uuid NOT NULL PRIMARY KEY,
    version     bigint NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    user_id     uuid NOT NULL CONSTRAINT home_safe_user UNIQUE REFERENCES users (id),
    status      text NOT NULL CONSTRAINT home_safe_status CHECK (status IN ('asked', 'pinged', 'desk_asked', 'alarmed', 'ended')),
    by_at       timestamptz NOT NULL,
    asked_at    timestamptz NOT NULL,
    pinged_at   timestamptz,
    ended_at    timestamptz
);

-- Drills of a centre: phones are tried before they are needed.
CREATE TABLE drills (
    id          uuid NOT NULL PRIMARY KEY,
    version     bigint NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    centre_id   uuid NOT NULL CONSTRAINT drills_centre REFERENCES centres (id),
    area_id     uuid NOT NULL CONSTRAINT drills_area REFERENCES areas (id),
    by_id       uuid NOT NULL CONSTRAINT drills_by REFERENCES users (id),
    status      text NOT NULL CONSTRAINT drills_status CHECK (status IN ('planned', 'rung', 'ended')),
    at          timestamptz NOT NULL,
    people      jsonb NOT NULL
);
CREATE INDEX drills_of_centre ON drills (centre_id, created_at DESC, id DESC);
