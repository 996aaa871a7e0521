-- Since when a screen is set to what it shows: an hour after that has ended, and after this, it goes on by itself.

ALTER TABLE screen ADD COLUMN shows_since TIMESTAMPTZ;
UPDATE screen SET shows_since = created_at;
ALTER TABLE screen ALTER COLUMN shows_since SET NOT NULL;
