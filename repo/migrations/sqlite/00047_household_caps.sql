-- +goose Up
-- The cap of calls a day is the household's. An attempt keeps the rules by which it was
-- judged: those from before count within their job alone (0), and nothing exempts them.
ALTER TABLE attempts ADD COLUMN rules INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN cap_exempt TEXT NOT NULL DEFAULT '';
CREATE INDEX attempts_calls ON attempts (customer_id, occurred_at) WHERE direction = 'outbound' AND channel = 'phone' AND rules > 0;
