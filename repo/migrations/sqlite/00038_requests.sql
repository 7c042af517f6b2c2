-- +goose Up
-- What a household asked for in a contact. Until now its note said so, which
-- people can write too: what came by a link is taken from there once.
ALTER TABLE attempts ADD COLUMN request TEXT NOT NULL DEFAULT '';
UPDATE attempts SET request = substr(note, 1, length(note) - 8) WHERE link_id IS NOT NULL AND direction = 'inbound' AND note LIKE '% by link';
