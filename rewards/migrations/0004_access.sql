-- A change of access has a number, which the member and his sessions carry; work that is done can be forgotten.

CREATE SEQUENCE roster_change;

ALTER TABLE member
    ADD COLUMN access_version BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN access_floor BIGINT NOT NULL DEFAULT 0,
    ADD CONSTRAINT member_access CHECK (access_floor BETWEEN 0 AND access_version);
CREATE INDEX member_access_version ON member (access_version) WHERE access_version > 0;

CREATE INDEX intent_done ON intent (done_at) WHERE done_at IS NOT NULL;
