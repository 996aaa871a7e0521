-- What one person cannot do alone: take a log from the hall, and call off a draw whose dice may lie already.

ALTER TABLE draw
    ADD COLUMN hall BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN kit_at TIMESTAMPTZ,
    ADD COLUMN off_why VARCHAR(500) NOT NULL DEFAULT '',
    ADD COLUMN off_asked_by UUID,
    ADD COLUMN off_at TIMESTAMPTZ;

ALTER TABLE transcript ADD COLUMN confirmed_by UUID;

-- A log that would count, until a second person says so. It is not published, and goes when it counts or contradicts.
CREATE TABLE waiting_log (
    id UUID PRIMARY KEY,
    draw UUID NOT NULL REFERENCES draw (id),
    digest BYTEA NOT NULL,
    log TEXT NOT NULL,
    voids BYTEA,
    present BYTEA,
    code VARCHAR(20) NOT NULL,
    witnesses VARCHAR(200)[] NOT NULL DEFAULT '{}',
    brought_by UUID NOT NULL,
    brought_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT waiting_log_one_each UNIQUE (draw, digest)
);

-- A draw that a kit began before this was held in a hall.
UPDATE draw SET hall = true WHERE EXISTS (SELECT FROM transcript WHERE transcript.draw = draw.id AND verdict = 'counts');
