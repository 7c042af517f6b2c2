-- +goose Up
-- Promises: the brand is measured like its customers.

CREATE TABLE promises (
    id           uuid PRIMARY KEY,
    version      bigint NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    job_id       uuid NOT NULL CONSTRAINT promises_job REFERENCES jobs (id),
    customer_id  uuid NOT NULL CONSTRAINT promises_customer REFERENCES customers (id),
    centre_id    uuid NOT NULL CONSTRAINT promises_centre REFERENCES centres (id),
    area_id      uuid NOT NULL CONSTRAINT promises_area REFERENCES areas (id),
    kind         text NOT NULL CONSTRAINT promises_kind CHECK (kind IN ('call_back', 'visit', 'part', 'other')),
    source       text NOT NULL CONSTRAINT promises_source CHECK (source IN ('staff', 'call_me', 'could_not_reach', 'case')),
    what         text NOT NULL,
    owner_id     uuid NOT NULL CONSTRAINT promises_owner REFERENCES users (id),
    made_by      uuid CONSTRAINT promises_made_by REFERENCES users (id),
    via_id       uuid CONSTRAINT promises_via REFERENCES attempts (id),
    due_at       timestamptz NOT NULL,
    status       text NOT NULL CONSTRAINT promises_status CHECK (status IN ('open', 'broken', 'kept', 'kept_late', 'void')),
    contacts     bigint NOT NULL,
    step         bigint NOT NULL,
    broken_at    timestamptz,
    kept_at      timestamptz,
    kept_id      uuid CONSTRAINT promises_kept_by REFERENCES attempts (id),
    note         text NOT NULL
);
CREATE INDEX promises_page ON promises (created_at, id);
CREATE INDEX promises_of_job ON promises (job_id, created_at, id);
CREATE INDEX promises_of_customer ON promises (customer_id) WHERE status IN ('open', 'broken');
CREATE INDEX promises_of_owner ON promises (owner_id, status);
CREATE INDEX promises_of_centre ON promises (centre_id, created_at, id);
CREATE INDEX promises_of_area ON promises (area_id, created_at, id);

-- Many calls within an hour are one case.
CREATE INDEX attempts_inbound ON attempts (customer_id, occurred_at) WHERE direction = 'inbound';
