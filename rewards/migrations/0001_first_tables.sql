-- Members, audit trail, outbox, ledger, draws.

CREATE TABLE unit (
    id UUID PRIMARY KEY,
    parent UUID REFERENCES unit (id),
    name VARCHAR(200) NOT NULL,
    path VARCHAR(2000) UNIQUE NOT NULL,
    CONSTRAINT unit_not_own_parent CHECK (parent <> id)
);
CREATE INDEX unit_parent ON unit (parent);

CREATE TABLE member (
    id UUID PRIMARY KEY,
    staff_number VARCHAR(64) UNIQUE NOT NULL,
    name VARCHAR(200) NOT NULL,
    roles VARCHAR(255)[] NOT NULL DEFAULT '{}',
    language VARCHAR(16),
    alias VARCHAR(40) NOT NULL DEFAULT '',
    shows_alias BOOLEAN NOT NULL DEFAULT false,
    joined_on DATE,
    left_on DATE,
    email VARCHAR(320) NOT NULL DEFAULT '',
    phone VARCHAR(40) NOT NULL DEFAULT '',
    code_hash VARCHAR(255),
    created_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT member_known_roles CHECK (roles <@ ARRAY['organiser','reviewer','auditor','admin']::VARCHAR[]),
    CONSTRAINT member_number_not_empty CHECK (staff_number <> '' AND name <> '')
);

CREATE TABLE membership (
    id UUID PRIMARY KEY,
    member UUID NOT NULL REFERENCES member (id),
    unit UUID NOT NULL REFERENCES unit (id),
    since DATE NOT NULL,
    until DATE,
    CONSTRAINT membership_dates CHECK (until IS NULL OR until >= since)
);
CREATE INDEX membership_member ON membership (member);
CREATE INDEX membership_unit ON membership (unit);

CREATE TABLE sign_in_link (
    token_hash BYTEA PRIMARY KEY,
    member UUID REFERENCES member (id),
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ,
    created_by UUID
);
CREATE INDEX sign_in_link_member ON sign_in_link (member);

