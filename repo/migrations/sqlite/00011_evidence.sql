-- +goose Up
-- Evidence of a report: the file lies outside the database, under a random
-- name.
CREATE TABLE evidence (
    id           TEXT NOT NULL PRIMARY KEY,
    flag_id      TEXT NOT NULL CONSTRAINT evidence_flag REFERENCES flags (id),
    uploaded_by  TEXT NOT NULL CONSTRAINT evidence_by REFERENCES users (id),
    created_at   TIMESTAMP NOT NULL,
    media_type   TEXT NOT NULL,
    size         INTEGER NOT NULL CONSTRAINT evidence_size CHECK (size > 0),
    digest       TEXT NOT NULL,
    file         TEXT NOT NULL CONSTRAINT evidence_file UNIQUE,
    CONSTRAINT evidence_once UNIQUE (flag_id, digest)
);
