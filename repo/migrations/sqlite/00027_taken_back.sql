-- +goose Up
-- Who uploaded evidence may remove it before the decision: the row stays and
-- says so, the bytes go, and the same bytes may come again.
CREATE TABLE evidence_new (
    id           TEXT NOT NULL PRIMARY KEY,
    flag_id      TEXT NOT NULL CONSTRAINT evidence_flag REFERENCES flags (id),
    uploaded_by  TEXT NOT NULL CONSTRAINT evidence_by REFERENCES users (id),
    created_at   TIMESTAMP NOT NULL,
    media_type   TEXT NOT NULL,
    size         INTEGER NOT NULL CONSTRAINT evidence_size CHECK (size > 0),
    digest       TEXT NOT NULL,
    file         TEXT NOT NULL CONSTRAINT evidence_file UNIQUE,
    removed_at   TIMESTAMP,
    removed_by   TEXT CONSTRAINT evidence_removed_by REFERENCES users (id)
);
INSERT INTO evidence_new (id, flag_id, uploaded_by, created_at, media_type, size, digest, file)
    SELECT id, flag_id, uploaded_by, created_at, media_type, size, digest, file FROM evidence;
DROP TABLE evidence;
ALTER TABLE evidence_new RENAME TO evidence;
CREATE UNIQUE INDEX evidence_once ON evidence (flag_id, digest) WHERE removed_at IS NULL;
CREATE INDEX evidence_of_flag ON evidence (flag_id, created_at, id);

-- A household takes its report back, in its own words where it says any.
ALTER TABLE flags ADD COLUMN withdrawn_words TEXT NOT NULL DEFAULT '';

-- Of the visits that he lost, those to which he was on his way.
ALTER TABLE keep_aways ADD COLUMN turned_back TEXT NOT NULL DEFAULT '[]';
