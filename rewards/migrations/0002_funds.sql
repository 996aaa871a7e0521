-- What there is to give away, in the ledger; the server's signing key; the prize policy.

-- Accounts of funds: issuance -> fund -> escrow (of one holder) -> paid. Members keep honour and spend.
ALTER TABLE account
    ADD COLUMN fund UUID,
    ADD COLUMN holder VARCHAR(80) NOT NULL DEFAULT '',
    ADD COLUMN moves BIGINT NOT NULL DEFAULT 0,
    DROP CONSTRAINT account_known,
    DROP CONSTRAINT account_one_each,
    ADD CONSTRAINT account_one_each UNIQUE NULLS NOT DISTINCT (purpose, owner, currency, fund, holder),
    ADD CONSTRAINT account_known CHECK (CASE WHEN fund IS NULL
        THEN purpose IN ('member','issuance') AND currency IN ('honour','spend')
            AND (purpose = 'member') = (owner IS NOT NULL) AND holder = ''
        ELSE purpose IN ('issuance','fund','escrow','paid') AND currency IN ('money','item')
            AND owner IS NULL AND (purpose = 'escrow') = (holder <> '')
    END);
CREATE INDEX account_fund ON account (fund) WHERE fund IS NOT NULL;
CREATE INDEX account_holder ON account (holder) WHERE holder <> '';

-- A transfer belongs to no rule, season or day; what a member earns belongs to all three.
ALTER TABLE posting
    ALTER COLUMN rule DROP NOT NULL,
    ALTER COLUMN season DROP NOT NULL,
    ALTER COLUMN day DROP NOT NULL,
    ADD CONSTRAINT posting_earned_or_moved CHECK (num_nonnulls(rule, season, day) IN (0, 3));

-- The entries of a posting sum to zero in each currency, and of each fund by itself.
CREATE OR REPLACE FUNCTION refuse_imbalance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM entry JOIN account ON account.id = entry.account
        WHERE entry.posting IN (SELECT posting FROM added)
        GROUP BY entry.posting, account.currency, account.fund HAVING sum(entry.amount) <> 0
    ) THEN
        RAISE EXCEPTION 'a posting does not sum to zero' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

-- What is in a fund, held or paid is never below nothing: the accounts that give are locked, then added up. `moves`
-- changes with each, so that a transaction which looks at an older state (REPEATABLE READ) is told to begin again.
CREATE FUNCTION refuse_overdraft() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    giving UUID[];
BEGIN
    SELECT array_agg(DISTINCT account.id) INTO giving FROM added JOIN account ON account.id = added.account
    WHERE added.amount < 0 AND account.purpose IN ('fund', 'escrow', 'paid');
    IF giving IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM FROM account WHERE id = ANY(giving) ORDER BY id FOR UPDATE;
    UPDATE account SET moves = moves + 1 WHERE id = ANY(giving);
    IF EXISTS (SELECT FROM entry WHERE account = ANY(giving) GROUP BY account HAVING sum(amount) < 0) THEN
        RAISE EXCEPTION 'an account would be below zero' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER covered AFTER INSERT ON entry REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_overdraft();

CREATE TABLE fund (
    id UUID PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    kind VARCHAR(10) NOT NULL,
    value BIGINT NOT NULL DEFAULT 0,
    opened_by UUID,
    opened_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT fund_known CHECK (kind IN ('money','item') AND value BETWEEN 0 AND 100000000000
        AND (kind = 'item' OR value = 0) AND name <> '')
);
CREATE UNIQUE INDEX fund_one_name ON fund (lower(name));
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON fund FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- One key signs what this server publishes. It is made once and never changed.
CREATE TABLE signing_key (
    id SMALLINT PRIMARY KEY CHECK (id = 1),
    private BYTEA NOT NULL,
    made_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT signing_key_size CHECK (octet_length(private) = 32)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON signing_key FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- What prizes may be. `share` is thousandths, the values are hundredths of the currency unit; 0: no limit.
CREATE TABLE draw_policy (
    id SMALLINT PRIMARY KEY CHECK (id = 1),
    mode VARCHAR(5) NOT NULL DEFAULT 'off',
    share INTEGER NOT NULL DEFAULT 0,
    value_event BIGINT NOT NULL DEFAULT 0,
    value_year BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT draw_policy_known CHECK (mode IN ('off','warn','block') AND share BETWEEN 0 AND 1000
        AND value_event BETWEEN 0 AND 100000000000 AND value_year BETWEEN 0 AND 100000000000)
);
INSERT INTO draw_policy (id) VALUES (1);
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON draw_policy FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
