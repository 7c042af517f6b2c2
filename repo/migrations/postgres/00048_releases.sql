-- +goose Up
-- A safety hold is released by whoever triages its report: who decided what of it, one
-- or two people; what the centre says of it meanwhile; and what its reporter, who is
-- asked first, says that the next person must know.
ALTER TABLE holds ADD COLUMN two_decide boolean NOT NULL DEFAULT FALSE;
ALTER TABLE holds ADD COLUMN decisions jsonb NOT NULL DEFAULT '[]';
ALTER TABLE holds ADD COLUMN settled_words text NOT NULL DEFAULT '';
ALTER TABLE holds ADD COLUMN settled_by_id uuid CONSTRAINT holds_settled_by REFERENCES users (id);
ALTER TABLE holds ADD COLUMN settled_at timestamptz;
ALTER TABLE flags ADD COLUMN next_person_note text NOT NULL DEFAULT '';
ALTER TABLE flags ADD COLUMN next_person_due_at timestamptz;
ALTER TABLE flags ADD COLUMN next_person_at timestamptz;
