-- +goose Up
-- What came of the calls that the alarm webhook's provider made; the same word about one is kept once.
CREATE TABLE sos_calls (
    call     TEXT NOT NULL,
    result   TEXT NOT NULL,
    sos_id   TEXT NOT NULL CONSTRAINT sos_calls_sos REFERENCES sos (id),
    user_id  TEXT NOT NULL CONSTRAINT sos_calls_user REFERENCES users (id),
    at       TIMESTAMP NOT NULL,
    PRIMARY KEY (call, result)
);
