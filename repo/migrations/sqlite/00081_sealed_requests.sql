-- +goose Up
-- What the queue of a lost device held that is about no visit: read by managers, carried out by nobody.
CREATE TABLE sealed_requests (
    id          TEXT NOT NULL PRIMARY KEY,
    created_at  TIMESTAMP NOT NULL,
    user_id     TEXT NOT NULL CONSTRAINT sealed_requests_user REFERENCES users (id),
    device_id   TEXT NOT NULL,
    key         TEXT NOT NULL,
    operation   TEXT NOT NULL,
    path        TEXT NOT NULL,
    body        TEXT NOT NULL,
    CONSTRAINT sealed_requests_once UNIQUE (user_id, key)
);
CREATE INDEX sealed_requests_by_time ON sealed_requests (created_at, id);
