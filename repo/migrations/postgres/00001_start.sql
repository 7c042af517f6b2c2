-- +goose Up
CREATE EXTENSION IF NOT EXISTS btree_gist;

-- People.

CREATE TABLE areas (
    id          uuid PRIMARY KEY,
    version     bigint NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    name        text NOT NULL
);
CREATE INDEX areas_page ON areas (created_at, id);

CREATE TABLE centres (
    id              uuid PRIMARY KEY,
    version         bigint NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    area_id         uuid NOT NULL CONSTRAINT centres_area REFERENCES areas (id),
    name            text NOT NULL,
    zone            text NOT NULL,
    country         text NOT NULL,
    postal_codes    jsonb NOT NULL,
    working_days    jsonb NOT NULL,
    holidays        jsonb NOT NULL,
    phone           text NOT NULL,
    import_mapping  jsonb NOT NULL
);
CREATE INDEX centres_page ON centres (created_at, id);
CREATE INDEX centres_of_area ON centres (area_id);

CREATE TABLE users (
    id             uuid PRIMARY KEY,
    version        bigint NOT NULL,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    login          text NOT NULL CONSTRAINT users_login UNIQUE,
    name           text NOT NULL,
    role           text NOT NULL CONSTRAINT users_role CHECK (role IN ('technician', 'coordinator', 'proprietor', 'area_manager', 'agent', 'admin')),
    centre_id      uuid CONSTRAINT users_centre REFERENCES centres (id),
    area_id        uuid CONSTRAINT users_area REFERENCES areas (id),
    deputy_id      uuid CONSTRAINT users_deputy REFERENCES users (id),
    phone          text NOT NULL,
    language       text NOT NULL,
    disabled       boolean NOT NULL,
    skills         jsonb NOT NULL,
    hours          jsonb NOT NULL,
    home_lat       double precision,
    home_lon       double precision,
    password_hash  text NOT NULL,
    epoch          bigint NOT NULL,
    CONSTRAINT users_place CHECK (CASE WHEN role IN ('technician', 'coordinator', 'proprietor') THEN centre_id IS NOT NULL
                                       WHEN role = 'area_manager' THEN area_id IS NOT NULL ELSE true END)
);
CREATE INDEX users_page ON users (created_at, id);
CREATE INDEX users_of_centre ON users (centre_id, role);
CREATE INDEX users_of_area ON users (area_id, role);
CREATE INDEX users_by_deputy ON users (deputy_id) WHERE deputy_id IS NOT NULL;

CREATE TABLE leaves (
    id             uuid PRIMARY KEY,
    version        bigint NOT NULL,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    technician_id  uuid NOT NULL CONSTRAINT leaves_technician REFERENCES users (id),
    starts_at      timestamptz NOT NULL,
    ends_at        timestamptz NOT NULL,
    kind           text NOT NULL,
    note           text NOT NULL,
    CONSTRAINT leaves_order CHECK (ends_at > starts_at)
);
CREATE INDEX leaves_of ON leaves (technician_id, ends_at);

CREATE TABLE sessions (
    id            uuid PRIMARY KEY,
    family_id     uuid NOT NULL,
    user_id       uuid NOT NULL CONSTRAINT sessions_user REFERENCES users (id),
    token_hash    text NOT NULL CONSTRAINT sessions_token UNIQUE,
    successor_id  uuid CONSTRAINT sessions_successor REFERENCES sessions (id),
    epoch         bigint NOT NULL,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    used_at       timestamptz,
    revoked_at    timestamptz
);
CREATE INDEX sessions_of_family ON sessions (family_id);
CREATE INDEX sessions_of_user ON sessions (user_id);

CREATE TABLE invitations (
    id          uuid PRIMARY KEY,
    user_id     uuid NOT NULL CONSTRAINT invitations_user REFERENCES users (id),
    purpose     text NOT NULL CONSTRAINT invitations_purpose CHECK (purpose IN ('invite', 'reset')),
    token_hash  text NOT NULL CONSTRAINT invitations_token UNIQUE,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz
);
CREATE INDEX invitations_of_user ON invitations (user_id);

