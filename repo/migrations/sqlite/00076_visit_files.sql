-- +goose Up
-- Photos, signatures and recordings of visits, with the consent to each. The bytes lie where those of evidence do; what has arrived of
-- one that is not whole lies there in parts.
CREATE TABLE visit_files (
    id           TEXT NOT NULL PRIMARY KEY,
    visit_id     TEXT NOT NULL CONSTRAINT visit_files_visit REFERENCES visits (id),
    uploaded_by  TEXT NOT NULL CONSTRAINT visit_files_by REFERENCES users (id),
    created_at   TIMESTAMP NOT NULL,
    kind         TEXT NOT NULL CONSTRAINT visit_files_kind CHECK (kind IN ('photo_before', 'photo_after', 'serial_plate', 'signature', 'voice')),
    taken_at     TIMESTAMP NOT NULL,
    asked        BOOLEAN NOT NULL,
    agreed       BOOLEAN NOT NULL,
    media_type   TEXT NOT NULL,
    size         INTEGER NOT NULL,
    sha256       TEXT NOT NULL,
    received     INTEGER NOT NULL,
    kept_size    INTEGER NOT NULL,
    digest       TEXT NOT NULL,
    file         TEXT NOT NULL,
    kept_at      TIMESTAMP,
    removed_at   TIMESTAMP,
    expires_at   TIMESTAMP NOT NULL,
    CONSTRAINT visit_files_asked CHECK (asked OR NOT agreed),
    CONSTRAINT visit_files_received CHECK (received BETWEEN 0 AND size)
);
CREATE INDEX visit_files_of_visit ON visit_files (visit_id, created_at, id);
CREATE INDEX visit_files_expiry ON visit_files (expires_at, id);
CREATE INDEX visit_files_file ON visit_files (file);
CREATE TABLE visit_file_parts (
    file_id    TEXT NOT NULL CONSTRAINT visit_file_parts_file REFERENCES visit_files (id) ON DELETE CASCADE,
    from_byte  INTEGER NOT NULL,
    size       INTEGER NOT NULL,
    file       TEXT NOT NULL,
    PRIMARY KEY (file_id, from_byte)
);
CREATE INDEX visit_file_parts_file ON visit_file_parts (file);
