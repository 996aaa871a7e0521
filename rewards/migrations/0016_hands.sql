-- Who may stand behind a member's code, all of them, as of when it was set: another link of his own, or of somebody whose
-- link he made, takes none of them away.

ALTER TABLE member ADD COLUMN code_hands UUID[] NOT NULL DEFAULT '{}';
UPDATE member SET code_hands = ARRAY[code_by] WHERE code_by IS NOT NULL;
ALTER TABLE member DROP COLUMN code_by;
