-- +goose Up
-- SOS: durable, rung tier by tier until somebody answers.

-- Who is rung first beside the proprietor: one's own choice.
ALTER TABLE users ADD COLUMN colleague_id uuid CONSTRAINT users_colleague REFERENCES users (id);
CREATE INDEX users_by_colleague ON users (colleague_id) WHERE colleague_id IS NOT NULL;

-- A centre's own ladder; empty: the brand's default.
ALTER TABLE centres ADD COLUMN ladder jsonb NOT NULL DEFAULT '[]';

CREATE TABLE sos (
    id               uuid PRIMARY KEY,
    version          bigint NOT NULL,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    raiser_id        uuid NOT NULL CONSTRAINT sos_raiser REFERENCES users (id),
    centre_id        uuid CONSTRAINT sos_centre REFERENCES centres (id),
    area_id          uuid CONSTRAINT sos_area REFERENCES areas (id),
    visit_id         uuid CONSTRAINT sos_visit REFERENCES visits (id),
    job_id           uuid CONSTRAINT sos_job REFERENCES jobs (id),
    country          text NOT NULL,
    source           text NOT NULL CONSTRAINT sos_source CHECK (source IN ('tap', 'timer', 'duress')),
    note             text NOT NULL,
    lat              double precision,
    lon              double precision,
    avoid            jsonb NOT NULL,
    occurred_at      timestamptz NOT NULL,
    claimed_at       timestamptz,
    recorded_at      timestamptz NOT NULL,
    status           text NOT NULL CONSTRAINT sos_status CHECK (status IN ('raised', 'acknowledged', 'resolved')),
    tier             bigint NOT NULL,
    round            bigint NOT NULL,
    rung             jsonb NOT NULL,
    owner_id         uuid CONSTRAINT sos_owner REFERENCES users (id),
    offered_to       uuid CONSTRAINT sos_offered REFERENCES users (id),
    acknowledged_at  timestamptz,
    resolved_at      timestamptz,
    resolved_by      uuid CONSTRAINT sos_resolved_by REFERENCES users (id),
    outcome          text NOT NULL,
    words            text NOT NULL
);
CREATE INDEX sos_page ON sos (created_at, id);
CREATE INDEX sos_open ON sos (raiser_id) WHERE status <> 'resolved';
CREATE INDEX sos_of_centre ON sos (centre_id, created_at, id);
CREATE INDEX sos_of_area ON sos (area_id, created_at, id);
