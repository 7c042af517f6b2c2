-- +goose Up
-- A household that became part of another one; rows of before are part of none.
ALTER TABLE customers ADD COLUMN merged_into_id TEXT CONSTRAINT customers_merged_into REFERENCES customers (id);
CREATE INDEX customers_merged_into ON customers (merged_into_id) WHERE merged_into_id IS NOT NULL;
-- Who merged which, and what moved: it goes back by this.
CREATE TABLE household_merges (
    id          TEXT NOT NULL PRIMARY KEY,
    customer_id TEXT NOT NULL CONSTRAINT household_merges_customer REFERENCES customers (id),
    into_id     TEXT NOT NULL CONSTRAINT household_merges_into REFERENCES customers (id),
    merged_at   TIMESTAMP NOT NULL,
    merged_by   TEXT NOT NULL CONSTRAINT household_merges_by REFERENCES users (id),
    reason      TEXT NOT NULL,
    moved       TEXT NOT NULL,
    parted_at   TIMESTAMP,
    parted_by   TEXT CONSTRAINT household_merges_parted_by REFERENCES users (id)
);
CREATE UNIQUE INDEX household_merges_in_force ON household_merges (customer_id) WHERE parted_at IS NULL;
