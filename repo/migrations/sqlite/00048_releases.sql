-- +goose Up
-- A safety hold is released by whoever triages its report: who decided what of it, one
-- or two people; what the centre says of it meanwhile; and what its reporter, who is
-- asked first, says that the next person must know.
ALTER TABLE holds ADD COLUMN two_decide BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE holds ADD COLUMN decisions TEXT NOT NULL DEFAULT '[]';
ALTER TABLE holds ADD COLUMN settled_words TEXT NOT NULL DEFAULT '';
ALTER TABLE holds ADD COLUMN settled_by_id TEXT CONSTRAINT holds_settled_by REFERENCES users (id);
ALTER TABLE holds ADD COLUMN settled_at TIMESTAMP;
ALTER TABLE flags ADD COLUMN next_person_note TEXT NOT NULL DEFAULT '';
ALTER TABLE flags ADD COLUMN next_person_due_at TIMESTAMP;
ALTER TABLE flags ADD COLUMN next_person_at TIMESTAMP;
