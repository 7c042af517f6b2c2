-- +goose Up
-- A pause is offered after an abusive call that was ended by number alone as well.
CREATE TABLE cool_offs_new (
    id           TEXT NOT NULL PRIMARY KEY,
    version      INTEGER NOT NULL,
    created_at   TIMESTAMP NOT NULL,
    updated_at   TIMESTAMP NOT NULL,
    flag_id      TEXT CONSTRAINT cool_offs_flag UNIQUE REFERENCES flags (id),
    user_id      TEXT NOT NULL CONSTRAINT cool_offs_user REFERENCES users (id),
    accepted     BOOLEAN NOT NULL,
    visit_id     TEXT CONSTRAINT cool_offs_visit REFERENCES visits (id),
    outcome      TEXT NOT NULL CONSTRAINT cool_offs_outcome CHECK (outcome IN ('declined', 'nothing_ahead', 'offered', 'moved', 'taken')),
    attempt_id   TEXT CONSTRAINT cool_offs_attempt UNIQUE REFERENCES attempts (id),
    contact_id   TEXT CONSTRAINT cool_offs_contact UNIQUE REFERENCES stray_contacts (id),
    CONSTRAINT cool_offs_of CHECK (flag_id IS NOT NULL OR attempt_id IS NOT NULL OR contact_id IS NOT NULL)
);
INSERT INTO cool_offs_new (id, version, created_at, updated_at, flag_id, user_id, accepted, visit_id, outcome, attempt_id)
SELECT id, version, created_at, updated_at, flag_id, user_id, accepted, visit_id, outcome, attempt_id FROM cool_offs;
DROP TABLE cool_offs;
ALTER TABLE cool_offs_new RENAME TO cool_offs;
CREATE INDEX cool_offs_of_visit ON cool_offs (visit_id) WHERE visit_id IS NOT NULL;
