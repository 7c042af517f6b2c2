-- +goose Up
-- Imports as records: who, for which centre, how far; what each row changed, for an hour in which it
-- can be taken back; what a centre answered to the questions of its sheets.
CREATE TABLE imports (
    id         uuid NOT NULL PRIMARY KEY,
    version    bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    centre_id  uuid NOT NULL CONSTRAINT imports_centre REFERENCES centres (id),
    area_id    uuid NOT NULL CONSTRAINT imports_area REFERENCES areas (id),
    by_id      uuid NOT NULL CONSTRAINT imports_by REFERENCES users (id),
    digest     text NOT NULL,
    rows       bigint NOT NULL,
    rows_done  bigint NOT NULL,
    created    bigint NOT NULL,
    updated    bigint NOT NULL,
    unchanged  bigint NOT NULL,
    asks       bigint NOT NULL,
    rejected   bigint NOT NULL,
    ended_at   timestamptz,
    undone_at  timestamptz,
    undone_by  uuid CONSTRAINT imports_undone_by REFERENCES users (id)
);
CREATE INDEX imports_of_centre ON imports (centre_id, created_at);
CREATE INDEX imports_by_time ON imports (created_at, id);
CREATE TABLE import_changes (
    id        uuid NOT NULL PRIMARY KEY,
    import_id uuid NOT NULL CONSTRAINT import_changes_import REFERENCES imports (id) ON DELETE CASCADE,
    job_id    uuid NOT NULL CONSTRAINT import_changes_job REFERENCES jobs (id),
    line      bigint NOT NULL,
    at        timestamptz NOT NULL,
    created   boolean NOT NULL,
    undone    boolean NOT NULL,
    was       jsonb NOT NULL,
    became    jsonb NOT NULL
);
CREATE INDEX import_changes_of_import ON import_changes (import_id, line);
CREATE INDEX import_changes_of_job ON import_changes (job_id);
CREATE INDEX import_changes_by_time ON import_changes (at);
CREATE TABLE import_answers (
    centre_id uuid NOT NULL CONSTRAINT import_answers_centre REFERENCES centres (id),
    about     text NOT NULL,
    answer    text NOT NULL,
    by_id     uuid NOT NULL CONSTRAINT import_answers_by REFERENCES users (id),
    at        timestamptz NOT NULL,
    PRIMARY KEY (centre_id, about)
);