CREATE TABLE audit_entry (
    id BIGSERIAL PRIMARY KEY,
    at TIMESTAMPTZ NOT NULL,
    actor UUID,
    code VARCHAR(80) NOT NULL,
    subject VARCHAR(200) NOT NULL,
    why VARCHAR(500) NOT NULL DEFAULT '',
    details JSONB NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_entry_actor ON audit_entry (actor);
CREATE INDEX audit_entry_subject ON audit_entry (subject);

CREATE TABLE intent (
    id UUID PRIMARY KEY,
    kind VARCHAR(40) NOT NULL,
    subject VARCHAR(200) NOT NULL,
    revision INTEGER NOT NULL DEFAULT 1,
    due_at TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    claimed_until TIMESTAMPTZ,
    attempts INTEGER NOT NULL DEFAULT 0,
    last_error VARCHAR(200) NOT NULL DEFAULT '',
    done_at TIMESTAMPTZ
);

CREATE TABLE season (
    id UUID PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    starts_on DATE NOT NULL,
    ends_on DATE NOT NULL,
    CONSTRAINT season_dates CHECK (ends_on >= starts_on),
    CONSTRAINT season_apart EXCLUDE USING gist (daterange(starts_on, ends_on, '[]') WITH &&)
);

CREATE TABLE earning_rule (
    code VARCHAR(40) PRIMARY KEY,
    daily_cap INTEGER,
    spend_percent INTEGER NOT NULL DEFAULT 100,
    CONSTRAINT earning_rule_bounds CHECK (daily_cap >= 0 AND spend_percent BETWEEN 0 AND 1000)
);

CREATE TABLE account (
    id UUID PRIMARY KEY,
    purpose VARCHAR(20) NOT NULL,
    owner UUID REFERENCES member (id),
    currency VARCHAR(10) NOT NULL,
    CONSTRAINT account_one_each UNIQUE NULLS NOT DISTINCT (purpose, owner, currency),
    CONSTRAINT account_known CHECK (currency IN ('honour','spend') AND ((purpose = 'member') = (owner IS NOT NULL)))
);
CREATE INDEX account_owner ON account (owner);

CREATE TABLE posting (
    id UUID PRIMARY KEY,
    key VARCHAR(200) UNIQUE NOT NULL,
    digest BYTEA NOT NULL,
    rule VARCHAR(40) NOT NULL REFERENCES earning_rule (code),
    season UUID NOT NULL REFERENCES season (id),
    day DATE NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    requested BIGINT NOT NULL DEFAULT 0,
    reason VARCHAR(40) NOT NULL DEFAULT '',
    note VARCHAR(300) NOT NULL DEFAULT '',
    reverses UUID UNIQUE REFERENCES posting (id),
    actor UUID,
    CONSTRAINT posting_digest_size CHECK (octet_length(digest) = 32)
);
CREATE INDEX posting_season ON posting (season);

CREATE TABLE entry (
    id BIGSERIAL PRIMARY KEY,
    posting UUID NOT NULL REFERENCES posting (id),
    account UUID NOT NULL REFERENCES account (id),
    amount BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX entry_posting ON entry (posting);
CREATE INDEX entry_account ON entry (account);

CREATE TABLE draw (
    id UUID PRIMARY KEY,
    number SERIAL UNIQUE NOT NULL,
    slug VARCHAR(64) UNIQUE NOT NULL,
    title VARCHAR(200) NOT NULL,
    state VARCHAR(12) NOT NULL DEFAULT 'draft',
    version INTEGER NOT NULL DEFAULT 1,
    season UUID NOT NULL REFERENCES season (id),
    min_points INTEGER NOT NULL DEFAULT 0,
    min_quizzes INTEGER NOT NULL DEFAULT 0,
    units UUID[] NOT NULL DEFAULT '{}',
    points_per_ticket INTEGER NOT NULL DEFAULT 0,
    ticket_cap INTEGER NOT NULL DEFAULT 20,
    unit_cap INTEGER,
    venue VARCHAR(20) NOT NULL DEFAULT 'd10x20',
    freeze_at TIMESTAMPTZ,
    created_by UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    frozen_at TIMESTAMPTZ,
    drawn_at TIMESTAMPTZ,
    manifest BYTEA,
    snapshot BYTEA,
    log TEXT,
    result BYTEA,
    CONSTRAINT draw_known_state CHECK (state IN ('draft','frozen','drawn','cancelled')),
    CONSTRAINT draw_bounds CHECK (min_points >= 0 AND min_quizzes >= 0 AND points_per_ticket >= 0 AND ticket_cap BETWEEN 1 AND 1000 AND (unit_cap IS NULL OR unit_cap >= 1)),
    CONSTRAINT draw_published CHECK ((state IN ('draft','cancelled')) OR (manifest IS NOT NULL AND snapshot IS NOT NULL))
);

CREATE TABLE prize (
    id UUID PRIMARY KEY,
    draw UUID NOT NULL REFERENCES draw (id),
    position SMALLINT NOT NULL DEFAULT 0,
    code VARCHAR(32) NOT NULL,
    name VARCHAR(200) NOT NULL,
    quantity INTEGER NOT NULL DEFAULT 1 CHECK (quantity BETWEEN 1 AND 100000),
    CONSTRAINT prize_one_code UNIQUE (draw, code)
);
CREATE INDEX prize_draw ON prize (draw);

CREATE TABLE entrant (
    id UUID PRIMARY KEY,
    draw UUID NOT NULL REFERENCES draw (id),
    line INTEGER NOT NULL DEFAULT 0,
    member UUID NOT NULL REFERENCES member (id),
    salt BYTEA NOT NULL,
    tickets INTEGER NOT NULL DEFAULT 1,
    points INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT entrant_one_line UNIQUE (draw, line),
    CONSTRAINT entrant_one_member UNIQUE (draw, member),
    CONSTRAINT entrant_bounds CHECK (tickets >= 1 AND line >= 0 AND octet_length(salt) = 16)
);
CREATE INDEX entrant_member ON entrant (member);

CREATE TABLE commitment (
    id UUID PRIMARY KEY,
    draw UUID NOT NULL REFERENCES draw (id),
    position SMALLINT NOT NULL DEFAULT 0,
    label VARCHAR(32) NOT NULL,
    secret BYTEA NOT NULL,
    CONSTRAINT commitment_one_label UNIQUE (draw, label),
    CONSTRAINT commitment_secret_size CHECK (octet_length(secret) = 32)
);

CREATE TABLE win (
    id UUID PRIMARY KEY,
    draw UUID NOT NULL REFERENCES draw (id),
    prize UUID NOT NULL REFERENCES prize (id),
    slot INTEGER NOT NULL DEFAULT 0,
    attempt INTEGER NOT NULL DEFAULT 0,
    line INTEGER NOT NULL DEFAULT 0,
    member UUID NOT NULL REFERENCES member (id),
    claim_code VARCHAR(16) UNIQUE NOT NULL,
    claimed_at TIMESTAMPTZ,
    handed_over_by UUID,
    CONSTRAINT win_one_slot UNIQUE (draw, prize, slot, attempt)
);
CREATE INDEX win_member ON win (member);

-- What is written is never rewritten.
CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON posting FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entry FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entrant FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON commitment FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- The entries of a posting sum to zero in each currency, statement by statement.
CREATE FUNCTION refuse_imbalance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM entry JOIN account ON account.id = entry.account
        WHERE entry.posting IN (SELECT posting FROM added)
        GROUP BY entry.posting, account.currency HAVING sum(entry.amount) <> 0
    ) THEN
        RAISE EXCEPTION 'a posting does not sum to zero' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER balanced AFTER INSERT ON entry REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_imbalance();

-- Published bytes stay as they were published; a draw is never deleted.
CREATE FUNCTION refuse_republishing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.manifest IS NOT NULL AND NEW.manifest IS DISTINCT FROM OLD.manifest)
        OR (OLD.snapshot IS NOT NULL AND NEW.snapshot IS DISTINCT FROM OLD.snapshot)
        OR (OLD.log IS NOT NULL AND NEW.log IS DISTINCT FROM OLD.log)
        OR (OLD.result IS NOT NULL AND NEW.result IS DISTINCT FROM OLD.result) THEN
        RAISE EXCEPTION 'a published file of a draw is never changed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER published BEFORE UPDATE ON draw FOR EACH ROW EXECUTE FUNCTION refuse_republishing();
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON draw FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- A win changes once, from unclaimed to claimed.
CREATE FUNCTION refuse_second_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.claimed_at IS NOT NULL OR (NEW.draw, NEW.prize, NEW.slot, NEW.attempt, NEW.line, NEW.member, NEW.claim_code)
        IS DISTINCT FROM (OLD.draw, OLD.prize, OLD.slot, OLD.attempt, OLD.line, OLD.member, OLD.claim_code) THEN
        RAISE EXCEPTION 'a win is claimed once and never altered' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER claimed_once BEFORE UPDATE ON win FOR EACH ROW EXECUTE FUNCTION refuse_second_claim();
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON win FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

CREATE UNIQUE INDEX membership_one_open ON membership (member) WHERE until IS NULL;
CREATE UNIQUE INDEX intent_one_open ON intent (kind, subject) WHERE done_at IS NULL;
CREATE INDEX intent_due ON intent (due_at) WHERE done_at IS NULL;
CREATE INDEX posting_day ON posting (day);
CREATE INDEX member_staying ON member (id) WHERE left_on IS NULL;
CREATE UNIQUE INDEX member_one_number ON member (lower(staff_number));

INSERT INTO earning_rule (code, daily_cap, spend_percent) VALUES ('quiz', NULL, 100), ('adjustment', NULL, 100);
