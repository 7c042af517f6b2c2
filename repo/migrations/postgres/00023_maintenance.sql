-- +goose Up
-- Maintenance by a rule of RFC 5545, in the wall-clock time of the site.

CREATE TABLE maintenance (
    id               uuid PRIMARY KEY,
    version          bigint NOT NULL,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    customer_id      uuid NOT NULL CONSTRAINT maintenance_customer REFERENCES customers (id),
    site_id          uuid NOT NULL CONSTRAINT maintenance_site REFERENCES sites (id),
    appliance_id     uuid CONSTRAINT maintenance_appliance REFERENCES appliances (id),
    centre_id        uuid NOT NULL CONSTRAINT maintenance_centre REFERENCES centres (id),
    area_id          uuid NOT NULL CONSTRAINT maintenance_area REFERENCES areas (id),
    rrule            text NOT NULL,
    dtstart          text NOT NULL,
    zone             text NOT NULL,
    fault            text NOT NULL,
    category         text NOT NULL,
    planned_minutes  bigint NOT NULL CONSTRAINT maintenance_planned_minutes CHECK (planned_minutes > 0),
    window_minutes   bigint NOT NULL CONSTRAINT maintenance_window_minutes CHECK (window_minutes > 0),
    status           text NOT NULL CONSTRAINT maintenance_status CHECK (status IN ('active', 'ended')),
    end_reason       text NOT NULL,
    through          text NOT NULL,
    jobs             jsonb NOT NULL,
    created_by       uuid NOT NULL CONSTRAINT maintenance_by REFERENCES users (id)
);
CREATE INDEX maintenance_page ON maintenance (created_at, id);
CREATE INDEX maintenance_of_centre ON maintenance (centre_id, created_at, id);
CREATE INDEX maintenance_of_area ON maintenance (area_id, created_at, id);
CREATE INDEX maintenance_of_customer ON maintenance (customer_id);
CREATE INDEX maintenance_at_site ON maintenance (site_id);
