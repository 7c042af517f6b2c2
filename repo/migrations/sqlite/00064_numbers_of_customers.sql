-- +goose Up
-- A household's numbers are found by it: each one that came in read the numbers of all.
CREATE INDEX contact_phones_of_customer ON contact_phones (customer_id);
