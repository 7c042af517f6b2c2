-- +goose Up
-- What a household is looked for by, folded by the program: a row of a household, and one of each job with a reference. The rows of
-- before are written once the steps are done.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE TABLE search_texts (
    seq         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id uuid NOT NULL CONSTRAINT search_texts_customer REFERENCES customers (id) ON DELETE CASCADE,
    job_id      uuid CONSTRAINT search_texts_job REFERENCES jobs (id) ON DELETE CASCADE,
    words       text NOT NULL
);
CREATE UNIQUE INDEX search_texts_of_customer ON search_texts (customer_id) WHERE job_id IS NULL;
CREATE UNIQUE INDEX search_texts_of_job ON search_texts (job_id) WHERE job_id IS NOT NULL;
CREATE INDEX search_texts_words ON search_texts USING gin (words gin_trgm_ops);
