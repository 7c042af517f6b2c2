-- +goose Up
-- What somebody asked by a link that staff had read: it waits to be verified, or was
-- done and may be undone.
CREATE TABLE link_requests (
    id          TEXT NOT NULL PRIMARY KEY,
    version     INTEGER NOT NULL,
    created_at  TIMESTAMP NOT NULL,
    updated_at  TIMESTAMP NOT NULL,
    job_id      TEXT NOT NULL CONSTRAINT link_requests_job REFERENCES jobs (id),
    centre_id   TEXT NOT NULL CONSTRAINT link_requests_centre REFERENCES centres (id),
    area_id     TEXT NOT NULL CONSTRAINT link_requests_area REFERENCES areas (id),
    customer_id TEXT NOT NULL CONSTRAINT link_requests_customer REFERENCES customers (id),
    link_id     TEXT NOT NULL CONSTRAINT link_requests_link REFERENCES links (id),
    visit_id    TEXT CONSTRAINT link_requests_visit REFERENCES visits (id),
    flag_id     TEXT CONSTRAINT link_requests_flag REFERENCES flags (id),
    action      TEXT NOT NULL,
    words       TEXT NOT NULL,
    status      TEXT NOT NULL,
    occurred_at TIMESTAMP NOT NULL,
    due_at      TIMESTAMP NOT NULL,
    code_tries  INTEGER NOT NULL,
    was_said    TEXT NOT NULL,
    was_how     TEXT NOT NULL,
    decided_at  TIMESTAMP,
    decided_by  TEXT CONSTRAINT link_requests_decided_by REFERENCES users (id),
    reasons     TEXT NOT NULL
);
CREATE INDEX link_requests_of_job ON link_requests (job_id);
CREATE INDEX link_requests_waiting ON link_requests (area_id, due_at) WHERE status = 'pending';
