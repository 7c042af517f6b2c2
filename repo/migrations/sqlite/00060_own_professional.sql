-- +goose Up
-- The household's own professional is a witness of a try, too. The CHECK is changed as
-- the migration of cut_off says; the index lets every other connection read the schema again.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, '''household'', ''professional'')', '''household'', ''professional'', ''household_professional'')') WHERE type = 'table' AND name = 'tried_steps';
PRAGMA writable_schema = RESET;
CREATE INDEX tried_steps_watched ON tried_steps (watched_by) WHERE watched_by = 'household_professional';
