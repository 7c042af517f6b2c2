-- +goose Up
-- What was tried, so that nobody asks again (docs/product.md section 4).

CREATE TABLE tried_steps (
    id             uuid PRIMARY KEY,
    version        bigint NOT NULL,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    job_id         uuid NOT NULL CONSTRAINT tried_steps_job REFERENCES jobs (id),
    step           text NOT NULL,
    result         text NOT NULL CONSTRAINT tried_steps_result CHECK (result IN ('worked', 'failed', 'unclear')),
    watched_by     text NOT NULL CONSTRAINT tried_steps_watched_by CHECK (watched_by IN ('nobody', 'household', 'professional')),
    note           text NOT NULL,
    repeat_of      uuid CONSTRAINT tried_steps_repeat_of REFERENCES tried_steps (id),
    repeat_reason  text NOT NULL,
    via_id         uuid CONSTRAINT tried_steps_via REFERENCES attempts (id),
    withdrawn_at   timestamptz,
    by_id          uuid CONSTRAINT tried_steps_by REFERENCES users (id),
    by_role        text NOT NULL,
    occurred_at    timestamptz NOT NULL,
    claimed_at     timestamptz,
    recorded_at    timestamptz NOT NULL
);
CREATE INDEX tried_steps_of_job ON tried_steps (job_id, occurred_at, id);

ALTER TABLE jobs ADD COLUMN replacement jsonb NOT NULL DEFAULT 'null';

-- What registration said becomes records; a time that cannot be is the job's.
INSERT INTO tried_steps (id, version, created_at, updated_at, job_id, step, result, watched_by, note, repeat_reason, by_id, by_role, occurred_at, claimed_at, recorded_at)
SELECT gen_random_uuid(),
    1, j.opened_at, j.opened_at, j.id, trim(s ->> 'what'),
    CASE WHEN lower(trim(s ->> 'result')) IN ('worked', 'failed') THEN lower(trim(s ->> 'result')) ELSE 'unclear' END,
    CASE WHEN s ->> 'watched_by' IN ('household', 'professional') THEN s ->> 'watched_by' ELSE 'nobody' END,
    CASE WHEN lower(trim(s ->> 'result')) IN ('worked', 'failed', 'unclear') THEN '' ELSE coalesce(trim(s ->> 'result'), '') END,
    '', (SELECT actor_id FROM facts WHERE job_id = j.id AND seq = 1), coalesce((SELECT actor_role FROM facts WHERE job_id = j.id AND seq = 1), 'system'),
    CASE WHEN left(s ->> 'at', 4) BETWEEN '1970' AND '2200' THEN (s ->> 'at')::timestamptz ELSE j.opened_at END,
    NULL, j.opened_at
FROM jobs j CROSS JOIN LATERAL jsonb_array_elements(j.tried_steps) s
WHERE trim(coalesce(s ->> 'what', '')) <> '';

-- Thanks by link (docs/product.md section 5).

CREATE TABLE thanks (
    id            uuid PRIMARY KEY,
    version       bigint NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    job_id        uuid NOT NULL CONSTRAINT thanks_job REFERENCES jobs (id),
    visit_id      uuid NOT NULL CONSTRAINT thanks_visit REFERENCES visits (id),
    via_id        uuid CONSTRAINT thanks_via REFERENCES attempts (id),
    customer_id   uuid NOT NULL CONSTRAINT thanks_customer REFERENCES customers (id),
    centre_id     uuid NOT NULL CONSTRAINT thanks_centre REFERENCES centres (id),
    area_id       uuid NOT NULL CONSTRAINT thanks_area REFERENCES areas (id),
    text          text NOT NULL,
    status        text NOT NULL CONSTRAINT thanks_status CHECK (status IN ('waiting', 'approved', 'refused', 'delivered')),
    crew          jsonb NOT NULL,
    moderated_by  uuid CONSTRAINT thanks_moderated_by REFERENCES users (id),
    moderated_at  timestamptz,
    reason        text NOT NULL,
    deliver_by    timestamptz NOT NULL
);
CREATE UNIQUE INDEX thanks_of_visit ON thanks (visit_id);
CREATE INDEX thanks_of_job ON thanks (job_id);
CREATE INDEX thanks_of_centre ON thanks (centre_id, created_at, id);
CREATE INDEX thanks_of_area ON thanks (area_id, created_at, id);

-- To whom a thank-you goes. When it reached a person early is told to nobody
-- else: it would tell of a hard visit.
CREATE TABLE thanks_crew (
    thanks_id     uuid NOT NULL CONSTRAINT thanks_crew_thanks REFERENCES thanks (id),
    user_id       uuid NOT NULL CONSTRAINT thanks_crew_user REFERENCES users (id),
    delivered_at  timestamptz,
    CONSTRAINT thanks_crew_pkey PRIMARY KEY (thanks_id, user_id)
);
CREATE INDEX thanks_crew_of_user ON thanks_crew (user_id, thanks_id);
CREATE INDEX thanks_crew_waiting ON thanks_crew (user_id) WHERE delivered_at IS NULL;
