-- +goose Up
-- The form in which addresses are compared (PlaceKey in domain); empty: not computed yet, as
-- in rows of before, until the program starts.
ALTER TABLE sites ADD COLUMN place_key TEXT NOT NULL DEFAULT '';
CREATE INDEX sites_by_place ON sites (place_key, customer_id);
CREATE INDEX sites_by_coordinates ON sites (lat, lon) WHERE lat IS NOT NULL;
-- Rows of one household, each pair in both directions: same, asked (somebody decides), or
-- different. What a person decided is not judged anew.
CREATE TABLE household_pairs (
    customer_id TEXT NOT NULL CONSTRAINT household_pairs_customer REFERENCES customers (id),
    other_id    TEXT NOT NULL CONSTRAINT household_pairs_other REFERENCES customers (id),
    state       TEXT NOT NULL CONSTRAINT household_pairs_state CHECK (state IN ('same', 'asked', 'different')),
    why         TEXT NOT NULL,
    decided     BOOLEAN NOT NULL,
    CONSTRAINT household_pairs_pkey PRIMARY KEY (customer_id, other_id)
);
CREATE INDEX household_pairs_other ON household_pairs (other_id);
INSERT INTO household_pairs SELECT DISTINCT a.customer_id, b.customer_id, 'same', 'phone', FALSE
FROM contact_phones a JOIN contact_phones b ON b.phone = a.phone AND b.customer_id <> a.customer_id
WHERE a.phone IN (SELECT phone FROM contact_phones GROUP BY phone HAVING count(DISTINCT customer_id) <= 3);

-- Who is kept apart from a household is so from its other rows too.
DROP TRIGGER assignments_insert_excluded;
DROP TRIGGER assignments_update_excluded;
-- +goose StatementBegin
CREATE TRIGGER assignments_insert_excluded BEFORE INSERT ON assignments WHEN NEW.current AND NEW.active
BEGIN
    SELECT RAISE(ABORT, 'assignment_excluded') FROM visits v JOIN exclusions x ON x.customer_id = v.customer_id
        OR x.customer_id IN (SELECT p.other_id FROM household_pairs p WHERE p.customer_id = v.customer_id AND p.state = 'same')
    WHERE v.id = NEW.visit_id AND x.user_id = NEW.technician_id AND x.lifted_at IS NULL;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER assignments_update_excluded BEFORE UPDATE OF visit_id, technician_id, current, active ON assignments
WHEN NEW.active AND (NOT OLD.current OR OLD.technician_id <> NEW.technician_id OR OLD.visit_id <> NEW.visit_id)
BEGIN
    SELECT RAISE(ABORT, 'assignment_excluded') FROM visits v JOIN exclusions x ON x.customer_id = v.customer_id
        OR x.customer_id IN (SELECT p.other_id FROM household_pairs p WHERE p.customer_id = v.customer_id AND p.state = 'same')
    WHERE v.id = NEW.visit_id AND x.user_id = NEW.technician_id AND x.lifted_at IS NULL;
END;
-- +goose StatementEnd
