-- +goose Up
-- Photos, signatures and recordings of visits, with the consent to each. The bytes lie where those of evidence do; what has arrived of
-- one that is not whole lies there in parts.
CREATE TABLE visit_files (
    id           uuid NOT NULL PRIMARY KEY,
    visit_id     uuid NOT NULL CONSTRAINT visit_files_visit REFERENCES visits (id),
    uploaded_by  uuid NOT NULL CONSTRAINT visit_files_by REFERENCES users (id),
    created_at   timestamptz NOT NULL,
    kind         text NOT NULL CONSTRAINT visit_files_kind CHECK (kind IN ('photo_before', 'photo_after', 'serial_plate', 'signature', 'voice')),
    taken_at     timestamptz NOT NULL,
    asked        boolean NOT NULL,
    agreed       boolean NOT NULL,
    media_type   text NOT NULL,
    size         bigint NOT NULL,
    sha256       text NOT NULL,
    received     bigint NOT NULL,
    kept_size    bigint NOT NULL,
    digest       text NOT NULL,
    file         text NOT NULL,
    kept_at      timestamptz,
    removed_at   timestamptz,
    expires_at   timestamptz NOT NULL,
    CONSTRAINT visit_files_asked CHECK (asked OR NOT agreed),
    CONSTRAINT visit_files_received CHECK (received BETWEEN 0 AND size)
);
CREATE INDEX visit_files_of_visit ON visit_files (visit_id, created_at, id);
CREATE INDEX visit_files_expiry ON visit_files (expires_at, id);
CREATE INDEX visit_files_file ON visit_files (file);
CREATE TABLE visit_file_parts (
    file_id    uuid NOT NULL CONSTRAINT visit_file_parts_file REFERENCES visit_files (id) ON DELETE CASCADE,
    from_byte  bigint NOT NULL,
    size       bigint NOT NULL,
    file       text NOT NULL,
    PRIMARY KEY (file_id, from_byte)
);
CREATE INDEX visit_file_parts_file ON visit_file_parts (file);
