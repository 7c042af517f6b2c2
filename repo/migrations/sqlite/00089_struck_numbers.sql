-- +goose Up
-- A number that was struck from a household is written to no more, and goes on finding it for reports and holds.
ALTER TABLE contact_phones ADD COLUMN struck BOOLEAN NOT NULL DEFAULT FALSE;
INSERT INTO contact_phones (contact_id, phone, customer_id, struck)
SELECT c.id, n.value, c.customer_id, TRUE FROM contacts c JOIN customers h ON h.id = c.customer_id, json_each(c.struck) n
WHERE h.merged_into_id IS NULL AND n.type = 'text'
ON CONFLICT DO NOTHING;
