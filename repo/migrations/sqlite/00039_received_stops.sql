-- +goose Up
-- A stop that came while somebody held its job: it is committed beside, with a
-- hold of the same id as its report will have, and carried out by the clock.
CREATE TABLE received_stops (
    id          TEXT NOT NULL PRIMARY KEY,
    flag_id     TEXT NOT NULL,
    visit_id    TEXT NOT NULL CONSTRAINT received_stops_visit REFERENCES visits (id),
    job_id      TEXT NOT NULL CONSTRAINT received_stops_job REFERENCES jobs (id),
    user_id     TEXT NOT NULL CONSTRAINT received_stops_user REFERENCES users (id),
    kind        TEXT NOT NULL,
    level       INTEGER NOT NULL,
    note        TEXT NOT NULL,
    occurred_at TIMESTAMP NOT NULL,
    claimed_at  TIMESTAMP,
    received_at TIMESTAMP NOT NULL
);
CREATE INDEX received_stops_of_visit ON received_stops (visit_id);
ALTER TABLE holds ADD COLUMN stopped_visit_id TEXT CONSTRAINT holds_stopped_visit REFERENCES visits (id);
