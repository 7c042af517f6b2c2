-- +goose Up
-- People.

CREATE TABLE areas (
    id          TEXT NOT NULL PRIMARY KEY,
    version     INTEGER NOT NULL,
    created_at  TIMESTAMP NOT NULL,
    updated_at  TIMESTAMP NOT NULL,
    name        TEXT NOT NULL
);
CREATE INDEX areas_page ON areas (created_at, id);

CREATE TABLE centres (
    id              TEXT NOT NULL PRIMARY KEY,
    version         INTEGER NOT NULL,
    created_at      TIMESTAMP NOT NULL,
    updated_at      TIMESTAMP NOT NULL,
    area_id         TEXT NOT NULL CONSTRAINT centres_area REFERENCES areas (id),
    name            TEXT NOT NULL,
    zone            TEXT NOT NULL,
    country         TEXT NOT NULL,
    postal_codes    TEXT NOT NULL,
    working_days    TEXT NOT NULL,
    holidays        TEXT NOT NULL,
    phone           TEXT NOT NULL,
    import_mapping  TEXT NOT NULL
);
CREATE INDEX centres_page ON centres (created_at, id);
CREATE INDEX centres_of_area ON centres (area_id);

CREATE TABLE users (
    id             TEXT NOT NULL PRIMARY KEY,
    version        INTEGER NOT NULL,
    created_at     TIMESTAMP NOT NULL,
    updated_at     TIMESTAMP NOT NULL,
    login          TEXT NOT NULL CONSTRAINT users_login UNIQUE,
    name           TEXT NOT NULL,
    role           TEXT NOT NULL CONSTRAINT users_role CHECK (role IN ('technician', 'coordinator', 'proprietor', 'area_manager', 'agent', 'admin')),
    centre_id      TEXT CONSTRAINT users_centre REFERENCES centres (id),
    area_id        TEXT CONSTRAINT users_area REFERENCES areas (id),
    deputy_id      TEXT CONSTRAINT users_deputy REFERENCES users (id),
    phone          TEXT NOT NULL,
    language       TEXT NOT NULL,
    disabled       BOOLEAN NOT NULL,
    skills         TEXT NOT NULL,
    hours          TEXT NOT NULL,
    home_lat       REAL,
    home_lon       REAL,
    password_hash  TEXT NOT NULL,
    epoch          INTEGER NOT NULL,
    CONSTRAINT users_place CHECK (CASE WHEN role IN ('technician', 'coordinator', 'proprietor') THEN centre_id IS NOT NULL
                                       WHEN role = 'area_manager' THEN area_id IS NOT NULL ELSE true END)
);
CREATE INDEX users_page ON users (created_at, id);
CREATE INDEX users_of_centre ON users (centre_id, role);
CREATE INDEX users_of_area ON users (area_id, role);
CREATE INDEX users_by_deputy ON users (deputy_id) WHERE deputy_id IS NOT NULL;

CREATE TABLE leaves (
    id             TEXT NOT NULL PRIMARY KEY,
    version        INTEGER NOT NULL,
    created_at     TIMESTAMP NOT NULL,
    updated_at     TIMESTAMP NOT NULL,
    technician_id  TEXT NOT NULL CONSTRAINT leaves_technician REFERENCES users (id),
    starts_at      TIMESTAMP NOT NULL,
    ends_at        TIMESTAMP NOT NULL,
    kind           TEXT NOT NULL,
    note           TEXT NOT NULL,
    CONSTRAINT leaves_order CHECK (ends_at > starts_at)
);
CREATE INDEX leaves_of ON leaves (technician_id, ends_at);

CREATE TABLE sessions (
    id            TEXT NOT NULL PRIMARY KEY,
    family_id     TEXT NOT NULL,
    user_id       TEXT NOT NULL CONSTRAINT sessions_user REFERENCES users (id),
    token_hash    TEXT NOT NULL CONSTRAINT sessions_token UNIQUE,
    successor_id  TEXT CONSTRAINT sessions_successor REFERENCES sessions (id),
    epoch         INTEGER NOT NULL,
    created_at    TIMESTAMP NOT NULL,
    expires_at    TIMESTAMP NOT NULL,
    used_at       TIMESTAMP,
    revoked_at    TIMESTAMP
);
CREATE INDEX sessions_of_family ON sessions (family_id);
CREATE INDEX sessions_of_user ON sessions (user_id);

