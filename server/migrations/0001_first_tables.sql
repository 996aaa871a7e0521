-- Office screens.

CREATE TABLE screen (
    id UUID PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    shows VARCHAR(60) NOT NULL DEFAULT 'auto',
    created_at TIMESTAMPTZ NOT NULL,
    created_by UUID,
    revoked_at TIMESTAMPTZ,
    seen_at TIMESTAMPTZ
);