-- Households.

CREATE TABLE customers (
    id                    uuid PRIMARY KEY,
    version               bigint NOT NULL,
    created_at            timestamptz NOT NULL,
    updated_at            timestamptz NOT NULL,
    name                  text NOT NULL,
    -- The name in lower case, to find households by the start of it.
    name_key              text COLLATE "C" NOT NULL,
    language              text NOT NULL,
    registered_centre_id  uuid CONSTRAINT customers_registered_centre REFERENCES centres (id)
);
CREATE INDEX customers_page ON customers (created_at, id);
CREATE INDEX customers_by_name ON customers (name_key);

-- The centres that see a household: they registered it, or hold or held a job
-- of it (docs/product.md section 2). created_at is the customer's, so that a
-- centre's list is one walk of an index.
CREATE TABLE customer_centres (
    customer_id  uuid NOT NULL CONSTRAINT customer_centres_customer REFERENCES customers (id),
    centre_id    uuid NOT NULL CONSTRAINT customer_centres_centre REFERENCES centres (id),
    created_at   timestamptz NOT NULL,
    CONSTRAINT customer_centres_pkey PRIMARY KEY (customer_id, centre_id)
);
CREATE INDEX customer_centres_page ON customer_centres (centre_id, created_at, customer_id);

CREATE TABLE contacts (
    id           uuid PRIMARY KEY,
    customer_id  uuid NOT NULL CONSTRAINT contacts_customer REFERENCES customers (id),
    name         text NOT NULL,
    relation     text NOT NULL,
    phones       jsonb NOT NULL,
    email        text NOT NULL,
    language     text NOT NULL,
    voice_only   boolean NOT NULL,
    position     bigint NOT NULL,
    struck       jsonb NOT NULL
);
CREATE INDEX contacts_of_customer ON contacts (customer_id, position);

-- The known numbers of contacts.phones, to find households by number; a
-- struck number has no row.
CREATE TABLE contact_phones (
    contact_id   uuid NOT NULL CONSTRAINT contact_phones_contact REFERENCES contacts (id) ON DELETE CASCADE,
    phone        text NOT NULL,
    customer_id  uuid NOT NULL CONSTRAINT contact_phones_customer REFERENCES customers (id),
    CONSTRAINT contact_phones_pkey PRIMARY KEY (contact_id, phone)
);
CREATE INDEX contact_phones_by_number ON contact_phones (phone, customer_id);

CREATE TABLE sites (
    id           uuid PRIMARY KEY,
    customer_id  uuid NOT NULL CONSTRAINT sites_customer REFERENCES customers (id),
    label        text NOT NULL,
    address      text NOT NULL,
    landmark     text NOT NULL,
    postal_code  text NOT NULL,
    zone         text NOT NULL,
    lat          double precision,
    lon          double precision,
    occupant     text NOT NULL,
    position     bigint NOT NULL
);
CREATE INDEX sites_of_customer ON sites (customer_id, position);

CREATE TABLE appliances (
    id            uuid PRIMARY KEY,
    version       bigint NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    customer_id   uuid NOT NULL CONSTRAINT appliances_customer REFERENCES customers (id),
    site_id       uuid CONSTRAINT appliances_site REFERENCES sites (id),
    category      text NOT NULL,
    brand         text NOT NULL,
    model         text NOT NULL,
    serial        text NOT NULL,
    purchased_on  text NOT NULL
);
CREATE INDEX appliances_page ON appliances (created_at, id);
CREATE INDEX appliances_of_customer ON appliances (customer_id, created_at, id);
CREATE INDEX appliances_by_serial ON appliances (serial) WHERE serial <> '';
CREATE INDEX appliances_at_site ON appliances (site_id);

-- Jobs.

