-- +goose Up
-- Maintenance by a rule of RFC 5545, in the wall-clock time of the site.

CREATE TABLE maintenance (
    id               TEXT NOT NULL PRIMARY KEY,
    version          INTEGER NOT NULL,
    created_at       TIMESTAMP NOT NULL,
    updated_at       TIMESTAMP NOT NULL,
    customer_id      TEXT NOT NULL CONSTRAINT maintenance_customer REFERENCES customers (id),
    site_id          TEXT NOT NULL CONSTRAINT maintenance_site REFERENCES sites (id),
    appliance_id     TEXT CONSTRAINT maintenance_appliance REFERENCES appliances (id),
    centre_id        TEXT NOT NULL CONSTRAINT maintenance_centre REFERENCES centres (id),
    area_id          TEXT NOT NULL CONSTRAINT maintenance_area REFERENCES areas (id),
    rrule            TEXT NOT NULL,
    dtstart          TEXT NOT NULL,
    zone             TEXT NOT NULL,
    fault            TEXT NOT NULL,
    category         TEXT NOT NULL,
    planned_minutes  INTEGER NOT NULL CONSTRAINT maintenance_planned_minutes CHECK (planned_minutes > 0),
    window_minutes   INTEGER NOT NULL CONSTRAINT maintenance_window_minutes CHECK (window_minutes > 0),
    status           TEXT NOT NULL CONSTRAINT maintenance_status CHECK (status IN ('active', 'ended')),
    end_reason       TEXT NOT NULL,
    through          TEXT NOT NULL,
    jobs             TEXT NOT NULL,
    created_by       TEXT NOT NULL CONSTRAINT maintenance_by REFERENCES users (id)
);
CREATE INDEX maintenance_page ON maintenance (created_at, id);
CREATE INDEX maintenance_of_centre ON maintenance (centre_id, created_at, id);
CREATE INDEX maintenance_of_area ON maintenance (area_id, created_at, id);
CREATE INDEX maintenance_of_customer ON maintenance (customer_id);
CREATE INDEX maintenance_at_site ON maintenance (site_id);
