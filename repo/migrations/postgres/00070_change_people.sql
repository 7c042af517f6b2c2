-- +goose Up
-- Which technicians read a change on their phone, so that each finds their own among those of everybody.
CREATE TABLE change_people (
    person_id  uuid NOT NULL,
    txid       xid8 NOT NULL DEFAULT pg_current_xact_id(),
    seq        bigint NOT NULL,
    CONSTRAINT change_people_pkey PRIMARY KEY (person_id, txid, seq),
    CONSTRAINT change_people_change FOREIGN KEY (txid, seq) REFERENCES changes (txid, seq) ON DELETE CASCADE
);
CREATE INDEX change_people_of_change ON change_people (txid, seq);
-- What is forgotten after 30 days is found by its age.
CREATE INDEX changes_by_time ON changes (at);
