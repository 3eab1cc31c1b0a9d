"""Store what journals, payments and refunds are for as a code with parameters. Text of before stays text."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"

# The function of revision 0006 with two more columns. A description is a text, or a code with parameters; the table's own check refuses
# both and neither.
DOOR = """
-- A search path that does not name pg_temp is searched there first: a caller's temporary table would stand before the accounts.
SELECT set_config('search_path', current_schema() || ', pg_temp', true);

-- The first six columns are the journals, the next five their lines; `line_journals` counts the journals from 1. Lines of a journal are
-- numbered in the order in which they come.
--
-- Every table that grows is asked for single rows by an index, in a subquery: with enable_seqscan off there is one plan for that, whatever
-- the planner believes of the table's size, so each connection plans once and what a posting reads does not depend on what lies there.
CREATE FUNCTION post_journals(
    value_dates date[], descriptions text[], description_codes text[], description_params jsonb[], source_keys text[], reversals bigint[],
    line_journals integer[], line_accounts text[], line_parties uuid[], line_debits bigint[], line_credits bigint[],
    posted_by text
) RETURNS TABLE (source_key text, number bigint, fresh boolean)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $door$
#variable_conflict use_column
DECLARE
    nobody CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
    size integer := cardinality(source_keys);
    sides integer := cardinality(line_journals);
    last bigint;
    numbers bigint[];
    unposted integer;
    counted integer;
    unwanted text;
    wrong text;
