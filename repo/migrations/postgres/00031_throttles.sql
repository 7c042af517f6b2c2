-- +goose Up
-- Failed tries at passwords, codes and tokens, for all replicas; the key is hashed.
CREATE TABLE throttles (
    key        TEXT NOT NULL PRIMARY KEY,
    failures   INTEGER NOT NULL,
    until_at   timestamptz,
    changed_at timestamptz NOT NULL,
    trusted_at timestamptz,
    forget_at  timestamptz NOT NULL
);
CREATE INDEX throttles_forget_at ON throttles (forget_at);
