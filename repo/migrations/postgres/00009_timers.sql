-- +goose Up
-- The timer of a visit: the server asks whether somebody is well, for the
-- phone may be broken.

-- Hashes; empty: no code is asked for.
ALTER TABLE users ADD COLUMN code_hash text NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN duress_hash text NOT NULL DEFAULT '';

CREATE TABLE timers (
    id           uuid PRIMARY KEY,
    version      bigint NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    visit_id     uuid NOT NULL CONSTRAINT timers_visit REFERENCES visits (id),
    user_id      uuid NOT NULL CONSTRAINT timers_user REFERENCES users (id),
    centre_id    uuid NOT NULL CONSTRAINT timers_centre REFERENCES centres (id),
    area_id      uuid NOT NULL CONSTRAINT timers_area REFERENCES areas (id),
    status       text NOT NULL CONSTRAINT timers_status CHECK (status IN ('armed', 'pinged', 'desk_asked', 'alarmed', 'ended')),
    provisional  boolean NOT NULL,
    base_at      timestamptz NOT NULL,
    extended     bigint NOT NULL,
    due_at       timestamptz NOT NULL,
    pinged_at    timestamptz,
    ping_id      uuid CONSTRAINT timers_ping REFERENCES notices (id) DEFERRABLE INITIALLY DEFERRED,
    pings        bigint NOT NULL,
    ended_at     timestamptz,
    ended_how    text NOT NULL,
    sos_id       uuid CONSTRAINT timers_sos REFERENCES sos (id),
    CONSTRAINT timers_one UNIQUE (visit_id, user_id)
);
CREATE INDEX timers_of_centre ON timers (centre_id, created_at);
