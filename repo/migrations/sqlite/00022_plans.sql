-- +goose Up
-- Proposals for a centre's day, good for an hour, and the calendars of
-- technicians.

CREATE TABLE day_plans (
    id          TEXT NOT NULL PRIMARY KEY,
    version     INTEGER NOT NULL,
    created_at  TIMESTAMP NOT NULL,
    updated_at  TIMESTAMP NOT NULL,
    centre_id   TEXT NOT NULL CONSTRAINT day_plans_centre REFERENCES centres (id),
    area_id     TEXT NOT NULL CONSTRAINT day_plans_area REFERENCES areas (id),
    date        TEXT NOT NULL,
    expires_at  TIMESTAMP NOT NULL,
    visits      TEXT NOT NULL,
    unplaced    TEXT NOT NULL,
    before      TEXT NOT NULL,
    after       TEXT NOT NULL,
    travel      TEXT NOT NULL,
    accepted    TEXT NOT NULL,
    created_by  TEXT NOT NULL CONSTRAINT day_plans_by REFERENCES users (id)
);
CREATE INDEX day_plans_over ON day_plans (expires_at);

CREATE TABLE feeds (
    id          TEXT NOT NULL PRIMARY KEY,
    version     INTEGER NOT NULL,
    created_at  TIMESTAMP NOT NULL,
    updated_at  TIMESTAMP NOT NULL,
    user_id     TEXT NOT NULL CONSTRAINT feeds_user REFERENCES users (id),
    key_id      TEXT NOT NULL,
    -- Of the address; the address itself is kept nowhere.
    token_hash  TEXT NOT NULL CONSTRAINT feeds_token UNIQUE,
    revoked_at  TIMESTAMP
);
CREATE UNIQUE INDEX feeds_live ON feeds (user_id) WHERE revoked_at IS NULL;

-- Whom a calendar tells that he does not go any more.
CREATE INDEX assignments_left ON assignments (technician_id, window_start, visit_id) WHERE NOT current;
