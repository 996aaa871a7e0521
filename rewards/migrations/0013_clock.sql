-- Laurel's own time on each machine, from one start of that machine to its next: microseconds to add to its steady clock.
CREATE TABLE clock (
    boot VARCHAR(80) PRIMARY KEY,
    machine VARCHAR(200) NOT NULL,
    base BIGINT NOT NULL,
    apart BIGINT NOT NULL DEFAULT 0,
    behind BOOLEAN NOT NULL DEFAULT false,
    stepped_at TIMESTAMPTZ,
    latest TIMESTAMPTZ NOT NULL
);
