-- +goose Up
-- Who is kept from all homes joins no crew either.

-- +goose StatementBegin
CREATE TRIGGER assignments_insert_kept BEFORE INSERT ON assignments WHEN NEW.current AND NEW.active
BEGIN
    SELECT RAISE(ABORT, 'assignment_excluded') FROM keep_aways k WHERE k.user_id = NEW.technician_id AND k.lifted_at IS NULL;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER assignments_update_kept BEFORE UPDATE OF visit_id, technician_id, current, active ON assignments
WHEN NEW.active AND (NOT OLD.current OR OLD.technician_id <> NEW.technician_id OR OLD.visit_id <> NEW.visit_id)
BEGIN
    SELECT RAISE(ABORT, 'assignment_excluded') FROM keep_aways k WHERE k.user_id = NEW.technician_id AND k.lifted_at IS NULL;
END;
-- +goose StatementEnd
