-- +goose Up
-- Whether anybody hears an SOS, and whom the raiser may call instead.
ALTER TABLE sos ADD COLUMN desk_phone text NOT NULL DEFAULT '';
ALTER TABLE sos ADD COLUMN language text NOT NULL DEFAULT 'en';
ALTER TABLE sos ADD COLUMN heard_by jsonb NOT NULL DEFAULT '[]';
ALTER TABLE sos ADD COLUMN unheard_at timestamptz;
CREATE INDEX sos_unheard ON sos (unheard_at) WHERE unheard_at IS NOT NULL AND status = 'raised';
CREATE INDEX timers_asking ON timers (centre_id) WHERE status = 'desk_asked';
