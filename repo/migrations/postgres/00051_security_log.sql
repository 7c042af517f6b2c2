-- +goose Up
-- What of security happened: resets, reuse of a refresh token, exports, links read.
-- Without foreign keys: a line outlives what it tells of.
CREATE TABLE security_log (
    id         uuid NOT NULL PRIMARY KEY,
    created_at timestamptz NOT NULL,
    kind       text NOT NULL,
    actor_id   uuid,
    user_id    uuid,
    job_id     uuid,
    detail     text NOT NULL DEFAULT ''
);
CREATE INDEX security_log_by_time ON security_log (created_at, id);
