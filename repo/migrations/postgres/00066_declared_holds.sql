-- +goose Up
-- A hold at the household's request stands on what staff say that it said (docs/product.md section 3).
ALTER TABLE holds ADD COLUMN declared boolean NOT NULL DEFAULT FALSE;
