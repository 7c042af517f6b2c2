-- +goose Up
-- Agreement is its own fact: to which time a household agreed, in which contact, said
-- how. Visits from before keep what they were judged by: the contact alone.
ALTER TABLE attempts ADD COLUMN agreed_start TIMESTAMP;
ALTER TABLE attempts ADD COLUMN agreed_end TIMESTAMP;
ALTER TABLE visits ADD COLUMN agreed_start TIMESTAMP;
ALTER TABLE visits ADD COLUMN agreed_end TIMESTAMP;
ALTER TABLE visits ADD COLUMN agreed_said TEXT NOT NULL DEFAULT '';
