-- +goose Up
-- SOS: durable, rung tier by tier until somebody answers.

-- Who is rung first beside the proprietor: one's own choice.
ALTER TABLE users ADD COLUMN colleague_id TEXT CONSTRAINT users_colleague REFERENCES users (id);
CREATE INDEX users_by_colleague ON users (colleague_id) WHERE colleague_id IS NOT NULL;

-- A centre's own ladder; empty: the brand's default.
ALTER TABLE centres ADD COLUMN ladder TEXT NOT NULL DEFAULT '[]';

CREATE TABLE sos (
    id               TEXT NOT NULL PRIMARY KEY,
    version          INTEGER NOT NULL,
    created_at       TIMESTAMP NOT NULL,
    updated_at       TIMESTAMP NOT NULL,
    raiser_id        TEXT NOT NULL CONSTRAINT sos_raiser REFERENCES users (id),
    centre_id        TEXT CONSTRAINT sos_centre REFERENCES centres (id),
    area_id          TEXT CONSTRAINT sos_area REFERENCES areas (id),
    visit_id         TEXT CONSTRAINT sos_visit REFERENCES visits (id),
    job_id           TEXT CONSTRAINT sos_job REFERENCES jobs (id),
    country          TEXT NOT NULL,
    source           TEXT NOT NULL CONSTRAINT sos_source CHECK (source IN ('tap', 'timer', 'duress')),
    note             TEXT NOT NULL,
    lat              REAL,
    lon              REAL,
    avoid            TEXT NOT NULL,
    occurred_at      TIMESTAMP NOT NULL,
    claimed_at       TIMESTAMP,
    recorded_at      TIMESTAMP NOT NULL,
    status           TEXT NOT NULL CONSTRAINT sos_status CHECK (status IN ('raised', 'acknowledged', 'resolved')),
    tier             INTEGER NOT NULL,
    round            INTEGER NOT NULL,
    rung             TEXT NOT NULL,
    owner_id         TEXT CONSTRAINT sos_owner REFERENCES users (id),
    offered_to       TEXT CONSTRAINT sos_offered REFERENCES users (id),
    acknowledged_at  TIMESTAMP,
    resolved_at      TIMESTAMP,
    resolved_by      TEXT CONSTRAINT sos_resolved_by REFERENCES users (id),
    outcome          TEXT NOT NULL,
    words            TEXT NOT NULL
);
CREATE INDEX sos_page ON sos (created_at, id);
CREATE INDEX sos_open ON sos (raiser_id) WHERE status <> 'resolved';
CREATE INDEX sos_of_centre ON sos (centre_id, created_at, id);
CREATE INDEX sos_of_area ON sos (area_id, created_at, id);
