-- +goose Up
-- What a crew told of after it could no longer happen: the visit had been given to
-- others, or had ended. The words are on the timeline; here stands whose it was, so
-- that the same request is the same claim.
CREATE TABLE claims (
    id          uuid NOT NULL PRIMARY KEY,
    visit_id    uuid NOT NULL CONSTRAINT claims_visit REFERENCES visits (id),
    job_id      uuid NOT NULL CONSTRAINT claims_job REFERENCES jobs (id),
    actor_id    uuid NOT NULL CONSTRAINT claims_actor REFERENCES users (id),
    key         text NOT NULL,
    action      text NOT NULL,
    occurred_at timestamptz NOT NULL,
    claimed_at  timestamptz,
    recorded_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX claims_key ON claims (actor_id, key);
CREATE INDEX claims_of_visit ON claims (visit_id);
