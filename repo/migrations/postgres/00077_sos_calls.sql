-- +goose Up
-- What came of the calls that the alarm webhook's provider made; the same word about one is kept once.
CREATE TABLE sos_calls (
    call     text NOT NULL,
    result   text NOT NULL,
    sos_id   uuid NOT NULL CONSTRAINT sos_calls_sos REFERENCES sos (id),
    user_id  uuid NOT NULL CONSTRAINT sos_calls_user REFERENCES users (id),
    at       timestamptz NOT NULL,
    PRIMARY KEY (call, result)
);
