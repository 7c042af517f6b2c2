-- +goose Up
-- What the queue of a lost device held that is about no visit: read by managers, carried out by nobody.
CREATE TABLE sealed_requests (
    id          uuid NOT NULL PRIMARY KEY,
    created_at  timestamptz NOT NULL,
    user_id     uuid NOT NULL CONSTRAINT sealed_requests_user REFERENCES users (id),
    device_id   uuid NOT NULL,
    key         text NOT NULL,
    operation   text NOT NULL,
    path        text NOT NULL,
    body        text NOT NULL,
    CONSTRAINT sealed_requests_once UNIQUE (user_id, key)
);
CREATE INDEX sealed_requests_by_time ON sealed_requests (created_at, id);
