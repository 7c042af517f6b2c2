-- +goose Up
-- A completion check that nobody answers in time ends by itself.
CREATE TABLE done_checks_new (
    id           TEXT NOT NULL PRIMARY KEY,
    version      INTEGER NOT NULL,
    created_at   TIMESTAMP NOT NULL,
    updated_at   TIMESTAMP NOT NULL,
    job_id       TEXT NOT NULL CONSTRAINT done_checks_job REFERENCES jobs (id),
    visit_id     TEXT NOT NULL CONSTRAINT done_checks_visit UNIQUE REFERENCES visits (id),
    centre_id    TEXT NOT NULL CONSTRAINT done_checks_centre REFERENCES centres (id),
    area_id      TEXT NOT NULL CONSTRAINT done_checks_area REFERENCES areas (id),
    due_at       TIMESTAMP NOT NULL,
    status       TEXT NOT NULL CONSTRAINT done_checks_status
                 CHECK (status IN ('open', 'confirmed', 'not_done', 'not_reached', 'settled', 'not_answered')),
    by_id        TEXT CONSTRAINT done_checks_by REFERENCES users (id),
    done_at      TIMESTAMP,
    note         TEXT NOT NULL
);
INSERT INTO done_checks_new SELECT id, version, created_at, updated_at, job_id, visit_id, centre_id, area_id, due_at, status, by_id, done_at, note
FROM done_checks;
DROP TABLE done_checks;
ALTER TABLE done_checks_new RENAME TO done_checks;
CREATE INDEX done_checks_page ON done_checks (created_at, id);
INSERT INTO deadlines (id, kind, subject_id, job_id, due_at)
SELECT lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-8' || substr(hex(randomblob(2)), 2) ||
    '-' || hex(randomblob(6))), 'check', id, job_id, due_at FROM done_checks WHERE status = 'open';
