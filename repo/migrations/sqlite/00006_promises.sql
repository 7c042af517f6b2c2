-- +goose Up
-- Promises: the brand is measured like its customers.

CREATE TABLE promises (
    id           TEXT NOT NULL PRIMARY KEY,
    version      INTEGER NOT NULL,
    created_at   TIMESTAMP NOT NULL,
    updated_at   TIMESTAMP NOT NULL,
    job_id       TEXT NOT NULL CONSTRAINT promises_job REFERENCES jobs (id),
    customer_id  TEXT NOT NULL CONSTRAINT promises_customer REFERENCES customers (id),
    centre_id    TEXT NOT NULL CONSTRAINT promises_centre REFERENCES centres (id),
    area_id      TEXT NOT NULL CONSTRAINT promises_area REFERENCES areas (id),
    kind         TEXT NOT NULL CONSTRAINT promises_kind CHECK (kind IN ('call_back', 'visit', 'part', 'other')),
    source       TEXT NOT NULL CONSTRAINT promises_source CHECK (source IN ('staff', 'call_me', 'could_not_reach', 'case')),
    what         TEXT NOT NULL,
    owner_id     TEXT NOT NULL CONSTRAINT promises_owner REFERENCES users (id),
    made_by      TEXT CONSTRAINT promises_made_by REFERENCES users (id),
    via_id       TEXT CONSTRAINT promises_via REFERENCES attempts (id),
    due_at       TIMESTAMP NOT NULL,
    status       TEXT NOT NULL CONSTRAINT promises_status CHECK (status IN ('open', 'broken', 'kept', 'kept_late', 'void')),
    contacts     INTEGER NOT NULL,
    step         INTEGER NOT NULL,
    broken_at    TIMESTAMP,
    kept_at      TIMESTAMP,
    kept_id      TEXT CONSTRAINT promises_kept_by REFERENCES attempts (id),
    note         TEXT NOT NULL
);
CREATE INDEX promises_page ON promises (created_at, id);
CREATE INDEX promises_of_job ON promises (job_id, created_at, id);
CREATE INDEX promises_of_customer ON promises (customer_id) WHERE status IN ('open', 'broken');
CREATE INDEX promises_of_owner ON promises (owner_id, status);
CREATE INDEX promises_of_centre ON promises (centre_id, created_at, id);
CREATE INDEX promises_of_area ON promises (area_id, created_at, id);

-- Many calls within an hour are one case.
CREATE INDEX attempts_inbound ON attempts (customer_id, occurred_at) WHERE direction = 'inbound';
