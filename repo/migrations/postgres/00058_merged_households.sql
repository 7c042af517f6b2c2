-- +goose Up
-- A household that became part of another one; rows of before are part of none.
ALTER TABLE customers ADD COLUMN merged_into_id uuid CONSTRAINT customers_merged_into REFERENCES customers (id);
CREATE INDEX customers_merged_into ON customers (merged_into_id) WHERE merged_into_id IS NOT NULL;
-- Who merged which, and what moved: it goes back by this.
CREATE TABLE household_merges (
    id          uuid NOT NULL PRIMARY KEY,
    customer_id uuid NOT NULL CONSTRAINT household_merges_customer REFERENCES customers (id),
    into_id     uuid NOT NULL CONSTRAINT household_merges_into REFERENCES customers (id),
    merged_at   timestamptz NOT NULL,
    merged_by   uuid NOT NULL CONSTRAINT household_merges_by REFERENCES users (id),
    reason      text NOT NULL,
    moved       jsonb NOT NULL,
    parted_at   timestamptz,
    parted_by   uuid CONSTRAINT household_merges_parted_by REFERENCES users (id)
);
CREATE UNIQUE INDEX household_merges_in_force ON household_merges (customer_id) WHERE parted_at IS NULL;
