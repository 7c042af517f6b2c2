-- +goose Up
-- The line went dead: an outcome of its own. And who says that they could not reach
-- us is counted by centre and hour.
ALTER TABLE attempts DROP CONSTRAINT attempts_outcome;
ALTER TABLE attempts ADD CONSTRAINT attempts_outcome CHECK (outcome IN ('reached', 'no_answer', 'busy', 'switched_off', 'out_of_network', 'wrong_number', 'voicemail', 'sent', 'delivered', 'read', 'nobody_home', 'refused', 'hostile', 'cut_off'));
CREATE INDEX attempts_not_reached ON attempts (occurred_at) WHERE request = 'could-not-reach';
