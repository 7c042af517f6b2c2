-- +goose Up
-- Two-sided facts: what the household was told of, what it disputes, and
-- whether it says that the work is done.

ALTER TABLE attempts ADD COLUMN told_at timestamptz;
-- The link by which a contact came.
ALTER TABLE attempts ADD COLUMN link_id uuid CONSTRAINT attempts_link REFERENCES links (id);
CREATE INDEX attempts_by_link ON attempts (link_id) WHERE link_id IS NOT NULL;

ALTER TABLE visits ADD COLUMN told_at timestamptz;
-- The contact in which the household agreed to the time.
ALTER TABLE visits ADD COLUMN agreed_id uuid CONSTRAINT visits_agreed REFERENCES attempts (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE visits ADD COLUMN disputed boolean NOT NULL DEFAULT false;
ALTER TABLE visits ADD COLUMN done_confirmed_at timestamptz;
ALTER TABLE visits ADD COLUMN done_confirmed_how text NOT NULL DEFAULT '';
ALTER TABLE visits ADD COLUMN end_code_tries bigint NOT NULL DEFAULT 0;

CREATE TABLE disputes (
    id           uuid PRIMARY KEY,
    version      bigint NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    job_id       uuid NOT NULL CONSTRAINT disputes_job REFERENCES jobs (id),
    centre_id    uuid NOT NULL CONSTRAINT disputes_centre REFERENCES centres (id),
    area_id      uuid NOT NULL CONSTRAINT disputes_area REFERENCES areas (id),
    customer_id  uuid NOT NULL CONSTRAINT disputes_customer REFERENCES customers (id),
    attempt_id   uuid CONSTRAINT disputes_attempt REFERENCES attempts (id),
    visit_id     uuid CONSTRAINT disputes_visit REFERENCES visits (id),
    subject      text NOT NULL CONSTRAINT disputes_subject CHECK (subject IN ('attempt', 'no_access', 'completion', 'agreement')),
    claim        text NOT NULL,
    reason       text NOT NULL,
    how          text NOT NULL CONSTRAINT disputes_how CHECK (how IN ('link', 'voice')),
    by_id        uuid CONSTRAINT disputes_by REFERENCES users (id),
    via_id       uuid CONSTRAINT disputes_via REFERENCES attempts (id),
    occurred_at  timestamptz NOT NULL,
    recorded_at  timestamptz NOT NULL,
    due_at       timestamptz NOT NULL,
    fallback     text NOT NULL CONSTRAINT disputes_fallback CHECK (fallback IN ('uphold', 'strike')),
    status       text NOT NULL CONSTRAINT disputes_status CHECK (status IN ('open', 'upheld', 'struck', 'withdrawn')),
    decided_at   timestamptz,
    decided_by   uuid CONSTRAINT disputes_decided_by REFERENCES users (id),
    by_default   boolean NOT NULL,
    reasons      text NOT NULL,
    CONSTRAINT disputes_about CHECK ((attempt_id IS NULL) <> (visit_id IS NULL)),
    CONSTRAINT disputes_decided CHECK ((status = 'open') = (decided_at IS NULL))
);
-- A fact is disputed once; only a withdrawn dispute leaves room for another.
CREATE UNIQUE INDEX disputes_one_attempt ON disputes (attempt_id) WHERE attempt_id IS NOT NULL AND status <> 'withdrawn';
CREATE UNIQUE INDEX disputes_one_visit ON disputes (visit_id, subject) WHERE visit_id IS NOT NULL AND status <> 'withdrawn';
CREATE INDEX disputes_page ON disputes (created_at, id);
CREATE INDEX disputes_of_job ON disputes (job_id, created_at, id);
CREATE INDEX disputes_of_area ON disputes (area_id, created_at, id);

-- A sample of completions that the household did not confirm, asked about by
-- the brand's desk and not by the centre that did the work.
CREATE TABLE done_checks (
    id           uuid PRIMARY KEY,
    version      bigint NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    job_id       uuid NOT NULL CONSTRAINT done_checks_job REFERENCES jobs (id),
    visit_id     uuid NOT NULL CONSTRAINT done_checks_visit UNIQUE REFERENCES visits (id),
    centre_id    uuid NOT NULL CONSTRAINT done_checks_centre REFERENCES centres (id),
    area_id      uuid NOT NULL CONSTRAINT done_checks_area REFERENCES areas (id),
    due_at       timestamptz NOT NULL,
    status       text NOT NULL CONSTRAINT done_checks_status CHECK (status IN ('open', 'confirmed', 'not_done', 'not_reached', 'settled')),
    by_id        uuid CONSTRAINT done_checks_by REFERENCES users (id),
    done_at      timestamptz,
    note         text NOT NULL
);
CREATE INDEX done_checks_page ON done_checks (created_at, id);
