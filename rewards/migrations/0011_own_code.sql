-- By whose link somebody came to his code, and where he was signed in: a link made by another is no proof of him.

ALTER TABLE member
    ADD COLUMN code_at TIMESTAMPTZ,
    ADD COLUMN code_by UUID;

CREATE TABLE sign_in (
    id UUID PRIMARY KEY,
    member UUID NOT NULL REFERENCES member (id),
    at TIMESTAMPTZ NOT NULL,
    way VARCHAR(4) NOT NULL,
    session VARCHAR(16) NOT NULL,
    device VARCHAR(80) NOT NULL DEFAULT '',
    issued_by UUID,
    CONSTRAINT sign_in_way CHECK (way IN ('code', 'link'))
);
CREATE INDEX sign_in_member ON sign_in (member, at);