CREATE TABLE invitations (
    id          TEXT NOT NULL PRIMARY KEY,
    user_id     TEXT NOT NULL CONSTRAINT invitations_user REFERENCES users (id),
    purpose     TEXT NOT NULL CONSTRAINT invitations_purpose CHECK (purpose IN ('invite', 'reset')),
    token_hash  TEXT NOT NULL CONSTRAINT invitations_token UNIQUE,
    created_at  TIMESTAMP NOT NULL,
    expires_at  TIMESTAMP NOT NULL,
    used_at     TIMESTAMP
);
CREATE INDEX invitations_of_user ON invitations (user_id);

-- Households.

CREATE TABLE customers (
    id                    TEXT NOT NULL PRIMARY KEY,
    version               INTEGER NOT NULL,
    created_at            TIMESTAMP NOT NULL,
    updated_at            TIMESTAMP NOT NULL,
    name                  TEXT NOT NULL,
    -- The name in lower case, to find households by the start of it.
    name_key              TEXT NOT NULL,
    language              TEXT NOT NULL,
    registered_centre_id  TEXT CONSTRAINT customers_registered_centre REFERENCES centres (id)
);
CREATE INDEX customers_page ON customers (created_at, id);
CREATE INDEX customers_by_name ON customers (name_key);

-- The centres that see a household: they registered it, or hold or held a job
-- of it (docs/product.md section 2). created_at is the customer's, so that a
-- centre's list is one walk of an index.
CREATE TABLE customer_centres (
    customer_id  TEXT NOT NULL CONSTRAINT customer_centres_customer REFERENCES customers (id),
    centre_id    TEXT NOT NULL CONSTRAINT customer_centres_centre REFERENCES centres (id),
    created_at   TIMESTAMP NOT NULL,
    CONSTRAINT customer_centres_pkey PRIMARY KEY (customer_id, centre_id)
);
CREATE INDEX customer_centres_page ON customer_centres (centre_id, created_at, customer_id);

CREATE TABLE contacts (
    id           TEXT NOT NULL PRIMARY KEY,
    customer_id  TEXT NOT NULL CONSTRAINT contacts_customer REFERENCES customers (id),
    name         TEXT NOT NULL,
    relation     TEXT NOT NULL,
    phones       TEXT NOT NULL,
    email        TEXT NOT NULL,
    language     TEXT NOT NULL,
    voice_only   BOOLEAN NOT NULL,
    position     INTEGER NOT NULL,
    struck       TEXT NOT NULL
);
CREATE INDEX contacts_of_customer ON contacts (customer_id, position);

-- The known numbers of contacts.phones, to find households by number; a
-- struck number has no row.
CREATE TABLE contact_phones (
    contact_id   TEXT NOT NULL CONSTRAINT contact_phones_contact REFERENCES contacts (id) ON DELETE CASCADE,
    phone        TEXT NOT NULL,
    customer_id  TEXT NOT NULL CONSTRAINT contact_phones_customer REFERENCES customers (id),
    CONSTRAINT contact_phones_pkey PRIMARY KEY (contact_id, phone)
);
CREATE INDEX contact_phones_by_number ON contact_phones (phone, customer_id);

CREATE TABLE sites (
    id           TEXT NOT NULL PRIMARY KEY,
    customer_id  TEXT NOT NULL CONSTRAINT sites_customer REFERENCES customers (id),
    label        TEXT NOT NULL,
    address      TEXT NOT NULL,
    landmark     TEXT NOT NULL,
    postal_code  TEXT NOT NULL,
    zone         TEXT NOT NULL,
    lat          REAL,
    lon          REAL,
    occupant     TEXT NOT NULL,
    position     INTEGER NOT NULL
);
CREATE INDEX sites_of_customer ON sites (customer_id, position);

