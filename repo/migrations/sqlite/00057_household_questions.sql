-- +goose Up
-- Whether two rows are one household, asked of whoever triages what lies over one of them.
CREATE TABLE household_questions (
    id          TEXT NOT NULL PRIMARY KEY,
    version     INTEGER NOT NULL,
    created_at  TIMESTAMP NOT NULL,
    updated_at  TIMESTAMP NOT NULL,
    customer_id TEXT NOT NULL CONSTRAINT household_questions_customer REFERENCES customers (id),
    other_id    TEXT NOT NULL CONSTRAINT household_questions_other REFERENCES customers (id),
    area_id     TEXT NOT NULL CONSTRAINT household_questions_area REFERENCES areas (id),
    flag_id     TEXT CONSTRAINT household_questions_flag REFERENCES flags (id),
    status      TEXT NOT NULL,
    critical    BOOLEAN NOT NULL,
    climbed     BOOLEAN NOT NULL,
    words       TEXT NOT NULL,
    due_at      TIMESTAMP NOT NULL,
    decided_at  TIMESTAMP,
    decided_by  TEXT CONSTRAINT household_questions_decided_by REFERENCES users (id),
    reasons     TEXT NOT NULL
);
CREATE INDEX household_questions_of_customer ON household_questions (customer_id) WHERE status = 'asked';
CREATE INDEX household_questions_asked ON household_questions (area_id, due_at) WHERE status = 'asked';
