-- +goose Up
-- What an address that may be of the same place is found by (PlaceMarks in domain): a number and a name in it, and the postal
-- code that it says. The server writes those of the rows of before when it starts, with their other keys.
CREATE TABLE place_marks (
    site_id TEXT NOT NULL CONSTRAINT place_marks_site REFERENCES sites (id) ON DELETE CASCADE,
    mark    TEXT NOT NULL,
    postal  TEXT NOT NULL,
    CONSTRAINT place_marks_pkey PRIMARY KEY (site_id, mark)
);
CREATE INDEX place_marks_by_mark ON place_marks (mark, postal, site_id);
UPDATE sites SET place_like = '';
