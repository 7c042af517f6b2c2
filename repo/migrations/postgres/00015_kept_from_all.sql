-- +goose Up
-- Who is kept from all homes joins no crew either.

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION assignment_excluded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM exclusions x JOIN visits v ON v.customer_id = x.customer_id
               WHERE v.id = NEW.visit_id AND x.user_id = NEW.technician_id AND x.lifted_at IS NULL)
       OR EXISTS (SELECT 1 FROM keep_aways k WHERE k.user_id = NEW.technician_id AND k.lifted_at IS NULL) THEN
        RAISE EXCEPTION 'assignment_excluded' USING ERRCODE = 'check_violation', CONSTRAINT = 'assignment_excluded';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
