-- +goose Up
-- Notices of households wait for decent hours too.
CREATE INDEX notices_waiting_home ON notices (customer_id) WHERE waits;
