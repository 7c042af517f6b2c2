-- +goose Up
-- Which technicians read a change on their phone, so that each finds their own among those of everybody.
CREATE TABLE change_people (
    person_id  TEXT NOT NULL,
    txid       INTEGER NOT NULL DEFAULT 0,
    seq        INTEGER NOT NULL CONSTRAINT change_people_change REFERENCES changes (seq) ON DELETE CASCADE,
    CONSTRAINT change_people_pkey PRIMARY KEY (person_id, txid, seq)
) WITHOUT ROWID;
CREATE INDEX change_people_of_change ON change_people (seq);
-- What is forgotten after 30 days is found by its age.
CREATE INDEX changes_by_time ON changes (at);
