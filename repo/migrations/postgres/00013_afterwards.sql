-- +goose Up
-- Afterwards (docs/product.md section 5): advisories, cool-off, aftercare.

-- A warning marker, done decently: it ends unless somebody renews it.
CREATE TABLE advisories (
    id               uuid PRIMARY KEY,
    version          bigint NOT NULL,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    job_id           uuid NOT NULL CONSTRAINT advisories_job REFERENCES jobs (id),
    customer_id      uuid NOT NULL CONSTRAINT advisories_customer REFERENCES customers (id),
    site_id          uuid CONSTRAINT advisories_site REFERENCES sites (id),
    area_id          uuid NOT NULL CONSTRAINT advisories_area REFERENCES areas (id),
    flag_id          uuid CONSTRAINT advisories_flag REFERENCES flags (id),
    subject          text NOT NULL CONSTRAINT advisories_subject CHECK (subject IN ('person', 'site')),
    precautions      text NOT NULL,
    behaviour        text NOT NULL,
    zone             text NOT NULL,
    expires_on       text NOT NULL,
    expires_at       timestamptz NOT NULL,
    status           text NOT NULL CONSTRAINT advisories_status CHECK (status IN ('proposed', 'approved', 'refused', 'ended', 'expired')),
    proposed_by      uuid NOT NULL CONSTRAINT advisories_proposed_by REFERENCES users (id),
    decided_by       uuid CONSTRAINT advisories_decided_by REFERENCES users (id),
    decided_at       timestamptz,
    reasons          text NOT NULL,
    told_at          timestamptz,
    not_told_reason  text NOT NULL,
    renew_on         text NOT NULL,
    renew_by         uuid CONSTRAINT advisories_renew_by REFERENCES users (id),
    renew_reasons    text NOT NULL,
    renewals         bigint NOT NULL,
    involved         jsonb NOT NULL,
    ended_at         timestamptz,
    ended_by         uuid CONSTRAINT advisories_ended_by REFERENCES users (id),
    end_reason       text NOT NULL,
    -- Who proposed it never approves it.
    CONSTRAINT advisories_two CHECK (decided_by IS NULL OR decided_by <> proposed_by),
    CONSTRAINT advisories_site_of CHECK ((subject = 'site') = (site_id IS NOT NULL)),
    -- Told, or the reason why not.
    CONSTRAINT advisories_told CHECK (status <> 'approved' OR told_at IS NOT NULL OR not_told_reason <> '')
);
CREATE INDEX advisories_page ON advisories (created_at, id);
CREATE INDEX advisories_of_area ON advisories (area_id, created_at, id);
CREATE INDEX advisories_of_customer ON advisories (customer_id) WHERE status = 'approved';

CREATE TABLE advisory_appeals (
    id            uuid PRIMARY KEY,
    version       bigint NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    advisory_id   uuid NOT NULL CONSTRAINT advisory_appeals_of REFERENCES advisories (id),
    how           text NOT NULL CONSTRAINT advisory_appeals_how CHECK (how IN ('link', 'voice')),
    by_id         uuid CONSTRAINT advisory_appeals_by REFERENCES users (id),
    words         text NOT NULL,
    due_at        timestamptz NOT NULL,
    escalated_at  timestamptz,
    outcome       text NOT NULL CONSTRAINT advisory_appeals_outcome CHECK (outcome IN ('', 'keep', 'end')),
    reasons       text NOT NULL,
    decided_by    uuid CONSTRAINT advisory_appeals_decided_by REFERENCES users (id),
    decided_at    timestamptz,
    CONSTRAINT advisory_appeals_decided CHECK ((outcome = '') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX advisory_appeals_open ON advisory_appeals (advisory_id) WHERE decided_at IS NULL;
CREATE INDEX advisory_appeals_list ON advisory_appeals (advisory_id, created_at, id);

CREATE TABLE advisory_reads (
    id           uuid PRIMARY KEY,
    created_at   timestamptz NOT NULL,
    advisory_id  uuid NOT NULL CONSTRAINT advisory_reads_of REFERENCES advisories (id),
    user_id      uuid NOT NULL CONSTRAINT advisory_reads_user REFERENCES users (id),
    role         text NOT NULL,
    visit_id     uuid CONSTRAINT advisory_reads_visit REFERENCES visits (id)
);
CREATE INDEX advisory_reads_list ON advisory_reads (advisory_id, created_at, id);

-- Looking after who was harmed: the lateness is the manager's.
CREATE TABLE aftercare (
    id          uuid PRIMARY KEY,
    version     bigint NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    flag_id     uuid NOT NULL CONSTRAINT aftercare_flag REFERENCES flags (id),
    person_id   uuid NOT NULL CONSTRAINT aftercare_person REFERENCES users (id),
    area_id     uuid CONSTRAINT aftercare_area REFERENCES areas (id),
    step        bigint NOT NULL,
    due_at      timestamptz NOT NULL,
    owner_id    uuid NOT NULL CONSTRAINT aftercare_owner REFERENCES users (id),
    status      text NOT NULL CONSTRAINT aftercare_status CHECK (status IN ('open', 'done', 'stopped')),
    rung        bigint NOT NULL,
    late_at     timestamptz,
    done_at     timestamptz,
    done_by     uuid CONSTRAINT aftercare_done_by REFERENCES users (id),
    note        text NOT NULL,
    CONSTRAINT aftercare_once UNIQUE (flag_id, step)
);
CREATE INDEX aftercare_page ON aftercare (due_at, id);
CREATE INDEX aftercare_of_area ON aftercare (area_id, due_at, id);
CREATE INDEX aftercare_of_person ON aftercare (person_id, due_at, id);
CREATE INDEX aftercare_of_owner ON aftercare (owner_id, due_at, id);

CREATE TABLE cool_offs (
    id           uuid PRIMARY KEY,
    version      bigint NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    flag_id      uuid NOT NULL CONSTRAINT cool_offs_flag UNIQUE REFERENCES flags (id),
    user_id      uuid NOT NULL CONSTRAINT cool_offs_user REFERENCES users (id),
    accepted     boolean NOT NULL,
    visit_id     uuid CONSTRAINT cool_offs_visit REFERENCES visits (id),
    outcome      text NOT NULL CONSTRAINT cool_offs_outcome CHECK (outcome IN ('declined', 'nothing_ahead', 'offered', 'moved', 'taken'))
);
CREATE INDEX cool_offs_of_visit ON cool_offs (visit_id) WHERE visit_id IS NOT NULL;