CREATE TABLE appliances (
    id            TEXT NOT NULL PRIMARY KEY,
    version       INTEGER NOT NULL,
    created_at    TIMESTAMP NOT NULL,
    updated_at    TIMESTAMP NOT NULL,
    customer_id   TEXT NOT NULL CONSTRAINT appliances_customer REFERENCES customers (id),
    site_id       TEXT CONSTRAINT appliances_site REFERENCES sites (id),
    category      TEXT NOT NULL,
    brand         TEXT NOT NULL,
    model         TEXT NOT NULL,
    serial        TEXT NOT NULL,
    purchased_on  TEXT NOT NULL
);
CREATE INDEX appliances_page ON appliances (created_at, id);
CREATE INDEX appliances_of_customer ON appliances (customer_id, created_at, id);
CREATE INDEX appliances_by_serial ON appliances (serial) WHERE serial <> '';
CREATE INDEX appliances_at_site ON appliances (site_id);

-- Jobs.

CREATE TABLE jobs (
    id               TEXT NOT NULL PRIMARY KEY,
    version          INTEGER NOT NULL,
    created_at       TIMESTAMP NOT NULL,
    updated_at       TIMESTAMP NOT NULL,
    external_ref     TEXT CONSTRAINT jobs_external_ref UNIQUE,
    customer_id      TEXT NOT NULL CONSTRAINT jobs_customer REFERENCES customers (id),
    site_id          TEXT NOT NULL CONSTRAINT jobs_site REFERENCES sites (id),
    contact_id       TEXT CONSTRAINT jobs_contact REFERENCES contacts (id),
    appliance_id     TEXT CONSTRAINT jobs_appliance REFERENCES appliances (id),
    centre_id        TEXT NOT NULL CONSTRAINT jobs_centre REFERENCES centres (id),
    area_id          TEXT NOT NULL CONSTRAINT jobs_area REFERENCES areas (id),
    status           TEXT NOT NULL CONSTRAINT jobs_status CHECK (status IN ('open', 'scheduled', 'in_progress', 'resolved', 'closed', 'cancelled')),
    category         TEXT NOT NULL,
    serial           TEXT NOT NULL,
    fault            TEXT NOT NULL,
    tried_steps      TEXT NOT NULL,
    what_matters     TEXT NOT NULL,
    priority         TEXT NOT NULL,
    safety_critical  BOOLEAN NOT NULL,
    cover            TEXT NOT NULL,
    repeat_of        TEXT CONSTRAINT jobs_repeat_of REFERENCES jobs (id),
    opened_at        TIMESTAMP NOT NULL,
    reopened_at      TIMESTAMP,
    resolved_at      TIMESTAMP,
    ended_at         TIMESTAMP,
    end_reason       TEXT NOT NULL,
    verdict          TEXT NOT NULL,
    last_contact_at  TIMESTAMP,
    seq              INTEGER NOT NULL CONSTRAINT jobs_seq CHECK (seq >= 0),
    chain_head       BLOB,
    -- Of use on PostgreSQL only; here there is one writer.
    txid             INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT jobs_end CHECK ((status IN ('closed', 'cancelled')) = (ended_at IS NOT NULL))
);
CREATE INDEX jobs_page ON jobs (opened_at, id);
CREATE INDEX jobs_of_centre ON jobs (centre_id, opened_at, id);
CREATE INDEX jobs_of_centre_by_status ON jobs (centre_id, status, opened_at, id);
CREATE INDEX jobs_of_area ON jobs (area_id, opened_at, id);
CREATE INDEX jobs_of_customer ON jobs (customer_id, opened_at, id);
CREATE INDEX jobs_at_site ON jobs (site_id);
CREATE INDEX jobs_by_serial ON jobs (serial, opened_at) WHERE serial <> '';
CREATE INDEX jobs_by_contact ON jobs (contact_id);

