-- +goose Up
-- The grade of an attempt is judged: what it is judged by, why evidence was not taken,
-- and why it is no attempt of its own. Those from before keep their grade.
ALTER TABLE attempts ADD COLUMN call_seconds INTEGER;
ALTER TABLE attempts ADD COLUMN accuracy_m REAL;
ALTER TABLE attempts ADD COLUMN offline BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE attempts ADD COLUMN grade_why TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN barred TEXT NOT NULL DEFAULT '';
CREATE INDEX attempts_digests ON attempts (evidence_digest) WHERE evidence_digest <> '';
