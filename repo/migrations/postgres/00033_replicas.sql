-- +goose Up
-- When each running server last wrote: it is ready only while it can. Rows of
-- those that are gone are forgotten by the next start.
CREATE TABLE replicas (
    id       uuid PRIMARY KEY,
    seen_at  timestamptz NOT NULL
);
