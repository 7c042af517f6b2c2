-- +goose Up
-- What each transaction changed, for GET /v1/events: ids and versions, never
-- names. One row for each centre concerned; rows live for some hours.
CREATE TABLE changes (
    seq        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    -- Of use on PostgreSQL only; here there is one writer.
    txid       INTEGER NOT NULL DEFAULT 0,
    at         TIMESTAMP NOT NULL,
    centre_id  TEXT CONSTRAINT changes_centre REFERENCES centres (id),
    items      TEXT NOT NULL
);
