-- What members are found by: the keys of rewards/members/spellings.py. NULL: not made yet; the worker makes them.
ALTER TABLE member ADD COLUMN found_by TSVECTOR;
CREATE INDEX member_found_by ON member USING gin (found_by);
CREATE INDEX member_not_found ON member (id) WHERE found_by IS NULL;

INSERT INTO intent (id, kind, subject, due_at, created_at)
SELECT gen_random_uuid(), 'make_keys', 'members', now(), now() WHERE EXISTS (SELECT FROM member);
