-- +goose Up
-- What a household is looked for by, folded by the program: a row of a household, and one of each job with a reference. The rows of
-- before are written once the steps are done.
CREATE TABLE search_texts (
    seq         INTEGER NOT NULL PRIMARY KEY,
    customer_id TEXT NOT NULL CONSTRAINT search_texts_customer REFERENCES customers (id) ON DELETE CASCADE,
    job_id      TEXT CONSTRAINT search_texts_job REFERENCES jobs (id) ON DELETE CASCADE,
    words       TEXT NOT NULL
);
CREATE UNIQUE INDEX search_texts_of_customer ON search_texts (customer_id) WHERE job_id IS NULL;
CREATE UNIQUE INDEX search_texts_of_job ON search_texts (job_id) WHERE job_id IS NOT NULL;
CREATE VIRTUAL TABLE search_index USING fts5 (words, content = 'search_texts', content_rowid = 'seq', tokenize = 'trigram');
-- +goose StatementBegin
CREATE TRIGGER search_texts_inserted AFTER INSERT ON search_texts BEGIN
    INSERT INTO search_index (rowid, words) VALUES (new.seq, new.words);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER search_texts_deleted AFTER DELETE ON search_texts BEGIN
    INSERT INTO search_index (search_index, rowid, words) VALUES ('delete', old.seq, old.words);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER search_texts_changed AFTER UPDATE OF words ON search_texts BEGIN
    INSERT INTO search_index (search_index, rowid, words) VALUES ('delete', old.seq, old.words);
    INSERT INTO search_index (rowid, words) VALUES (new.seq, new.words);
END;
-- +goose StatementEnd
