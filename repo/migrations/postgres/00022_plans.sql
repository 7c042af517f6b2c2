-- +goose Up
-- Proposals for a centre's day, good for an hour, and the calendars of
-- technicians.

CREATE TABLE day_plans (
    id          uuid PRIMARY KEY,
    version     bigint NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    centre_id   uuid NOT NULL CONSTRAINT day_plans_centre REFERENCES centres (id),
    area_id     uuid NOT NULL CONSTRAINT day_plans_area REFERENCES areas (id),
    date        text NOT NULL,
    expires_at  timestamptz NOT NULL,
    visits      jsonb NOT NULL,
    unplaced    jsonb NOT NULL,
    before      jsonb NOT NULL,
    after       jsonb NOT NULL,
    travel      jsonb NOT NULL,
    accepted    jsonb NOT NULL,
    created_by  uuid NOT NULL CONSTRAINT day_plans_by REFERENCES users (id)
);
CREATE INDEX day_plans_over ON day_plans (expires_at);

CREATE TABLE feeds (
    id          uuid PRIMARY KEY,
    version     bigint NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    user_id     uuid NOT NULL CONSTRAINT feeds_user REFERENCES users (id),
    key_id      text NOT NULL,
    -- Of the address; the address itself is kept nowhere.
    token_hash  text NOT NULL CONSTRAINT feeds_token UNIQUE,
    revoked_at  timestamptz
);
CREATE UNIQUE INDEX feeds_live ON feeds (user_id) WHERE revoked_at IS NULL;

-- Whom a calendar tells that he does not go any more.
CREATE INDEX assignments_left ON assignments (technician_id, window_start, visit_id) WHERE NOT current;
