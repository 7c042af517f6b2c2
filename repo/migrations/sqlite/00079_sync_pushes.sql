-- +goose Up
-- How far phones were told to sync, and when the last round was.
CREATE TABLE sync_round (
    id   INTEGER NOT NULL PRIMARY KEY CONSTRAINT sync_round_one CHECK (id = 1),
    tx   INTEGER NOT NULL,
    seq  INTEGER NOT NULL,
    at   TIMESTAMP
);
INSERT INTO sync_round (id, tx, seq) SELECT 1, 0, coalesce(max(seq), 0) FROM changes;

-- Whose phone is told when their next duty begins.
CREATE TABLE sync_later (
    person_id  TEXT NOT NULL PRIMARY KEY CONSTRAINT sync_later_person REFERENCES users (id),
    due_at     TIMESTAMP NOT NULL
);
