-- +goose Up
-- Who is kept apart from a household joins no crew that goes there, whatever
-- wrote the row. Somebody who was in the crew before stays in it on paper: a
-- visit under way ends, and a late fact of one that ended is still his.

-- +goose StatementBegin
CREATE FUNCTION assignment_excluded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM exclusions x JOIN visits v ON v.customer_id = x.customer_id
               WHERE v.id = NEW.visit_id AND x.user_id = NEW.technician_id AND x.lifted_at IS NULL) THEN
        RAISE EXCEPTION 'assignment_excluded' USING ERRCODE = 'check_violation', CONSTRAINT = 'assignment_excluded';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER assignments_insert_excluded BEFORE INSERT ON assignments
    FOR EACH ROW WHEN (NEW.current AND NEW.active) EXECUTE FUNCTION assignment_excluded();
CREATE TRIGGER assignments_update_excluded BEFORE UPDATE OF visit_id, technician_id, current, active ON assignments
    FOR EACH ROW WHEN (NEW.active AND (NOT OLD.current OR OLD.technician_id <> NEW.technician_id OR OLD.visit_id <> NEW.visit_id)) EXECUTE FUNCTION assignment_excluded();
