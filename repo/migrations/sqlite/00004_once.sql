-- +goose Up
-- What was tried, so that nobody asks again (docs/product.md section 4).

CREATE TABLE tried_steps (
    id             TEXT NOT NULL PRIMARY KEY,
    version        INTEGER NOT NULL,
    created_at     TIMESTAMP NOT NULL,
    updated_at     TIMESTAMP NOT NULL,
    job_id         TEXT NOT NULL CONSTRAINT tried_steps_job REFERENCES jobs (id),
    step           TEXT NOT NULL,
    result         TEXT NOT NULL CONSTRAINT tried_steps_result CHECK (result IN ('worked', 'failed', 'unclear')),
    watched_by     TEXT NOT NULL CONSTRAINT tried_steps_watched_by CHECK (watched_by IN ('nobody', 'household', 'professional')),
    note           TEXT NOT NULL,
    repeat_of      TEXT CONSTRAINT tried_steps_repeat_of REFERENCES tried_steps (id),
    repeat_reason  TEXT NOT NULL,
    via_id         TEXT CONSTRAINT tried_steps_via REFERENCES attempts (id),
    withdrawn_at   TIMESTAMP,
    by_id          TEXT CONSTRAINT tried_steps_by REFERENCES users (id),
    by_role        TEXT NOT NULL,
    occurred_at    TIMESTAMP NOT NULL,
    claimed_at     TIMESTAMP,
    recorded_at    TIMESTAMP NOT NULL
);
CREATE INDEX tried_steps_of_job ON tried_steps (job_id, occurred_at, id);

ALTER TABLE jobs ADD COLUMN replacement TEXT NOT NULL DEFAULT 'null';

-- What registration said becomes records; a time that cannot be is the job's.
INSERT INTO tried_steps (id, version, created_at, updated_at, job_id, step, result, watched_by, note, repeat_reason, by_id, by_role, occurred_at, claimed_at, recorded_at)
SELECT lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-a' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))),
    1, j.opened_at, j.opened_at, j.id, trim(s.value ->> 'what'),
    CASE WHEN lower(trim(s.value ->> 'result')) IN ('worked', 'failed') THEN lower(trim(s.value ->> 'result')) ELSE 'unclear' END,
    CASE WHEN s.value ->> 'watched_by' IN ('household', 'professional') THEN s.value ->> 'watched_by' ELSE 'nobody' END,
    CASE WHEN lower(trim(s.value ->> 'result')) IN ('worked', 'failed', 'unclear') THEN '' ELSE coalesce(trim(s.value ->> 'result'), '') END,
    '', (SELECT actor_id FROM facts WHERE job_id = j.id AND seq = 1), coalesce((SELECT actor_role FROM facts WHERE job_id = j.id AND seq = 1), 'system'),
    CASE WHEN substr(s.value ->> 'at', 1, 4) BETWEEN '1970' AND '2200' THEN coalesce(strftime('%Y-%m-%d %H:%M:%f+00:00', s.value ->> 'at'), j.opened_at) ELSE j.opened_at END,
    NULL, j.opened_at
FROM jobs j, json_each(j.tried_steps) s
WHERE trim(coalesce(s.value ->> 'what', '')) <> '';

-- Thanks by link (docs/product.md section 5).

CREATE TABLE thanks (
    id            TEXT NOT NULL PRIMARY KEY,
    version       INTEGER NOT NULL,
    created_at    TIMESTAMP NOT NULL,
    updated_at    TIMESTAMP NOT NULL,
    job_id        TEXT NOT NULL CONSTRAINT thanks_job REFERENCES jobs (id),
    visit_id      TEXT NOT NULL CONSTRAINT thanks_visit REFERENCES visits (id),
    via_id        TEXT CONSTRAINT thanks_via REFERENCES attempts (id),
    customer_id   TEXT NOT NULL CONSTRAINT thanks_customer REFERENCES customers (id),
    centre_id     TEXT NOT NULL CONSTRAINT thanks_centre REFERENCES centres (id),
    area_id       TEXT NOT NULL CONSTRAINT thanks_area REFERENCES areas (id),
    text          TEXT NOT NULL,
    status        TEXT NOT NULL CONSTRAINT thanks_status CHECK (status IN ('waiting', 'approved', 'refused', 'delivered')),
    crew          TEXT NOT NULL,
    moderated_by  TEXT CONSTRAINT thanks_moderated_by REFERENCES users (id),
    moderated_at  TIMESTAMP,
    reason        TEXT NOT NULL,
    deliver_by    TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX thanks_of_visit ON thanks (visit_id);
CREATE INDEX thanks_of_job ON thanks (job_id);
CREATE INDEX thanks_of_centre ON thanks (centre_id, created_at, id);
CREATE INDEX thanks_of_area ON thanks (area_id, created_at, id);

-- To whom a thank-you goes. When it reached a person early is told to nobody
-- else: it would tell of a hard visit.
CREATE TABLE thanks_crew (
    thanks_id     TEXT NOT NULL CONSTRAINT thanks_crew_thanks REFERENCES thanks (id),
    user_id       TEXT NOT NULL CONSTRAINT thanks_crew_user REFERENCES users (id),
    delivered_at  TIMESTAMP,
    CONSTRAINT thanks_crew_pkey PRIMARY KEY (thanks_id, user_id)
);
CREATE INDEX thanks_crew_of_user ON thanks_crew (user_id, thanks_id);
CREATE INDEX thanks_crew_waiting ON thanks_crew (user_id) WHERE delivered_at IS NULL;