CREATE TABLE jobs (
    id               uuid PRIMARY KEY,
    version          bigint NOT NULL,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    external_ref     text CONSTRAINT jobs_external_ref UNIQUE,
    customer_id      uuid NOT NULL CONSTRAINT jobs_customer REFERENCES customers (id),
    site_id          uuid NOT NULL CONSTRAINT jobs_site REFERENCES sites (id),
    contact_id       uuid CONSTRAINT jobs_contact REFERENCES contacts (id),
    appliance_id     uuid CONSTRAINT jobs_appliance REFERENCES appliances (id),
    centre_id        uuid NOT NULL CONSTRAINT jobs_centre REFERENCES centres (id),
    area_id          uuid NOT NULL CONSTRAINT jobs_area REFERENCES areas (id),
    status           text NOT NULL CONSTRAINT jobs_status CHECK (status IN ('open', 'scheduled', 'in_progress', 'resolved', 'closed', 'cancelled')),
    category         text NOT NULL,
    serial           text NOT NULL,
    fault            text NOT NULL,
    tried_steps      jsonb NOT NULL,
    what_matters     text NOT NULL,
    priority         text NOT NULL,
    safety_critical  boolean NOT NULL,
    cover            text NOT NULL,
    repeat_of        uuid CONSTRAINT jobs_repeat_of REFERENCES jobs (id),
    opened_at        timestamptz NOT NULL,
    reopened_at      timestamptz,
    resolved_at      timestamptz,
    ended_at         timestamptz,
    end_reason       text NOT NULL,
    verdict          text NOT NULL,
    last_contact_at  timestamptz,
    seq              bigint NOT NULL CONSTRAINT jobs_seq CHECK (seq >= 0),
    chain_head       bytea,
    -- The transaction that wrote the row last: a change feed serves only what
    -- every earlier transaction has made visible (docs/product.md section 8).
    txid             xid8 NOT NULL DEFAULT pg_current_xact_id(),
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
    id            uuid PRIMARY KEY,
    kind          text NOT NULL CONSTRAINT holds_kind CHECK (kind IN ('unreachable', 'parts', 'customer_request', 'safety')),
    job_id        uuid CONSTRAINT holds_job REFERENCES jobs (id),
    customer_id   uuid CONSTRAINT holds_customer REFERENCES customers (id),
    site_id       uuid CONSTRAINT holds_site REFERENCES sites (id),
    since         timestamptz NOT NULL,
    reason        text NOT NULL,
    by_id         uuid CONSTRAINT holds_by REFERENCES users (id),
    by            text NOT NULL,
    owner_id      uuid CONSTRAINT holds_owner REFERENCES users (id),
    due_at        timestamptz,
    flag_id       uuid,
    fixable       boolean NOT NULL,
    lifted_at     timestamptz,
    lifted_by_id  uuid CONSTRAINT holds_lifted_by REFERENCES users (id),
    lift_reason   text NOT NULL,
    plan          jsonb NOT NULL,
    txid          xid8 NOT NULL DEFAULT pg_current_xact_id(),
    CONSTRAINT holds_over CHECK (CASE WHEN kind = 'safety' THEN job_id IS NOT NULL OR customer_id IS NOT NULL OR site_id IS NOT NULL ELSE job_id IS NOT NULL END)
);
CREATE INDEX holds_open ON holds (kind) WHERE lifted_at IS NULL;
CREATE INDEX holds_of_job ON holds (job_id) WHERE job_id IS NOT NULL;
CREATE INDEX holds_of_customer ON holds (customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX holds_of_site ON holds (site_id) WHERE site_id IS NOT NULL;

-- Visits.

CREATE TABLE visits (
    id               uuid PRIMARY KEY,
    version          bigint NOT NULL,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    job_id           uuid NOT NULL CONSTRAINT visits_job REFERENCES jobs (id),
    centre_id        uuid NOT NULL CONSTRAINT visits_centre REFERENCES centres (id),
    area_id          uuid NOT NULL CONSTRAINT visits_area REFERENCES areas (id),
    customer_id      uuid NOT NULL CONSTRAINT visits_customer REFERENCES customers (id),
    status           text NOT NULL CONSTRAINT visits_status CHECK (status IN ('scheduled', 'en_route', 'arrived', 'in_progress', 'completed', 'partial', 'no_access', 'stopped_unsafe', 'missed', 'rescheduled', 'cancelled')),
    confirmation     text NOT NULL CONSTRAINT visits_confirmation CHECK (confirmation IN ('awaiting', 'confirmed', 'declined')),
    confirmed_how    text NOT NULL,
    window_start     timestamptz NOT NULL,
    window_end       timestamptz NOT NULL,
    planned_start    timestamptz NOT NULL,
    planned_minutes  bigint NOT NULL CONSTRAINT visits_planned_minutes CHECK (planned_minutes > 0),
    crew             jsonb NOT NULL,
    ever_crew        jsonb NOT NULL,
    plan_seen        jsonb NOT NULL,
    predecessor_id   uuid CONSTRAINT visits_predecessor REFERENCES visits (id) DEFERRABLE INITIALLY DEFERRED,
    -- The old visit names its successor before that is written.
    successor_id     uuid CONSTRAINT visits_successor REFERENCES visits (id) DEFERRABLE INITIALLY DEFERRED,
    en_route_at      timestamptz,
    arrived_at       timestamptz,
    started_at       timestamptz,
    ended_at         timestamptz,
    not_recorded     jsonb NOT NULL,
    provisional_to   timestamptz,
    end_reason       text NOT NULL,
    counts_against   text NOT NULL CONSTRAINT visits_counts_against CHECK (counts_against IN ('', 'nobody', 'brand', 'customer')),
    findings         text NOT NULL,
    work_done        text NOT NULL,
    parts            jsonb NOT NULL,
    tested           text NOT NULL,
    sequence         bigint NOT NULL,
    txid             xid8 NOT NULL DEFAULT pg_current_xact_id(),
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
    visit_id       uuid NOT NULL CONSTRAINT assignments_visit REFERENCES visits (id),
    technician_id  uuid NOT NULL CONSTRAINT assignments_technician REFERENCES users (id),
    job_id         uuid NOT NULL CONSTRAINT assignments_job REFERENCES jobs (id),
    -- The visit's, so that a technician's list is one walk of an index.
    window_start   timestamptz NOT NULL,
    starts_at      timestamptz NOT NULL,
    ends_at        timestamptz NOT NULL,
    active         boolean NOT NULL,
    current        boolean NOT NULL,
    CONSTRAINT assignments_pkey PRIMARY KEY (visit_id, technician_id),
    CONSTRAINT assignments_order CHECK (ends_at > starts_at),
    CONSTRAINT assignments_active CHECK (current OR NOT active),
    CONSTRAINT assignment_overlap EXCLUDE USING gist (technician_id WITH =, tstzrange(starts_at, ends_at, '[)') WITH &&) WHERE (active)
);
CREATE INDEX assignments_of_technician ON assignments (technician_id, starts_at);
CREATE INDEX assignments_by_window ON assignments (technician_id, window_start, visit_id) WHERE current;
CREATE INDEX assignments_of_job ON assignments (job_id, technician_id) WHERE current;

-- Contact.

CREATE TABLE attempts (
    id               uuid PRIMARY KEY,
    job_id           uuid NOT NULL CONSTRAINT attempts_job REFERENCES jobs (id),
    customer_id      uuid NOT NULL CONSTRAINT attempts_customer REFERENCES customers (id),
    visit_id         uuid CONSTRAINT attempts_visit REFERENCES visits (id),
    direction        text NOT NULL CONSTRAINT attempts_direction CHECK (direction IN ('outbound', 'inbound')),
    contact_id       uuid CONSTRAINT attempts_contact REFERENCES contacts (id),
    address          text NOT NULL,
    channel          text NOT NULL CONSTRAINT attempts_channel CHECK (channel IN ('phone', 'sms', 'whatsapp', 'push', 'email', 'doorstep')),
    outcome          text NOT NULL CONSTRAINT attempts_outcome CHECK (outcome IN ('reached', 'no_answer', 'busy', 'switched_off', 'out_of_network', 'wrong_number', 'voicemail', 'sent', 'delivered', 'read', 'nobody_home', 'refused', 'hostile')),
    ring_seconds     bigint CONSTRAINT attempts_ring CHECK (ring_seconds >= 0),
    grade            text NOT NULL CONSTRAINT attempts_grade CHECK (grade IN ('proven', 'recorded', 'declared')),
    evidence_digest  text NOT NULL,
    note             text NOT NULL,
    lat              double precision,
    lon              double precision,
    distance_m       double precision,
    place_reason     text NOT NULL,
    last_notice      boolean NOT NULL,
    by_id            uuid CONSTRAINT attempts_by REFERENCES users (id),
    by_role          text NOT NULL,
    occurred_at      timestamptz NOT NULL,
    claimed_at       timestamptz,
    recorded_at      timestamptz NOT NULL,
    discounted       text NOT NULL,
    created_at       timestamptz NOT NULL
);
CREATE INDEX attempts_of_job ON attempts (job_id, occurred_at, id);
CREATE INDEX attempts_by_contact ON attempts (contact_id);

CREATE TABLE stray_contacts (
    id           uuid PRIMARY KEY,
    area_id      uuid CONSTRAINT stray_contacts_area REFERENCES areas (id),
    phone        text NOT NULL,
    direction    text NOT NULL CONSTRAINT stray_contacts_direction CHECK (direction IN ('outbound', 'inbound')),
    channel      text NOT NULL,
    outcome      text NOT NULL,
    note         text NOT NULL,
    by_id        uuid NOT NULL CONSTRAINT stray_contacts_by REFERENCES users (id),
    occurred_at  timestamptz NOT NULL,
    recorded_at  timestamptz NOT NULL
);
CREATE INDEX stray_contacts_by_number ON stray_contacts (phone, occurred_at);

CREATE TABLE policies (
    id              uuid PRIMARY KEY,
    centre_id       uuid CONSTRAINT policies_centre REFERENCES centres (id),
    number          bigint NOT NULL CONSTRAINT policies_number_positive CHECK (number > 0),
    effective_from  timestamptz NOT NULL,
    rules           jsonb NOT NULL,
    created_by      uuid CONSTRAINT policies_created_by REFERENCES users (id),
    created_at      timestamptz NOT NULL
);
CREATE UNIQUE INDEX policies_number ON policies (centre_id, number) WHERE centre_id IS NOT NULL;
CREATE UNIQUE INDEX policies_brand_number ON policies (number) WHERE centre_id IS NULL;

-- Danger.

CREATE TABLE flags (
    id             uuid PRIMARY KEY,
    version        bigint NOT NULL,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    job_id         uuid CONSTRAINT flags_job REFERENCES jobs (id),
    visit_id       uuid CONSTRAINT flags_visit REFERENCES visits (id),
    customer_id    uuid CONSTRAINT flags_customer REFERENCES customers (id),
    site_id        uuid CONSTRAINT flags_site REFERENCES sites (id),
    centre_id      uuid CONSTRAINT flags_centre REFERENCES centres (id),
    area_id        uuid CONSTRAINT flags_area REFERENCES areas (id),
    phone          text NOT NULL,
    kind           text NOT NULL,
    level          bigint NOT NULL CONSTRAINT flags_level CHECK (level BETWEEN 0 AND 4),
    note           text NOT NULL,
    status         text NOT NULL CONSTRAINT flags_status CHECK (status IN ('reported', 'triaged', 'under_review', 'upheld', 'not_upheld', 'unclear', 'withdrawn')),
    provisional    boolean NOT NULL,
    reporter_id    uuid NOT NULL CONSTRAINT flags_reporter REFERENCES users (id),
    subject_id     uuid CONSTRAINT flags_subject REFERENCES users (id),
    occurred_at    timestamptz NOT NULL,
    recorded_at    timestamptz NOT NULL,
    triage_due_at  timestamptz NOT NULL,
    escalated_at   timestamptz,
    triaged_at     timestamptz,
    triaged_by     uuid CONSTRAINT flags_triaged_by REFERENCES users (id),
    decided_at     timestamptz,
    decided_by     uuid CONSTRAINT flags_decided_by REFERENCES users (id),
    reasons        text NOT NULL,
    withdrawn_at   timestamptz,
    pressure       boolean
);
CREATE INDEX flags_page ON flags (created_at, id);
CREATE INDEX flags_of_area ON flags (area_id, created_at, id);
CREATE INDEX flags_of_centre ON flags (centre_id, created_at, id);
CREATE INDEX flags_of_reporter ON flags (reporter_id, created_at, id);
CREATE INDEX flags_of_subject ON flags (subject_id) WHERE subject_id IS NOT NULL;
CREATE INDEX flags_of_visit ON flags (visit_id) WHERE visit_id IS NOT NULL;
CREATE INDEX flags_of_customer ON flags (customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX flags_of_job ON flags (job_id) WHERE job_id IS NOT NULL;

ALTER TABLE holds ADD CONSTRAINT holds_flag FOREIGN KEY (flag_id) REFERENCES flags (id);

CREATE TABLE exclusions (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL CONSTRAINT exclusions_user REFERENCES users (id),
    customer_id  uuid NOT NULL CONSTRAINT exclusions_customer REFERENCES customers (id),
    flag_id      uuid NOT NULL CONSTRAINT exclusions_flag REFERENCES flags (id),
    since        timestamptz NOT NULL,
    lifted_at    timestamptz
);
CREATE UNIQUE INDEX exclusions_in_force ON exclusions (customer_id, user_id) WHERE lifted_at IS NULL;

-- Telling.

CREATE TABLE facts (
    job_id       uuid NOT NULL CONSTRAINT facts_job REFERENCES jobs (id),
    seq          bigint NOT NULL CONSTRAINT facts_seq CHECK (seq > 0),
    id           uuid NOT NULL CONSTRAINT facts_id UNIQUE,
    kind         text NOT NULL,
    visit_id     uuid CONSTRAINT facts_visit REFERENCES visits (id),
    actor_role   text NOT NULL,
    actor_id     uuid CONSTRAINT facts_actor REFERENCES users (id),
    occurred_at  timestamptz NOT NULL,
    claimed_at   timestamptz,
    recorded_at  timestamptz NOT NULL,
    -- json and not jsonb: the commitment covers the bytes as they were.
    payload      json NOT NULL,
    salt         bytea,
    commitment   bytea NOT NULL,
    prev_hash    bytea,
    hash         bytea NOT NULL,
    txid         xid8 NOT NULL DEFAULT pg_current_xact_id(),
    CONSTRAINT facts_pkey PRIMARY KEY (job_id, seq)
);

CREATE TABLE links (
    id           uuid PRIMARY KEY,
    job_id       uuid NOT NULL CONSTRAINT links_job REFERENCES jobs (id),
    key_id       text NOT NULL,
    token_hash   text NOT NULL CONSTRAINT links_token UNIQUE,
    created_at   timestamptz NOT NULL,
    revoked_at   timestamptz,
    revoked_why  text NOT NULL
);
CREATE UNIQUE INDEX links_live ON links (job_id) WHERE revoked_at IS NULL;

CREATE TABLE form_keys (
    hash     text PRIMARY KEY,
    link_id  uuid NOT NULL CONSTRAINT form_keys_link REFERENCES links (id),
    used_at  timestamptz NOT NULL
);

CREATE TABLE devices (
    installation_id  uuid PRIMARY KEY,
    user_id          uuid CONSTRAINT devices_user REFERENCES users (id),
    customer_id      uuid CONSTRAINT devices_customer REFERENCES customers (id),
    link_id          uuid CONSTRAINT devices_link REFERENCES links (id),
    token            text NOT NULL,
    platform         text NOT NULL,
    language         text NOT NULL,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    dropped_at       timestamptz,
    drop_reason      text NOT NULL,
    CONSTRAINT devices_owner CHECK ((user_id IS NULL) <> (customer_id IS NULL))
);
CREATE INDEX devices_of_user ON devices (user_id) WHERE dropped_at IS NULL;
CREATE INDEX devices_of_customer ON devices (customer_id) WHERE dropped_at IS NULL;

CREATE TABLE notices (
    id            uuid PRIMARY KEY,
    kind          text NOT NULL,
    user_id       uuid CONSTRAINT notices_user REFERENCES users (id),
    customer_id   uuid CONSTRAINT notices_customer REFERENCES customers (id),
    job_id        uuid CONSTRAINT notices_job REFERENCES jobs (id),
    visit_id      uuid CONSTRAINT notices_visit REFERENCES visits (id),
    title         text NOT NULL,
    body          text NOT NULL,
    data          jsonb NOT NULL,
    high          boolean NOT NULL,
    collapse_key  text NOT NULL,
    dedupe_key    text CONSTRAINT notices_dedupe UNIQUE,
    language      text NOT NULL,
    with_link     boolean NOT NULL,
    not_before    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    state         text NOT NULL CONSTRAINT notices_state CHECK (state IN ('pending', 'done', 'no_device', 'expired', 'failed', 'withdrawn')),
    created_at    timestamptz NOT NULL,
    seen_at       timestamptz,
    CONSTRAINT notices_audience CHECK ((user_id IS NULL) <> (customer_id IS NULL))
);
CREATE INDEX notices_inbox ON notices (user_id, created_at DESC, id DESC);
CREATE INDEX notices_of_visit ON notices (visit_id, created_at) WHERE visit_id IS NOT NULL;
CREATE INDEX notices_pending ON notices (expires_at) WHERE state = 'pending';

CREATE TABLE dispatches (
    id               uuid PRIMARY KEY,
    notice_id        uuid NOT NULL CONSTRAINT dispatches_notice REFERENCES notices (id),
    installation_id  uuid CONSTRAINT dispatches_installation REFERENCES devices (installation_id) ON DELETE SET NULL,
    channel          text NOT NULL,
    outcome          text NOT NULL,
    detail           text NOT NULL,
    message_id       text NOT NULL,
    at               timestamptz NOT NULL
);
CREATE INDEX dispatches_of_notice ON dispatches (notice_id, at);

-- Clock and retries.

CREATE TABLE deadlines (
    id          uuid PRIMARY KEY,
    kind        text NOT NULL,
    subject_id  uuid NOT NULL,
    job_id      uuid CONSTRAINT deadlines_job REFERENCES jobs (id),
    due_at      timestamptz NOT NULL,
    done_at     timestamptz
);
CREATE INDEX deadlines_due ON deadlines (due_at, id) WHERE done_at IS NULL;
CREATE UNIQUE INDEX deadlines_open ON deadlines (kind, subject_id) WHERE done_at IS NULL;

CREATE TABLE idempotency (
    actor_id    uuid NOT NULL,
    key         text NOT NULL,
    hash        text NOT NULL,
    status      bigint NOT NULL,
    head        text NOT NULL,
    body        bytea NOT NULL,
    created_at  timestamptz NOT NULL,
    CONSTRAINT idempotency_pkey PRIMARY KEY (actor_id, key)
);
CREATE INDEX idempotency_by_age ON idempotency (created_at);

CREATE TABLE disruptions (
    id          uuid PRIMARY KEY,
    centre_id   uuid NOT NULL CONSTRAINT disruptions_centre REFERENCES centres (id),
    date        text NOT NULL,
    reason      text NOT NULL,
    note        text NOT NULL,
    moved       bigint NOT NULL,
    unplaced    bigint NOT NULL,
    created_by  uuid NOT NULL CONSTRAINT disruptions_created_by REFERENCES users (id),
    created_at  timestamptz NOT NULL
);
CREATE INDEX disruptions_of_centre ON disruptions (centre_id, created_at);
