-- What members came to, kept beside the ledger by the same commit; what units come to; how far long work has come.

-- `week` is the Monday of a week of the season, or -infinity: the whole season.
CREATE TABLE total (
    season UUID NOT NULL,
    week DATE NOT NULL,
    member UUID NOT NULL,
    points BIGINT NOT NULL,
    reached TIMESTAMPTZ,
    sequence BIGINT NOT NULL,
    PRIMARY KEY (season, week, member)
) WITH (fillfactor = 80);
CREATE INDEX total_member ON total (member);

CREATE FUNCTION spans(day DATE) RETURNS SETOF DATE LANGUAGE sql IMMUTABLE ROWS 2 AS $$
    VALUES ('-infinity'::date), (day - (extract(isodow FROM day)::integer - 1))
$$;

-- The truth that `total` repeats: honour points, when the member came to them, and the last entry of his that counts.
CREATE VIEW earned AS
SELECT posting.season, week, account.owner AS member, sum(entry.amount)::bigint AS points,
    max(posting.at) FILTER (WHERE entry.amount > 0 AND undo.id IS NULL) AS reached, max(entry.id) AS sequence
FROM account JOIN entry ON entry.account = account.id JOIN posting ON posting.id = entry.posting
LEFT JOIN posting AS undo ON undo.reverses = posting.id CROSS JOIN LATERAL spans(posting.day) AS week
WHERE account.purpose = 'member' AND account.currency = 'honour' AND posting.season IS NOT NULL
GROUP BY posting.season, week, account.owner;

-- Members are locked by whoever posts for them, so no two of these meet in a row. Whoever takes back says anew when the
-- member came to his points.
CREATE FUNCTION add_to_totals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO total AS kept (season, week, member, points, reached, sequence)
    SELECT posting.season, week, account.owner, sum(added.amount),
        max(posting.at) FILTER (WHERE added.amount > 0), max(added.id)
    FROM added JOIN account ON account.id = added.account JOIN posting ON posting.id = added.posting
    CROSS JOIN LATERAL spans(posting.day) AS week
    WHERE account.purpose = 'member' AND account.currency = 'honour' AND posting.season IS NOT NULL
    GROUP BY posting.season, week, account.owner
    ON CONFLICT (season, week, member) DO UPDATE SET points = kept.points + EXCLUDED.points,
        reached = greatest(kept.reached, EXCLUDED.reached), sequence = greatest(kept.sequence, EXCLUDED.sequence);
    RETURN NULL;
END $$;
CREATE TRIGGER totalled AFTER INSERT ON entry REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION add_to_totals();

-- What a member on the roster brings to a unit in a season, and what every unit has of those in it and below it.
-- `parent` is what the unit stood below when it was counted.
CREATE TABLE share (
    season UUID NOT NULL,
    member UUID NOT NULL,
    unit UUID NOT NULL,
    points BIGINT NOT NULL,
    takes_part BOOLEAN NOT NULL,
    PRIMARY KEY (season, member)
) WITH (fillfactor = 80);
CREATE TABLE unit_total (
    season UUID NOT NULL,
    unit UUID NOT NULL,
    parent UUID,
    headcount INTEGER NOT NULL,
    participants INTEGER NOT NULL,
    points BIGINT NOT NULL,
    PRIMARY KEY (season, unit)
) WITH (fillfactor = 80);

-- How far a piece of long work has come; what was done up to there is not done again.
CREATE TABLE checkpoint (
    name VARCHAR(80) PRIMARY KEY,
    place VARCHAR(200) NOT NULL
);
INSERT INTO checkpoint (name, place) SELECT 'totals', '' WHERE EXISTS (SELECT FROM posting);
