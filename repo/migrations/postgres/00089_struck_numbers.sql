-- +goose Up
-- A number that was struck from a household is written to no more, and goes on finding it for reports and holds.
ALTER TABLE contact_phones ADD COLUMN struck boolean NOT NULL DEFAULT false;
INSERT INTO contact_phones (contact_id, phone, customer_id, struck)
SELECT c.id, n.value, c.customer_id, true FROM contacts c JOIN customers h ON h.id = c.customer_id,
    jsonb_array_elements_text(CASE WHEN jsonb_typeof(c.struck) = 'array' THEN c.struck ELSE '[]' END) AS n (value)
WHERE h.merged_into_id IS NULL AND n.value IS NOT NULL
ON CONFLICT DO NOTHING;
