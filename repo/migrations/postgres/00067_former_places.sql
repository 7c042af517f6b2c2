-- +goose Up
-- The loose form of an address, by which it is only asked about (PlaceLike in domain); empty: not computed yet, as
-- the server does when it starts.
ALTER TABLE sites ADD COLUMN place_like text NOT NULL DEFAULT '';
CREATE INDEX sites_by_like ON sites (place_like, customer_id);
-- Places that a household had while something lay over it: that goes on lying over them.
CREATE TABLE former_places (
    customer_id uuid NOT NULL CONSTRAINT former_places_customer REFERENCES customers (id),
    place_key   text NOT NULL,
    CONSTRAINT former_places_pkey PRIMARY KEY (customer_id, place_key)
);
CREATE INDEX former_places_by_key ON former_places (place_key);
