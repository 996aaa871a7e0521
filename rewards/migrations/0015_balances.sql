-- What is in an account stands beside its entries, kept by the same statement: nothing adds up a history to know it.

ALTER TABLE account ADD COLUMN balance BIGINT NOT NULL DEFAULT 0, DROP COLUMN moves;
ALTER TABLE account SET (fillfactor = 80);

-- The newest of an account are found without reading the others.
DROP INDEX entry_account;
CREATE INDEX entry_account ON entry (account, id);

-- Where members' points come from is one account for everybody, locked by nobody: its balance stays 0.
UPDATE account SET balance = truth.amount
FROM (SELECT account, sum(amount) AS amount FROM entry GROUP BY account) AS truth
WHERE truth.account = account.id AND coalesce(owner, fund) IS NOT NULL;

CREATE FUNCTION add_to_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE account SET balance = balance + change.amount
    FROM (SELECT account, sum(amount) AS amount FROM added GROUP BY account) AS change
    WHERE change.account = account.id AND change.amount <> 0 AND coalesce(owner, fund) IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER added_up AFTER INSERT ON entry REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION add_to_balances();

-- What is in a fund, held or paid is never below nothing.
ALTER TABLE account ADD CONSTRAINT account_covered CHECK (purpose NOT IN ('fund','escrow','paid') OR balance >= 0);
DROP TRIGGER covered ON entry;
DROP FUNCTION refuse_overdraft();
