-- +goose Up
-- What of security happened: resets, reuse of a refresh token, exports, links read.
-- Without foreign keys: a line outlives what it tells of.
CREATE TABLE security_log (
    id         TEXT NOT NULL PRIMARY KEY,
    created_at TIMESTAMP NOT NULL,
    kind       TEXT NOT NULL,
    actor_id   TEXT,
    user_id    TEXT,
    job_id     TEXT,
    detail     TEXT NOT NULL DEFAULT ''
);
CREATE INDEX security_log_by_time ON security_log (created_at, id);
