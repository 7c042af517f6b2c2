-- +goose Up
-- Evidence of a report: the file lies outside the database, under a random
-- name.
CREATE TABLE evidence (
    id           uuid PRIMARY KEY,
    flag_id      uuid NOT NULL CONSTRAINT evidence_flag REFERENCES flags (id),
    uploaded_by  uuid NOT NULL CONSTRAINT evidence_by REFERENCES users (id),
    created_at   timestamptz NOT NULL,
    media_type   text NOT NULL,
    size         bigint NOT NULL CONSTRAINT evidence_size CHECK (size > 0),
    digest       text NOT NULL,
    file         text NOT NULL CONSTRAINT evidence_file UNIQUE,
    CONSTRAINT evidence_once UNIQUE (flag_id, digest)
);
