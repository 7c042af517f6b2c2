-- +goose Up
-- Afterwards (docs/product.md section 5): advisories, cool-off, aftercare.

-- A warning marker, done decently: it ends unless somebody renews it.
CREATE TABLE advisories (
    id               TEXT NOT NULL PRIMARY KEY,
    version          INTEGER NOT NULL,
    created_at       TIMESTAMP NOT NULL,
    updated_at       TIMESTAMP NOT NULL,
    job_id           TEXT NOT NULL CONSTRAINT advisories_job REFERENCES jobs (id),
    customer_id      TEXT NOT NULL CONSTRAINT advisories_customer REFERENCES customers (id),
    site_id          TEXT CONSTRAINT advisories_site REFERENCES sites (id),
    area_id          TEXT NOT NULL CONSTRAINT advisories_area REFERENCES areas (id),
    flag_id          TEXT CONSTRAINT advisories_flag REFERENCES flags (id),
    subject          TEXT NOT NULL CONSTRAINT advisories_subject CHECK (subject IN ('person', 'site')),
    precautions      TEXT NOT NULL,
    behaviour        TEXT NOT NULL,
    zone             TEXT NOT NULL,
    expires_on       TEXT NOT NULL,
    expires_at       TIMESTAMP NOT NULL,
    status           TEXT NOT NULL CONSTRAINT advisories_status CHECK (status IN ('proposed', 'approved', 'refused', 'ended', 'expired')),
    proposed_by      TEXT NOT NULL CONSTRAINT advisories_proposed_by REFERENCES users (id),
    decided_by       TEXT CONSTRAINT advisories_decided_by REFERENCES users (id),
    decided_at       TIMESTAMP,
    reasons          TEXT NOT NULL,
    told_at          TIMESTAMP,
    not_told_reason  TEXT NOT NULL,
    renew_on         TEXT NOT NULL,
    renew_by         TEXT CONSTRAINT advisories_renew_by REFERENCES users (id),
    renew_reasons    TEXT NOT NULL,
    renewals         INTEGER NOT NULL,
    involved         TEXT NOT NULL,
    ended_at         TIMESTAMP,
    ended_by         TEXT CONSTRAINT advisories_ended_by REFERENCES users (id),
    end_reason       TEXT NOT NULL,
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
    id            TEXT NOT NULL PRIMARY KEY,
    version       INTEGER NOT NULL,
    created_at    TIMESTAMP NOT NULL,
    updated_at    TIMESTAMP NOT NULL,
    advisory_id   TEXT NOT NULL CONSTRAINT advisory_appeals_of REFERENCES advisories (id),
    how           TEXT NOT NULL CONSTRAINT advisory_appeals_how CHECK (how IN ('link', 'voice')),
    by_id         TEXT CONSTRAINT advisory_appeals_by REFERENCES users (id),
    words         TEXT NOT NULL,
    due_at        TIMESTAMP NOT NULL,
    escalated_at  TIMESTAMP,
    outcome       TEXT NOT NULL CONSTRAINT advisory_appeals_outcome CHECK (outcome IN ('', 'keep', 'end')),
    reasons       TEXT NOT NULL,
    decided_by    TEXT CONSTRAINT advisory_appeals_decided_by REFERENCES users (id),
    decided_at    TIMESTAMP,
    CONSTRAINT advisory_appeals_decided CHECK ((outcome = '') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX advisory_appeals_open ON advisory_appeals (advisory_id) WHERE decided_at IS NULL;
CREATE INDEX advisory_appeals_list ON advisory_appeals (advisory_id, created_at, id);

CREATE TABLE advisory_reads (
    id           TEXT NOT NULL PRIMARY KEY,
    created_at   TIMESTAMP NOT NULL,
    advisory_id  TEXT NOT NULL CONSTRAINT advisory_reads_of REFERENCES advisories (id),
    user_id      TEXT NOT NULL CONSTRAINT advisory_reads_user REFERENCES users (id),
    role         TEXT NOT NULL,
    visit_id     TEXT CONSTRAINT advisory_reads_visit REFERENCES visits (id)
);
CREATE INDEX advisory_reads_list ON advisory_reads (advisory_id, created_at, id);

-- Looking after who was harmed: the lateness is the manager's.
CREATE TABLE aftercare (
    id          TEXT NOT NULL PRIMARY KEY,
    version     INTEGER NOT NULL,
    created_at  TIMESTAMP NOT NULL,
    updated_at  TIMESTAMP NOT NULL,
    flag_id     TEXT NOT NULL CONSTRAINT aftercare_flag REFERENCES flags (id),
    person_id   TEXT NOT NULL CONSTRAINT aftercare_person REFERENCES users (id),
    area_id     TEXT CONSTRAINT aftercare_area REFERENCES areas (id),
    step        INTEGER NOT NULL,
    due_at      TIMESTAMP NOT NULL,
    owner_id    TEXT NOT NULL CONSTRAINT aftercare_owner REFERENCES users (id),
    status      TEXT NOT NULL CONSTRAINT aftercare_status CHECK (status IN ('open', 'done', 'stopped')),
    rung        INTEGER NOT NULL,
    late_at     TIMESTAMP,
    done_at     TIMESTAMP,
    done_by     TEXT CONSTRAINT aftercare_done_by REFERENCES users (id),
    note        TEXT NOT NULL,
    CONSTRAINT aftercare_once UNIQUE (flag_id, step)
);
CREATE INDEX aftercare_page ON aftercare (due_at, id);
CREATE INDEX aftercare_of_area ON aftercare (area_id, due_at, id);
CREATE INDEX aftercare_of_person ON aftercare (person_id, due_at, id);
CREATE INDEX aftercare_of_owner ON aftercare (owner_id, due_at, id);

CREATE TABLE cool_offs (
    id           TEXT NOT NULL PRIMARY KEY,
    version      INTEGER NOT NULL,
    created_at   TIMESTAMP NOT NULL,
    updated_at   TIMESTAMP NOT NULL,
    flag_id      TEXT NOT NULL CONSTRAINT cool_offs_flag UNIQUE REFERENCES flags (id),
    user_id      TEXT NOT NULL CONSTRAINT cool_offs_user REFERENCES users (id),
    accepted     BOOLEAN NOT NULL,
    visit_id     TEXT CONSTRAINT cool_offs_visit REFERENCES visits (id),
    outcome      TEXT NOT NULL CONSTRAINT cool_offs_outcome CHECK (outcome IN ('declined', 'nothing_ahead', 'offered', 'moved', 'taken'))
);
CREATE INDEX cool_offs_of_visit ON cool_offs (visit_id) WHERE visit_id IS NOT NULL;
