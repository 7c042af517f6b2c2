-- +goose Up
-- The line went dead: an outcome of its own. And who says that they could not reach
-- us is counted by centre and hour.
-- SQLite has no way to change a CHECK but this one (its manual, ALTER TABLE, section
-- 7): other tables refer to the rows, so that the table cannot be made anew. The
-- index below lets every other connection read the schema again.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, '''refused'', ''hostile'')', '''refused'', ''hostile'', ''cut_off'')') WHERE type = 'table' AND name = 'attempts';
PRAGMA writable_schema = RESET;
CREATE INDEX attempts_not_reached ON attempts (occurred_at) WHERE request = 'could-not-reach';
