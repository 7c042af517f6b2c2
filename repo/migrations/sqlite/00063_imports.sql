-- +goose Up
-- Imports as records: who, for which centre, how far; what each row changed, for an hour in which it
-- can be taken back; what a centre answered to the questions of its sheets.
CREATE TABLE imports (
    id         TEXT NOT NULL PRIMARY KEY,
    version    INTEGER NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    centre_id  TEXT NOT NULL CONSTRAINT imports_centre REFERENCES centres (id),
    area_id    TEXT NOT NULL CONSTRAINT imports_area REFERENCES areas (id),
    by_id      TEXT NOT NULL CONSTRAINT imports_by REFERENCES users (id),
    digest     TEXT NOT NULL,
    rows       INTEGER NOT NULL,
    rows_done  INTEGER NOT NULL,
    created    INTEGER NOT NULL,
    updated    INTEGER NOT NULL,
    unchanged  INTEGER NOT NULL,
    asks       INTEGER NOT NULL,
    rejected   INTEGER NOT NULL,
    ended_at   TIMESTAMP,
    undone_at  TIMESTAMP,
    undone_by  TEXT CONSTRAINT imports_undone_by REFERENCES users (id)
);
CREATE INDEX imports_of_centre ON imports (centre_id, created_at);
CREATE INDEX imports_by_time ON imports (created_at, id);
CREATE TABLE import_changes (
    id        TEXT NOT NULL PRIMARY KEY,
    import_id TEXT NOT NULL CONSTRAINT import_changes_import REFERENCES imports (id) ON DELETE CASCADE,
    job_id    TEXT NOT NULL CONSTRAINT import_changes_job REFERENCES jobs (id),
    line      INTEGER NOT NULL,
    at        TIMESTAMP NOT NULL,
    created   BOOLEAN NOT NULL,
    undone    BOOLEAN NOT NULL,
    was       TEXT NOT NULL,
    became    TEXT NOT NULL
);
CREATE INDEX import_changes_of_import ON import_changes (import_id, line);
CREATE INDEX import_changes_of_job ON import_changes (job_id);
CREATE INDEX import_changes_by_time ON import_changes (at);
CREATE TABLE import_answers (
    centre_id TEXT NOT NULL CONSTRAINT import_answers_centre REFERENCES centres (id),
    about     TEXT NOT NULL,
    answer    TEXT NOT NULL,
    by_id     TEXT NOT NULL CONSTRAINT import_answers_by REFERENCES users (id),
    at        TIMESTAMP NOT NULL,
    PRIMARY KEY (centre_id, about)
);
