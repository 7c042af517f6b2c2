-- +goose Up
-- A time that a household has chosen and not taken yet: for some minutes
-- nobody else gets it (docs/product.md sections 3 and 6). A row for each technician
-- who would come.
CREATE TABLE slot_holds (
    id             TEXT NOT NULL PRIMARY KEY,
    job_id         TEXT NOT NULL CONSTRAINT slot_holds_job REFERENCES jobs (id),
    technician_id  TEXT NOT NULL CONSTRAINT slot_holds_technician REFERENCES users (id),
    window_start   TIMESTAMP NOT NULL,
    window_end     TIMESTAMP NOT NULL,
    starts_at      TIMESTAMP NOT NULL,
    ends_at        TIMESTAMP NOT NULL,
    created_at     TIMESTAMP NOT NULL,
    expires_at     TIMESTAMP NOT NULL,
    CONSTRAINT slot_holds_order CHECK (ends_at > starts_at AND window_end > window_start AND expires_at > created_at)
);
CREATE UNIQUE INDEX slot_holds_of_job ON slot_holds (job_id, technician_id);
CREATE INDEX slot_holds_of_technician ON slot_holds (technician_id, ends_at);
