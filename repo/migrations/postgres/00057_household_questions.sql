-- +goose Up
-- Whether two rows are one household, asked of whoever triages what lies over one of them.
CREATE TABLE household_questions (
    id          uuid NOT NULL PRIMARY KEY,
    version     bigint NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    customer_id uuid NOT NULL CONSTRAINT household_questions_customer REFERENCES customers (id),
    other_id    uuid NOT NULL CONSTRAINT household_questions_other REFERENCES customers (id),
    area_id     uuid NOT NULL CONSTRAINT household_questions_area REFERENCES areas (id),
    flag_id     uuid CONSTRAINT household_questions_flag REFERENCES flags (id),
    status      text NOT NULL,
    critical    boolean NOT NULL,
    climbed     boolean NOT NULL,
    words       text NOT NULL,
    due_at      timestamptz NOT NULL,
    decided_at  timestamptz,
    decided_by  uuid CONSTRAINT household_questions_decided_by REFERENCES users (id),
    reasons     text NOT NULL
);
CREATE INDEX household_questions_of_customer ON household_questions (customer_id) WHERE status = 'asked';
CREATE INDEX household_questions_asked ON household_questions (area_id, due_at) WHERE status = 'asked';