CREATE TABLE holds (
    id            TEXT NOT NULL PRIMARY KEY,
    kind          TEXT NOT NULL CONSTRAINT holds_kind CHECK (kind IN ('unreachable', 'parts', 'customer_request', 'safety')),
    job_id        TEXT CONSTRAINT holds_job REFERENCES jobs (id),
    customer_id   TEXT CONSTRAINT holds_customer REFERENCES customers (id),
    site_id       TEXT CONSTRAINT holds_site REFERENCES sites (id),
    since         TIMESTAMP NOT NULL,
    reason        TEXT NOT NULL,
    by_id         TEXT CONSTRAINT holds_by REFERENCES users (id),
    "by"          TEXT NOT NULL,
    owner_id      TEXT CONSTRAINT holds_owner REFERENCES users (id),
    due_at        TIMESTAMP,
    flag_id       TEXT CONSTRAINT holds_flag REFERENCES flags (id),
    fixable       BOOLEAN NOT NULL,
    lifted_at     TIMESTAMP,
    lifted_by_id  TEXT CONSTRAINT holds_lifted_by REFERENCES users (id),
    lift_reason   TEXT NOT NULL,
    plan          TEXT NOT NULL,
    txid          INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT holds_over CHECK (CASE WHEN kind = 'safety' THEN job_id IS NOT NULL OR customer_id IS NOT NULL OR site_id IS NOT NULL ELSE job_id IS NOT NULL END)
);
CREATE INDEX holds_open ON holds (kind) WHERE lifted_at IS NULL;
CREATE INDEX holds_of_job ON holds (job_id) WHERE job_id IS NOT NULL;
CREATE INDEX holds_of_customer ON holds (customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX holds_of_site ON holds (site_id) WHERE site_id IS NOT NULL;

-- Visits.

CREATE TABLE visits (
    id               TEXT NOT NULL PRIMARY KEY,
    version          INTEGER NOT NULL,
    created_at       TIMESTAMP NOT NULL,
    updated_at       TIMESTAMP NOT NULL,
    job_id           TEXT NOT NULL CONSTRAINT visits_job REFERENCES jobs (id),
    centre_id        TEXT NOT NULL CONSTRAINT visits_centre REFERENCES centres (id),
    area_id          TEXT NOT NULL CONSTRAINT visits_area REFERENCES areas (id),
    customer_id      TEXT NOT NULL CONSTRAINT visits_customer REFERENCES customers (id),
    status           TEXT NOT NULL CONSTRAINT visits_status CHECK (status IN ('scheduled', 'en_route', 'arrived', 'in_progress', 'completed', 'partial', 'no_access', 'stopped_unsafe', 'missed', 'rescheduled', 'cancelled')),
    confirmation     TEXT NOT NULL CONSTRAINT visits_confirmation CHECK (confirmation IN ('awaiting', 'confirmed', 'declined')),
    confirmed_how    TEXT NOT NULL,
    window_start     TIMESTAMP NOT NULL,
    window_end       TIMESTAMP NOT NULL,
    planned_start    TIMESTAMP NOT NULL,
    planned_minutes  INTEGER NOT NULL CONSTRAINT visits_planned_minutes CHECK (planned_minutes > 0),
    crew             TEXT NOT NULL,
    ever_crew        TEXT NOT NULL,
    plan_seen        TEXT NOT NULL,
    predecessor_id   TEXT CONSTRAINT visits_predecessor REFERENCES visits (id) DEFERRABLE INITIALLY DEFERRED,
    -- The old visit names its successor before that is written.
    successor_id     TEXT CONSTRAINT visits_successor REFERENCES visits (id) DEFERRABLE INITIALLY DEFERRED,
    en_route_at      TIMESTAMP,
    arrived_at       TIMESTAMP,
    started_at       TIMESTAMP,
    ended_at         TIMESTAMP,
    not_recorded     TEXT NOT NULL,
    provisional_to   TIMESTAMP,
    end_reason       TEXT NOT NULL,
    counts_against   TEXT NOT NULL CONSTRAINT visits_counts_against CHECK (counts_against IN ('', 'nobody', 'brand', 'customer')),
    findings         TEXT NOT NULL,
    work_done        TEXT NOT NULL,
    parts            TEXT NOT NULL,
    tested           TEXT NOT NULL,
    sequence         INTEGER NOT NULL,
    txid             INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT visits_window CHECK (window_end > window_start)
);
CREATE INDEX visits_page ON visits (window_start, id);
CREATE INDEX visits_of_centre ON visits (centre_id, window_start, id);
CREATE INDEX visits_of_area ON visits (area_id, window_start, id);
CREATE INDEX visits_of_job ON visits (job_id, window_start, id);
CREATE INDEX visits_unfinished ON visits (customer_id) WHERE status IN ('scheduled', 'en_route', 'arrived', 'in_progress');

-- One row for each technician that ever was in a visit's crew. current: he is
-- now (or was when it ended); active: and the visit occupies him. A person is
-- never in two places (docs/product.md section 3).
CREATE TABLE assignments (
    visit_id       TEXT NOT NULL CONSTRAINT assignments_visit REFERENCES visits (id),
    technician_id  TEXT NOT NULL CONSTRAINT assignments_technician REFERENCES users (id),
    job_id         TEXT NOT NULL CONSTRAINT assignments_job REFERENCES jobs (id),
    -- The visit's, so that a technician's list is one walk of an index.
    window_start   TIMESTAMP NOT NULL,
    starts_at      TIMESTAMP NOT NULL,
    ends_at        TIMESTAMP NOT NULL,
    active         BOOLEAN NOT NULL,
    current        BOOLEAN NOT NULL,
    CONSTRAINT assignments_pkey PRIMARY KEY (visit_id, technician_id),
    CONSTRAINT assignments_order CHECK (ends_at > starts_at),
    CONSTRAINT assignments_active CHECK (current OR NOT active)
);
-- +goose StatementBegin
CREATE TRIGGER assignments_insert BEFORE INSERT ON assignments WHEN NEW.active
BEGIN
    SELECT RAISE(ABORT, 'assignment_overlap') FROM assignments
    WHERE technician_id = NEW.technician_id AND active AND visit_id <> NEW.visit_id
      AND starts_at < NEW.ends_at AND ends_at > NEW.starts_at;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER assignments_update BEFORE UPDATE OF technician_id, starts_at, ends_at, active ON assignments WHEN NEW.active
BEGIN
    SELECT RAISE(ABORT, 'assignment_overlap') FROM assignments
    WHERE technician_id = NEW.technician_id AND active AND visit_id <> NEW.visit_id
      AND starts_at < NEW.ends_at AND ends_at > NEW.starts_at;
END;
-- +goose StatementEnd
CREATE INDEX assignments_of_technician ON assignments (technician_id, starts_at);
CREATE INDEX assignments_by_window ON assignments (technician_id, window_start, visit_id) WHERE current;
CREATE INDEX assignments_of_job ON assignments (job_id, technician_id) WHERE current;

-- Contact.

CREATE TABLE attempts (
    id               TEXT NOT NULL PRIMARY KEY,
    job_id           TEXT NOT NULL CONSTRAINT attempts_job REFERENCES jobs (id),
    customer_id      TEXT NOT NULL CONSTRAINT attempts_customer REFERENCES customers (id),
    visit_id         TEXT CONSTRAINT attempts_visit REFERENCES visits (id),
    direction        TEXT NOT NULL CONSTRAINT attempts_direction CHECK (direction IN ('outbound', 'inbound')),
    contact_id       TEXT CONSTRAINT attempts_contact REFERENCES contacts (id),
    address          TEXT NOT NULL,
    channel          TEXT NOT NULL CONSTRAINT attempts_channel CHECK (channel IN ('phone', 'sms', 'whatsapp', 'push', 'email', 'doorstep')),
    outcome          TEXT NOT NULL CONSTRAINT attempts_outcome CHECK (outcome IN ('reached', 'no_answer', 'busy', 'switched_off', 'out_of_network', 'wrong_number', 'voicemail', 'sent', 'delivered', 'read', 'nobody_home', 'refused', 'hostile')),
    ring_seconds     INTEGER CONSTRAINT attempts_ring CHECK (ring_seconds >= 0),
    grade            TEXT NOT NULL CONSTRAINT attempts_grade CHECK (grade IN ('proven', 'recorded', 'declared')),
    evidence_digest  TEXT NOT NULL,
    note             TEXT NOT NULL,
    lat              REAL,
    lon              REAL,
    distance_m       REAL,
    place_reason     TEXT NOT NULL,
    last_notice      BOOLEAN NOT NULL,
    by_id            TEXT CONSTRAINT attempts_by REFERENCES users (id),
    by_role          TEXT NOT NULL,
    occurred_at      TIMESTAMP NOT NULL,
    claimed_at       TIMESTAMP,
    recorded_at      TIMESTAMP NOT NULL,
    discounted       TEXT NOT NULL,
    created_at       TIMESTAMP NOT NULL
);
CREATE INDEX attempts_of_job ON attempts (job_id, occurred_at, id);
CREATE INDEX attempts_by_contact ON attempts (contact_id);

CREATE TABLE stray_contacts (
    id           TEXT NOT NULL PRIMARY KEY,
    area_id      TEXT CONSTRAINT stray_contacts_area REFERENCES areas (id),
    phone        TEXT NOT NULL,
    direction    TEXT NOT NULL CONSTRAINT stray_contacts_direction CHECK (direction IN ('outbound', 'inbound')),
    channel      TEXT NOT NULL,
    outcome      TEXT NOT NULL,
    note         TEXT NOT NULL,
    by_id        TEXT NOT NULL CONSTRAINT stray_contacts_by REFERENCES users (id),
    occurred_at  TIMESTAMP NOT NULL,
    recorded_at  TIMESTAMP NOT NULL
);
CREATE INDEX stray_contacts_by_number ON stray_contacts (phone, occurred_at);

CREATE TABLE policies (
    id              TEXT NOT NULL PRIMARY KEY,
    centre_id       TEXT CONSTRAINT policies_centre REFERENCES centres (id),
    number          INTEGER NOT NULL CONSTRAINT policies_number_positive CHECK (number > 0),
    effective_from  TIMESTAMP NOT NULL,
    rules           TEXT NOT NULL,
    created_by      TEXT CONSTRAINT policies_created_by REFERENCES users (id),
    created_at      TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX policies_number ON policies (centre_id, number) WHERE centre_id IS NOT NULL;
CREATE UNIQUE INDEX policies_brand_number ON policies (number) WHERE centre_id IS NULL;

-- Danger.

CREATE TABLE flags (
    id             TEXT NOT NULL PRIMARY KEY,
    version        INTEGER NOT NULL,
    created_at     TIMESTAMP NOT NULL,
    updated_at     TIMESTAMP NOT NULL,
    job_id         TEXT CONSTRAINT flags_job REFERENCES jobs (id),
    visit_id       TEXT CONSTRAINT flags_visit REFERENCES visits (id),
    customer_id    TEXT CONSTRAINT flags_customer REFERENCES customers (id),
    site_id        TEXT CONSTRAINT flags_site REFERENCES sites (id),
    centre_id      TEXT CONSTRAINT flags_centre REFERENCES centres (id),
    area_id        TEXT CONSTRAINT flags_area REFERENCES areas (id),
    phone          TEXT NOT NULL,
    kind           TEXT NOT NULL,
    level          INTEGER NOT NULL CONSTRAINT flags_level CHECK (level BETWEEN 0 AND 4),
    note           TEXT NOT NULL,
    status         TEXT NOT NULL CONSTRAINT flags_status CHECK (status IN ('reported', 'triaged', 'under_review', 'upheld', 'not_upheld', 'unclear', 'withdrawn')),
    provisional    BOOLEAN NOT NULL,
    reporter_id    TEXT NOT NULL CONSTRAINT flags_reporter REFERENCES users (id),
    subject_id     TEXT CONSTRAINT flags_subject REFERENCES users (id),
    occurred_at    TIMESTAMP NOT NULL,
    recorded_at    TIMESTAMP NOT NULL,
    triage_due_at  TIMESTAMP NOT NULL,
    escalated_at   TIMESTAMP,
    triaged_at     TIMESTAMP,
    triaged_by     TEXT CONSTRAINT flags_triaged_by REFERENCES users (id),
    decided_at     TIMESTAMP,
    decided_by     TEXT CONSTRAINT flags_decided_by REFERENCES users (id),
    reasons        TEXT NOT NULL,
    withdrawn_at   TIMESTAMP,
    pressure       BOOLEAN
);
CREATE INDEX flags_page ON flags (created_at, id);
CREATE INDEX flags_of_area ON flags (area_id, created_at, id);
CREATE INDEX flags_of_centre ON flags (centre_id, created_at, id);
CREATE INDEX flags_of_reporter ON flags (reporter_id, created_at, id);
CREATE INDEX flags_of_subject ON flags (subject_id) WHERE subject_id IS NOT NULL;
CREATE INDEX flags_of_visit ON flags (visit_id) WHERE visit_id IS NOT NULL;
CREATE INDEX flags_of_customer ON flags (customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX flags_of_job ON flags (job_id) WHERE job_id IS NOT NULL;

CREATE TABLE exclusions (
    id           TEXT NOT NULL PRIMARY KEY,
    user_id      TEXT NOT NULL CONSTRAINT exclusions_user REFERENCES users (id),
    customer_id  TEXT NOT NULL CONSTRAINT exclusions_customer REFERENCES customers (id),
    flag_id      TEXT NOT NULL CONSTRAINT exclusions_flag REFERENCES flags (id),
    since        TIMESTAMP NOT NULL,
    lifted_at    TIMESTAMP
);
CREATE UNIQUE INDEX exclusions_in_force ON exclusions (customer_id, user_id) WHERE lifted_at IS NULL;

-- Telling.

CREATE TABLE facts (
    job_id       TEXT NOT NULL CONSTRAINT facts_job REFERENCES jobs (id),
    seq          INTEGER NOT NULL CONSTRAINT facts_seq CHECK (seq > 0),
    id           TEXT NOT NULL CONSTRAINT facts_id UNIQUE,
    kind         TEXT NOT NULL,
    visit_id     TEXT CONSTRAINT facts_visit REFERENCES visits (id),
    actor_role   TEXT NOT NULL,
    actor_id     TEXT CONSTRAINT facts_actor REFERENCES users (id),
    occurred_at  TIMESTAMP NOT NULL,
    claimed_at   TIMESTAMP,
    recorded_at  TIMESTAMP NOT NULL,
    -- BLOB: the commitment covers the bytes as they were.
    payload      BLOB NOT NULL,
    salt         BLOB,
    commitment   BLOB NOT NULL,
    prev_hash    BLOB,
    hash         BLOB NOT NULL,
    txid         INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT facts_pkey PRIMARY KEY (job_id, seq)
);

CREATE TABLE links (
    id           TEXT NOT NULL PRIMARY KEY,
    job_id       TEXT NOT NULL CONSTRAINT links_job REFERENCES jobs (id),
    key_id       TEXT NOT NULL,
    token_hash   TEXT NOT NULL CONSTRAINT links_token UNIQUE,
    created_at   TIMESTAMP NOT NULL,
    revoked_at   TIMESTAMP,
    revoked_why  TEXT NOT NULL
);
CREATE UNIQUE INDEX links_live ON links (job_id) WHERE revoked_at IS NULL;

CREATE TABLE form_keys (
    hash     TEXT NOT NULL PRIMARY KEY,
    link_id  TEXT NOT NULL CONSTRAINT form_keys_link REFERENCES links (id),
    used_at  TIMESTAMP NOT NULL
);

CREATE TABLE devices (
    installation_id  TEXT NOT NULL PRIMARY KEY,
    user_id          TEXT CONSTRAINT devices_user REFERENCES users (id),
    customer_id      TEXT CONSTRAINT devices_customer REFERENCES customers (id),
    link_id          TEXT CONSTRAINT devices_link REFERENCES links (id),
    token            TEXT NOT NULL,
    platform         TEXT NOT NULL,
    language         TEXT NOT NULL,
    created_at       TIMESTAMP NOT NULL,
    updated_at       TIMESTAMP NOT NULL,
    dropped_at       TIMESTAMP,
    drop_reason      TEXT NOT NULL,
    CONSTRAINT devices_owner CHECK ((user_id IS NULL) <> (customer_id IS NULL))
);
CREATE INDEX devices_of_user ON devices (user_id) WHERE dropped_at IS NULL;
CREATE INDEX devices_of_customer ON devices (customer_id) WHERE dropped_at IS NULL;

CREATE TABLE notices (
    id            TEXT NOT NULL PRIMARY KEY,
    kind          TEXT NOT NULL,
    user_id       TEXT CONSTRAINT notices_user REFERENCES users (id),
    customer_id   TEXT CONSTRAINT notices_customer REFERENCES customers (id),
    job_id        TEXT CONSTRAINT notices_job REFERENCES jobs (id),
    visit_id      TEXT CONSTRAINT notices_visit REFERENCES visits (id),
    title         TEXT NOT NULL,
    body          TEXT NOT NULL,
    data          TEXT NOT NULL,
    high          BOOLEAN NOT NULL,
    collapse_key  TEXT NOT NULL,
    dedupe_key    TEXT CONSTRAINT notices_dedupe UNIQUE,
    language      TEXT NOT NULL,
    with_link     BOOLEAN NOT NULL,
    not_before    TIMESTAMP NOT NULL,
    expires_at    TIMESTAMP NOT NULL,
    state         TEXT NOT NULL CONSTRAINT notices_state CHECK (state IN ('pending', 'done', 'no_device', 'expired', 'failed', 'withdrawn')),
    created_at    TIMESTAMP NOT NULL,
    seen_at       TIMESTAMP,
    CONSTRAINT notices_audience CHECK ((user_id IS NULL) <> (customer_id IS NULL))
);
CREATE INDEX notices_inbox ON notices (user_id, created_at DESC, id DESC);
CREATE INDEX notices_of_visit ON notices (visit_id, created_at) WHERE visit_id IS NOT NULL;
CREATE INDEX notices_pending ON notices (expires_at) WHERE state = 'pending';

CREATE TABLE dispatches (
    id               TEXT NOT NULL PRIMARY KEY,
    notice_id        TEXT NOT NULL CONSTRAINT dispatches_notice REFERENCES notices (id),
    installation_id  TEXT CONSTRAINT dispatches_installation REFERENCES devices (installation_id) ON DELETE SET NULL,
    channel          TEXT NOT NULL,
    outcome          TEXT NOT NULL,
    detail           TEXT NOT NULL,
    message_id       TEXT NOT NULL,
    at               TIMESTAMP NOT NULL
);
CREATE INDEX dispatches_of_notice ON dispatches (notice_id, at);

-- Clock and retries.

CREATE TABLE deadlines (
    id          TEXT NOT NULL PRIMARY KEY,
    kind        TEXT NOT NULL,
    subject_id  TEXT NOT NULL,
    job_id      TEXT CONSTRAINT deadlines_job REFERENCES jobs (id),
    due_at      TIMESTAMP NOT NULL,
    done_at     TIMESTAMP
);
CREATE INDEX deadlines_due ON deadlines (due_at, id) WHERE done_at IS NULL;
CREATE UNIQUE INDEX deadlines_open ON deadlines (kind, subject_id) WHERE done_at IS NULL;

CREATE TABLE idempotency (
    actor_id    TEXT NOT NULL,
    key         TEXT NOT NULL,
    hash        TEXT NOT NULL,
    status      INTEGER NOT NULL,
    head        TEXT NOT NULL,
    body        BLOB NOT NULL,
    created_at  TIMESTAMP NOT NULL,
    CONSTRAINT idempotency_pkey PRIMARY KEY (actor_id, key)
);
CREATE INDEX idempotency_by_age ON idempotency (created_at);

CREATE TABLE disruptions (
    id          TEXT NOT NULL PRIMARY KEY,
    centre_id   TEXT NOT NULL CONSTRAINT disruptions_centre REFERENCES centres (id),
    date        TEXT NOT NULL,
    reason      TEXT NOT NULL,
    note        TEXT NOT NULL,
    moved       INTEGER NOT NULL,
    unplaced    INTEGER NOT NULL,
    created_by  TEXT NOT NULL CONSTRAINT disruptions_created_by REFERENCES users (id),
    created_at  TIMESTAMP NOT NULL
);
CREATE INDEX disruptions_of_centre ON disruptions (centre_id, created_at);
