-- Who gives the second word in a draw without a role at the desk: named while it is planned, so he takes no part in it.
CREATE TABLE draw_witness (
    id UUID PRIMARY KEY,
    draw UUID NOT NULL REFERENCES draw (id),
    member UUID NOT NULL REFERENCES member (id),
    named_by UUID NOT NULL,
    named_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT draw_witness_one_each UNIQUE (draw, member)
);
CREATE INDEX draw_witness_member ON draw_witness (member);