BEGIN
    IF size IS NULL OR sides IS NULL OR posted_by IS NULL
        OR (cardinality(value_dates), cardinality(descriptions), cardinality(description_codes), cardinality(description_params),
            cardinality(reversals)) IS DISTINCT FROM (size, size, size, size, size)
        OR (cardinality(line_accounts), cardinality(line_parties), cardinality(line_debits), cardinality(line_credits))
           IS DISTINCT FROM (sides, sides, sides, sides)
        -- one dimension, counted from 1: entries are looked up by their place below
        OR size > 0 AND (array_length(value_dates, 1), array_lower(value_dates, 1)) IS DISTINCT FROM (size, 1)
        OR array_position(value_dates, NULL) IS NOT NULL
        OR array_position(source_keys, NULL) IS NOT NULL OR array_position(line_accounts, NULL) IS NOT NULL
        OR array_position(line_debits, NULL) IS NOT NULL OR array_position(line_credits, NULL) IS NOT NULL
        OR EXISTS (SELECT FROM unnest(line_journals) AS l(entry) WHERE l.entry IS NULL OR l.entry NOT BETWEEN 1 AND size)
    THEN
        RAISE EXCEPTION USING ERRCODE = 'LB008', MESSAGE = 'the columns of a posting differ in length, or one lacks a value';
    END IF;

    -- one posting at a time in a cooperative: numbers without gaps, running balances without races
    SELECT c.last_number INTO last FROM journal_counter c WHERE c.id = 1 FOR UPDATE;
    IF size = 0 THEN
        RETURN;
    END IF;

    -- by place in the call: the number that each journal has afterwards, one above `last` where it is not there yet
    WITH found AS MATERIALIZED (
        SELECT c.source_key, c.value_date, c.entry, (SELECT j.number FROM journals j WHERE j.source_key = c.source_key) AS number
        FROM unnest(source_keys, value_dates) WITH ORDINALITY AS c(source_key, value_date, entry)
    ), placed AS (
        SELECT f.source_key, f.value_date, f.entry, f.number,
               count(*) FILTER (WHERE f.number IS NULL) OVER (ORDER BY f.entry ROWS UNBOUNDED PRECEDING) AS fresh,
               CASE WHEN f.number IS NOT NULL THEN false WHEN NOT isfinite(f.value_date) OR f.value_date < '1950-01-01' THEN true
                    ELSE EXISTS (SELECT FROM closed_years y WHERE y.year = extract(year FROM f.value_date)::integer) END AS closed
        FROM found f
    )
    SELECT array_agg(coalesce(p.number, last + p.fresh) ORDER BY p.entry), count(*) - count(p.number), count(DISTINCT p.source_key),
           min(p.value_date) FILTER (WHERE p.closed)::text
    INTO numbers, unposted, counted, unwanted FROM placed p;
    IF counted < size THEN
        SELECT c.source_key INTO wrong FROM unnest(source_keys) AS c(source_key) GROUP BY c.source_key HAVING count(*) > 1 LIMIT 1;
        RAISE EXCEPTION USING ERRCODE = 'LB005', MESSAGE = wrong;
    ELSIF unwanted IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'LB003', MESSAGE = unwanted;
    END IF;

    IF unposted > 0 THEN
        -- all of it in one statement, from what was given: nothing that is written is read back
        WITH given AS (
            SELECT l.entry, l.at, l.account, coalesce(l.party, nobody) AS whose, l.party, l.debit, l.credit,
                   lag(l.at) OVER of_party IS NULL AS oldest, lead(l.at) OVER of_party IS NULL AS newest
            FROM unnest(line_journals, line_accounts, line_parties, line_debits, line_credits)
                WITH ORDINALITY AS l(entry, account, party, debit, credit, at)
            WHERE numbers[l.entry] > last
            WINDOW of_party AS (PARTITION BY coalesce(l.party, nobody), l.account ORDER BY l.entry, l.at)
        ), line AS MATERIALIZED (
            -- the balance of before is asked for once a party, and carried on from line to line
            SELECT numbers[g.entry] AS journal, value_dates[g.entry] AS value_date,
                   row_number() OVER (PARTITION BY g.entry ORDER BY g.at) AS line,
                   g.account, g.whose, g.party, g.debit, g.credit, g.newest, a.floor,
                   a.code IS NULL OR (a.by_party AND g.whose = nobody) AS unknown,
                   sum(CASE a.normal_side WHEN 'debit' THEN g.debit - g.credit ELSE g.credit - g.debit END
                       + CASE WHEN g.oldest THEN coalesce((
                           SELECT b.balance FROM balances b WHERE b.account = g.account AND b.party = g.whose), 0) ELSE 0 END)
                       OVER (PARTITION BY g.whose, g.account ORDER BY g.entry, g.at ROWS UNBOUNDED PRECEDING) AS balance
            FROM given g LEFT JOIN accounts a ON a.code = g.account
        ), into_journals AS (
            INSERT INTO journals (number, value_date, description, description_code, description_params, source_key, reverses, posted_by)
            SELECT c.number, c.value_date, c.description, c.description_code, c.description_params, c.source_key, c.reverses, posted_by
            FROM unnest(numbers, value_dates, descriptions, description_codes, description_params, source_keys, reversals)
                AS c(number, value_date, description, description_code, description_params, source_key, reverses) WHERE c.number > last
        ), into_lines AS (
            INSERT INTO journal_lines (journal, line, value_date, account, party, debit, credit, balance)
            SELECT l.journal, l.line, l.value_date, l.account, l.party, l.debit, l.credit, l.balance FROM line l
        ), into_balances AS (
            INSERT INTO balances (account, party, balance)
            SELECT l.account, l.whose, l.balance FROM line l WHERE l.newest AND NOT l.unknown
            ON CONFLICT (account, party) DO UPDATE SET balance = excluded.balance
        ), into_counter AS (
            UPDATE journal_counter SET last_number = last + unposted WHERE id = 1
        )
        SELECT count(DISTINCT l.journal), min(l.account) FILTER (WHERE l.unknown),
               min(l.account || ' ' || coalesce(l.party::text, '')) FILTER (WHERE l.balance < l.floor)
        INTO counted, unwanted, wrong FROM line l;
        IF unwanted IS NOT NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'LB004', MESSAGE = unwanted;
        ELSIF wrong IS NOT NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'LB002', MESSAGE = wrong;
        ELSIF counted < unposted THEN  -- the trigger looks at lines: a journal that has none escapes it
            SELECT c.source_key INTO wrong FROM unnest(source_keys, numbers) WITH ORDINALITY AS c(source_key, number, entry)
            WHERE c.number > last AND c.entry NOT IN (SELECT l.entry FROM unnest(line_journals) AS l(entry)) LIMIT 1;
            RAISE EXCEPTION USING ERRCODE = 'LB001', MESSAGE = wrong;
        END IF;

        -- a reversal is the mirror of what it takes back, line for line
        IF cardinality(array_remove(reversals, NULL)) > 0 THEN
            WITH given AS (
                SELECT l.entry, array_agg((l.account, l.party, l.credit, l.debit)::text
                    ORDER BY l.account, l.party, l.credit, l.debit) AS sides
                FROM unnest(line_journals, line_accounts, line_parties, line_debits, line_credits)
                    AS l(entry, account, party, debit, credit) GROUP BY l.entry
            )
            SELECT min(c.source_key) INTO wrong
            FROM unnest(source_keys, reversals, numbers) WITH ORDINALITY AS c(source_key, reverses, number, entry)
            JOIN given g ON g.entry = c.entry
            WHERE c.number > last AND c.reverses IS NOT NULL AND g.sides IS DISTINCT FROM (
                SELECT array_agg((l.account, l.party, l.debit, l.credit)::text ORDER BY l.account, l.party, l.debit, l.credit)
                FROM journal_lines l WHERE l.journal = c.reverses);
            IF wrong IS NOT NULL THEN
                RAISE EXCEPTION USING ERRCODE = 'LB007', MESSAGE = wrong;
            END IF;
        END IF;
    END IF;

    -- the same key with other lines is not a repetition but a mistake
    IF unposted < size THEN
        WITH given AS (
            SELECT l.entry, array_agg((l.account, l.party, l.debit, l.credit)::text
                ORDER BY l.account, l.party, l.debit, l.credit) AS sides
            FROM unnest(line_journals, line_accounts, line_parties, line_debits, line_credits)
                AS l(entry, account, party, debit, credit) GROUP BY l.entry
        )
        SELECT min(c.source_key) INTO wrong
        FROM unnest(source_keys, reversals, numbers) WITH ORDINALITY AS c(source_key, reverses, number, entry)
        LEFT JOIN given g ON g.entry = c.entry
        WHERE c.number <= last AND (
            c.reverses IS DISTINCT FROM (SELECT j.reverses FROM journals j WHERE j.number = c.number)
            OR g.sides IS DISTINCT FROM (
                SELECT array_agg((l.account, l.party, l.debit, l.credit)::text ORDER BY l.account, l.party, l.debit, l.credit)
                FROM journal_lines l WHERE l.journal = c.number));
        IF wrong IS NOT NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'LB005', MESSAGE = wrong;
        END IF;
    END IF;

    RETURN QUERY
    SELECT c.source_key, c.number, c.number > last
    FROM unnest(source_keys, numbers) WITH ORDINALITY AS c(source_key, number, entry) ORDER BY c.entry;
