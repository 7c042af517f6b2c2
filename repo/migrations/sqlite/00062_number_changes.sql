-- +goose Up
-- What staff changed of a household's numbers, while it is open. Numbers of before prove what they proved.
ALTER TABLE customers ADD COLUMN number_changes TEXT NOT NULL DEFAULT '[]';
