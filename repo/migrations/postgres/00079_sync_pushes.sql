-- +goose Up
-- How far phones were told to sync, and when the last round was.
CREATE TABLE sync_round (
    id   bigint NOT NULL PRIMARY KEY CONSTRAINT sync_round_one CHECK (id = 1),
    tx   bigint NOT NULL,
    seq  bigint NOT NULL,
    at   timestamptz
);
INSERT INTO sync_round (id, tx, seq) SELECT 1, CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) - 1, 9223372036854775807;

-- Whose phone is told when their next duty begins.
CREATE TABLE sync_later (
    person_id  uuid NOT NULL PRIMARY KEY CONSTRAINT sync_later_person REFERENCES users (id),
    due_at     timestamptz NOT NULL
);
