-- +goose Up
-- What each transaction changed, for GET /v1/events: ids and versions, never
-- names. One row for each centre concerned; rows live for some hours.
CREATE TABLE changes (
    seq        bigint GENERATED ALWAYS AS IDENTITY,
    txid       xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at         timestamptz NOT NULL,
    centre_id  uuid CONSTRAINT changes_centre REFERENCES centres (id),
    items      text NOT NULL,
    CONSTRAINT changes_pkey PRIMARY KEY (txid, seq)
);
