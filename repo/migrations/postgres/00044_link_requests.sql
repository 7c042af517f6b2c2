-- +goose Up
-- What somebody asked by a link that staff had read: it waits to be verified, or was
-- done and may be undone.
CREATE TABLE link_requests (
    id          uuid NOT NULL PRIMARY KEY,
    version     bigint NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    job_id      uuid NOT NULL CONSTRAINT link_requests_job REFERENCES jobs (id),
    centre_id   uuid NOT NULL CONSTRAINT link_requests_centre REFERENCES centres (id),
    area_id     uuid NOT NULL CONSTRAINT link_requests_area REFERENCES areas (id),
    customer_id uuid NOT NULL CONSTRAINT link_requests_customer REFERENCES customers (id),
    link_id     uuid NOT NULL CONSTRAINT link_requests_link REFERENCES links (id),
    visit_id    uuid CONSTRAINT link_requests_visit REFERENCES visits (id),
    flag_id     uuid CONSTRAINT link_requests_flag REFERENCES flags (id),
    action      text NOT NULL,
    words       text NOT NULL,
    status      text NOT NULL,
    occurred_at timestamptz NOT NULL,
    due_at      timestamptz NOT NULL,
    code_tries  integer NOT NULL,
    was_said    text NOT NULL,
    was_how     text NOT NULL,
    decided_at  timestamptz,
    decided_by  uuid CONSTRAINT link_requests_decided_by REFERENCES users (id),
    reasons     text NOT NULL
);
CREATE INDEX link_requests_of_job ON link_requests (job_id);
CREATE INDEX link_requests_waiting ON link_requests (area_id, due_at) WHERE status = 'pending';
