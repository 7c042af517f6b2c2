-- +goose Up
-- What occupies a technician is asked of unfinished visits only, and answered
-- by the index alone: years of finished ones cost nothing.
DROP INDEX assignments_of_technician;
CREATE INDEX assignments_of_technician ON assignments (technician_id, starts_at, ends_at, visit_id) WHERE active;

-- No index depends on a notice's state, so that setting it touches none.
DROP INDEX notices_pending;
CREATE INDEX notices_unexpired ON notices (expires_at);
