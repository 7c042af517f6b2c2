-- +goose Up
-- A stop that came while somebody held its job: it is committed beside, with a
-- hold of the same id as its report will have, and carried out by the clock.
CREATE TABLE received_stops (
    id          uuid PRIMARY KEY,
    flag_id     uuid NOT NULL,
    visit_id    uuid NOT NULL CONSTRAINT received_stops_visit REFERENCES visits (id),
    job_id      uuid NOT NULL CONSTRAINT received_stops_job REFERENCES jobs (id),
    user_id     uuid NOT NULL CONSTRAINT received_stops_user REFERENCES users (id),
    kind        text NOT NULL,
    level       bigint NOT NULL,
    note        text NOT NULL,
    occurred_at timestamptz NOT NULL,
    claimed_at  timestamptz,
    received_at timestamptz NOT NULL
);
CREATE INDEX received_stops_of_visit ON received_stops (visit_id);
ALTER TABLE holds ADD COLUMN stopped_visit_id uuid CONSTRAINT holds_stopped_visit REFERENCES visits (id);
