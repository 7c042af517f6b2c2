-- +goose Up
-- The grade of an attempt is judged: what it is judged by, why evidence was not taken,
-- and why it is no attempt of its own. Those from before keep their grade.
ALTER TABLE attempts ADD COLUMN call_seconds bigint;
ALTER TABLE attempts ADD COLUMN accuracy_m double precision;
ALTER TABLE attempts ADD COLUMN offline boolean NOT NULL DEFAULT false;
ALTER TABLE attempts ADD COLUMN grade_why text NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN barred text NOT NULL DEFAULT '';
CREATE INDEX attempts_digests ON attempts (evidence_digest) WHERE evidence_digest <> '';
