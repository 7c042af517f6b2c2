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
