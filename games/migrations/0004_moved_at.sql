-- When somebody, or the clock, last moved a room: what is pressed at once again is the same press, and an idle room
-- leaves the walls.

ALTER TABLE room ADD COLUMN moved_at TIMESTAMPTZ;
UPDATE room SET moved_at = greatest(created_at, ended_at, CASE WHEN state <> 'scheduled' THEN opens_at END,
    (SELECT max(greatest(opened_at, paused_at, closed_at)) FROM round WHERE round.room = room.id));
ALTER TABLE room ALTER COLUMN moved_at SET NOT NULL;

CREATE INDEX room_ended ON room (ended_at) WHERE state = 'podium';
