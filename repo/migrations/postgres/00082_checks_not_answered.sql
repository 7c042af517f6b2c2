-- +goose Up
-- A completion check that nobody answers in time ends by itself.
ALTER TABLE done_checks DROP CONSTRAINT done_checks_status;
ALTER TABLE done_checks ADD CONSTRAINT done_checks_status
    CHECK (status IN ('open', 'confirmed', 'not_done', 'not_reached', 'settled', 'not_answered'));
INSERT INTO deadlines (id, kind, subject_id, job_id, due_at)
SELECT gen_random_uuid(), 'check', id, job_id, due_at FROM done_checks WHERE status = 'open';
