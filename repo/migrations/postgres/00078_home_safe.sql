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
