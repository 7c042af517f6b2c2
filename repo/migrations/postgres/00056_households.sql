-- +goose Up
-- The form in which addresses are compared (PlaceKey in domain); empty: not computed yet, as
-- in rows of before, until the program starts.
ALTER TABLE sites ADD COLUMN place_key text COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX sites_by_place ON sites (place_key, customer_id);
CREATE INDEX sites_by_coordinates ON sites (lat, lon) WHERE lat IS NOT NULL;
-- Rows of one household, each pair in both directions: same, asked (somebody decides), or
-- different. What a person decided is not judged anew.
CREATE TABLE household_pairs (
    customer_id uuid NOT NULL CONSTRAINT household_pairs_customer REFERENCES customers (id),
    other_id    uuid NOT NULL CONSTRAINT household_pairs_other REFERENCES customers (id),
    state       text NOT NULL CONSTRAINT household_pairs_state CHECK (state IN ('same', 'asked', 'different')),
    why         text NOT NULL,
    decided     boolean NOT NULL,
    CONSTRAINT household_pairs_pkey PRIMARY KEY (customer_id, other_id)
);
CREATE INDEX household_pairs_other ON household_pairs (other_id);
INSERT INTO household_pairs SELECT DISTINCT a.customer_id, b.customer_id, 'same', 'phone', FALSE
FROM contact_phones a JOIN contact_phones b ON b.phone = a.phone AND b.customer_id <> a.customer_id
WHERE a.phone IN (SELECT phone FROM contact_phones GROUP BY phone HAVING count(DISTINCT customer_id) <= 3);

-- Who is kept apart from a household is so from its other rows too.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION assignment_excluded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM exclusions x WHERE x.user_id = NEW.technician_id AND x.lifted_at IS NULL AND x.customer_id IN (
                   SELECT v.customer_id FROM visits v WHERE v.id = NEW.visit_id
                   UNION ALL SELECT p.other_id FROM visits v JOIN household_pairs p ON p.customer_id = v.customer_id AND p.state = 'same'
                   WHERE v.id = NEW.visit_id))
       OR EXISTS (SELECT 1 FROM keep_aways k WHERE k.user_id = NEW.technician_id AND k.lifted_at IS NULL) THEN
        RAISE EXCEPTION 'assignment_excluded' USING ERRCODE = 'check_violation', CONSTRAINT = 'assignment_excluded';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
