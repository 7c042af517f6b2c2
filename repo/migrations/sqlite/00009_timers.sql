-- +goose Up
-- The timer of a visit: the server asks whether somebody is well, for the
-- phone may be broken.

-- Hashes; empty: no code is asked for.
ALTER TABLE users ADD COLUMN code_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN duress_hash TEXT NOT NULL DEFAULT '';

CREATE TABLE timers (
    id           TEXT NOT NULL PRIMARY KEY,
    version      INTEGER NOT NULL,
    created_at   TIMESTAMP NOT NULL,
    updated_at   TIMESTAMP NOT NULL,
    visit_id     TEXT NOT NULL CONSTRAINT timers_visit REFERENCES visits (id),
    user_id      TEXT NOT NULL CONSTRAINT timers_user REFERENCES users (id),
    centre_id    TEXT NOT NULL CONSTRAINT timers_centre REFERENCES centres (id),
    area_id      TEXT NOT NULL CONSTRAINT timers_area REFERENCES areas (id),
    status       TEXT NOT NULL CONSTRAINT timers_status CHECK (status IN ('armed', 'pinged', 'desk_asked', 'alarmed', 'ended')),
    provisional  BOOLEAN NOT NULL,
    base_at      TIMESTAMP NOT NULL,
    extended     INTEGER NOT NULL,
    due_at       TIMESTAMP NOT NULL,
    pinged_at    TIMESTAMP,
    ping_id      TEXT CONSTRAINT timers_ping REFERENCES notices (id) DEFERRABLE INITIALLY DEFERRED,
    pings        INTEGER NOT NULL,
    ended_at     TIMESTAMP,
    ended_how    TEXT NOT NULL,
    sos_id       TEXT CONSTRAINT timers_sos REFERENCES sos (id),
    CONSTRAINT timers_one UNIQUE (visit_id, user_id)
);
CREATE INDEX timers_of_centre ON timers (centre_id, created_at);
