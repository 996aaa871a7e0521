-- A screen that a host has taken over, until it is let go or what it shows has ended; browsers that are paired with one.

ALTER TABLE screen
    ADD COLUMN taken VARCHAR(60),
    ADD COLUMN taken_by UUID,
    ADD COLUMN taken_at TIMESTAMPTZ,
    ADD CONSTRAINT screen_taken CHECK ((taken IS NULL) = (taken_by IS NULL) AND (taken IS NULL) = (taken_at IS NULL));

-- `browser` is the hash of what that browser keeps in its cookie.
CREATE TABLE pairing (
    browser BYTEA PRIMARY KEY,
    screen UUID NOT NULL REFERENCES screen (id),
    paired_by UUID NOT NULL,
    paired_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX pairing_screen ON pairing (screen);