END
$door$;

DROP FUNCTION post_journals(date[], text[], text[], bigint[], integer[], text[], uuid[], bigint[], bigint[], text);

DO $rights$
DECLARE
    who text := quote_ident(current_schema());
    door text := 'post_journals(date[], text[], text[], jsonb[], text[], bigint[], integer[], text[], uuid[], bigint[], bigint[], text)';
BEGIN
    EXECUTE 'REVOKE ALL ON FUNCTION ' || door || ' FROM PUBLIC';
    EXECUTE 'GRANT EXECUTE ON FUNCTION ' || door || ' TO ' || who;
END
$rights$;
"""


def upgrade() -> None:
    """The columns are empty for all journals of before, so no row is rewritten."""
    op.alter_column("journals", "description", existing_type=sa.Text(), nullable=True)
    op.add_column("journals", sa.Column("description_code", sa.Text(), nullable=True))
    op.add_column("journals", sa.Column("description_params", postgresql.JSONB(), nullable=True))
    op.create_check_constraint(
        op.f("ck_journals_description"),
        "journals",
        "num_nonnulls(description, description_code) = 1 AND (description_code IS NULL) = (description_params IS NULL)",
    )
    op.create_check_constraint(
        op.f("ck_journals_description_params"),
        "journals",
        "jsonb_typeof(description_params) = 'object' AND length(description_params::text) <= 4000"
        " AND NOT jsonb_path_exists(description_params,"
        " '$.** ? (@.type() == \"array\" || @.type() == \"number\" && (@ > 1e15 || @ < -1e15))')",
    )
    op.execute(DOOR)
    _describe_by_code("payments", "label")
    _describe_by_code("payment_refunds", "reason")


def _describe_by_code(table: str, column: str) -> None:
    code, params = f"{column}_code", f"{column}_params"
    op.alter_column(table, column, existing_type=sa.Text(), nullable=True)
    op.add_column(table, sa.Column(code, sa.Text(), nullable=True))
    op.add_column(table, sa.Column(params, postgresql.JSONB(), nullable=True))
    op.create_check_constraint(
        op.f(f"ck_{table}_{column}"),
        table,
        f"num_nonnulls({column}, {code}) = 1 AND ({code} IS NULL) = ({params} IS NULL)",
    )
