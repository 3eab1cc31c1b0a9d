"""Create the posting function and the chart of accounts; revoke all other ways to write the books."""

from alembic import op

revision = "0002"
down_revision = "0001"

# Account numbers: 1 assets, 2 liabilities, 3 equity, 4 income, 5-7 costs, 8 other, 9 income tax. A floor of 0
# means that no party's balance may fall below zero; "party" means that each line must name its party.
CHART = """
1101|Kas|Cash|asset|debit||
1102|Bank|Bank|asset|debit||
1103|Kas di payment gateway/QRIS|Cash at payment gateways/QRIS|asset|debit||
1104|Setara kas/deposito|Cash equivalents/deposits|asset|debit||
1110|Piutang usaha anggota|Receivables from members|asset|debit||
1111|Piutang usaha non-anggota|Receivables from non-members|asset|debit||
1112|Piutang potong gaji|Payroll deductions receivable|asset|debit||
1115|Penyisihan piutang|Allowance for receivables|asset|credit||
1120|Piutang pinjaman anggota|Loans to members|asset|debit||
1125|Penyisihan piutang pinjaman|Allowance for loans|asset|credit||
1130|Persediaan barang dagang|Merchandise stock|asset|debit|0|
1131|Barang konsinyasi|Consignment goods|asset|debit||
1140|Uang muka pembelian|Advances to suppliers|asset|debit||
1150|Beban dibayar di muka|Prepaid expenses|asset|debit||
1160|PPN masukan/pajak dibayar di muka|Input VAT/prepaid taxes|asset|debit||
1210|Penyertaan pada koperasi sekunder|Holdings in secondary cooperatives|asset|debit||
1220|Surat berharga|Securities|asset|debit||
1230|Investasi lain|Other investments|asset|debit||
1310|Tanah|Land|asset|debit||
1320|Bangunan|Buildings|asset|debit||
1325|Akumulasi penyusutan bangunan|Accumulated depreciation, buildings|asset|credit||
1330|Kendaraan|Vehicles|asset|debit||
1335|Akumulasi penyusutan kendaraan|Accumulated depreciation, vehicles|asset|credit||
1340|Inventaris|Equipment|asset|debit||
1345|Akumulasi penyusutan inventaris|Accumulated depreciation, equipment|asset|credit||
1410|Beban ditangguhkan|Deferred charges|asset|debit||
1415|Amortisasi beban ditangguhkan|Amortisation of deferred charges|asset|credit||
2101|Utang usaha|Trade payables|liability|credit||
2102|Utang konsinyasi|Consignment payables|liability|credit||
2103|Uang muka pelanggan|Customers' advances|liability|credit|0|
2111|Simpanan sukarela|Voluntary savings|liability|credit|0|party
2112|Simpanan berjangka < 1 tahun|Term savings under 1 year|liability|credit|0|party
2121|SHU anggota belum dibayar|Members' surplus not yet paid|liability|credit|0|party
2122|Dana pengurus dan pengawas|Fund of board and supervisors|liability|credit||
2123|Dana kesejahteraan karyawan|Fund for employees|liability|credit||
2124|Dana pendidikan|Education fund|liability|credit||
2125|Dana sosial|Social fund|liability|credit||
2126|Dana pembangunan daerah kerja|Local development fund|liability|credit||
2127|Imbal jasa desa|Share of the village|liability|credit||
2130|Beban yang masih harus dibayar|Accrued expenses|liability|credit||
2140|Pendapatan diterima di muka|Deferred income|liability|credit||
2150|Utang bank jatuh tempo < 1 tahun|Bank loans due within 1 year|liability|credit||
2160|Kewajiban lain|Other liabilities|liability|credit||
2170|PPN keluaran|Output VAT|liability|credit||
2171|Utang PPh|Income tax payable|liability|credit||
2180|Utang kepada mantan anggota|Payable to former members|liability|credit||
2210|Simpanan berjangka > 1 tahun|Term savings over 1 year|liability|credit|0|party
2220|Utang bank|Bank loans|liability|credit||
2230|Utang LPDB|LPDB loans|liability|credit||
2240|Utang jangka panjang lain|Other long-term debt|liability|credit||
3110|Simpanan pokok|Principal savings|equity|credit|0|party
3120|Simpanan wajib|Mandatory savings|equity|credit|0|party
3130|Modal penyetaraan|Equalisation capital|equity|credit||
3140|Modal penyertaan|Participating capital|equity|credit||
3150|Hibah/donasi|Grants and donations|equity|credit||
3161|Cadangan umum|General reserve|equity|credit||
3162|Cadangan risiko|Risk reserve|equity|credit||
3170|SHU tahun lalu belum dibagi|Undistributed surplus of past years|equity|credit||
3180|SHU tahun berjalan|Surplus of the current year|equity|credit||
3190|Saldo awal|Opening balances|equity|credit||
4101|Penjualan toko kepada anggota|Shop sales to members|income|credit||party
4102|Retur dan potongan penjualan anggota|Returns and discounts, members|income|debit||party
4110|Jasa pinjaman anggota|Loan income from members|income|credit||
4120|Administrasi anggota|Members' administration fees|income|credit||
4130|Provisi anggota|Members' provision fees|income|credit||
4140|Jasa pelayanan lain anggota|Other services to members|income|credit||
4201|Penjualan toko non-anggota|Shop sales to non-members|income|credit||
4202|Retur dan potongan penjualan non-anggota|Returns and discounts, non-members|income|debit||
4240|Jasa pelayanan non-anggota|Services to non-members|income|credit||
4310|Bunga bank|Bank interest|income|credit||
4320|Komisi PPOB/konsinyasi|Commissions|income|credit||
5101|Harga pokok penjualan anggota|Cost of sales to members|expense|debit||
5110|Jasa simpanan sukarela|Interest on voluntary savings|expense|debit||
5120|Jasa simpanan berjangka|Interest on term savings|expense|debit||
5201|Harga pokok penjualan non-anggota|Cost of sales to non-members|expense|debit||
5230|Beban bunga bank|Bank loan interest|expense|debit||
5240|Beban LPDB|LPDB loan interest|expense|debit||
5250|Jasa modal penyertaan|Return on participating capital|expense|debit||
6110|Gaji|Wages|expense|debit||
6120|Sewa, listrik, air|Rent and utilities|expense|debit||
6130|Penyusutan|Depreciation|expense|debit||
6140|Biaya payment gateway|Payment gateway fees|expense|debit||
6150|Susut dan selisih stok|Stock shrinkage and differences|expense|debit||
6190|Beban operasional lain|Other operating costs|expense|debit||
7110|Rapat anggota tahunan|Annual members' meeting|expense|debit||
7120|Rapat pengurus dan pengawas|Meetings of board and supervisors|expense|debit||
7130|Pendidikan anggota|Members' education|expense|debit||
7140|Pembinaan dan iuran|Guidance and dues|expense|debit||
8110|Pendapatan lain-lain|Other income|income|credit||
8210|Beban lain-lain|Other expenses|expense|debit||
9110|Pajak penghasilan|Income tax|expense|debit||
"""

# Errors have their own SQLSTATE (class LB), which ledger.posting converts to domain errors.
DOOR = """
-- A search path that does not name pg_temp is searched there first: a caller's temporary table would stand before the accounts.
SELECT set_config('search_path', current_schema() || ', pg_temp', true);

CREATE FUNCTION post_journals(entries jsonb)
RETURNS TABLE (source_key text, number bigint, fresh boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $door$
#variable_conflict use_column
DECLARE
    last bigint;
    first bigint;
    wrong text;
    nobody CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
BEGIN
    -- one posting at a time in a cooperative: numbers without gaps, running balances without races
    SELECT c.last_number INTO last FROM journal_counter c WHERE c.id = 1 FOR UPDATE;
    first := last;

    SELECT e->>'source_key' INTO wrong FROM jsonb_array_elements(entries) e
    GROUP BY e->>'source_key' HAVING count(*) > 1 LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'LB005', MESSAGE = wrong;
    END IF;

    SELECT e->>'value_date' INTO wrong FROM jsonb_array_elements(entries) e
    LEFT JOIN closed_years y ON y.year = extract(year FROM (e->>'value_date')::date)
    WHERE (y.year IS NOT NULL OR NOT isfinite((e->>'value_date')::date))
      AND NOT EXISTS (SELECT FROM journals j WHERE j.source_key = e->>'source_key') LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'LB003', MESSAGE = wrong;
    END IF;

    INSERT INTO journals (number, value_date, description, source_key, reverses, posted_by)
    SELECT first + row_number() OVER (ORDER BY e.ord), (e.entry->>'value_date')::date, e.entry->>'description',
           e.entry->>'source_key', (e.entry->>'reverses')::bigint, e.entry->>'posted_by'
    FROM jsonb_array_elements(entries) WITH ORDINALITY AS e(entry, ord)
    WHERE NOT EXISTS (SELECT FROM journals j WHERE j.source_key = e.entry->>'source_key');
    GET DIAGNOSTICS last = ROW_COUNT;
    last := first + last;

    IF last > first THEN
        SELECT l.account INTO wrong
        FROM jsonb_array_elements(entries) e
        CROSS JOIN LATERAL jsonb_to_recordset(e->'lines') AS l(account text, party uuid)
        LEFT JOIN accounts a ON a.code = l.account
        WHERE a.code IS NULL OR (a.by_party AND coalesce(l.party, nobody) = nobody) LIMIT 1;
        IF wrong IS NOT NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'LB004', MESSAGE = wrong;
        END IF;

        WITH lines AS (
            SELECT j.number AS journal, l.ord AS line, l.line->>'account' AS account, (l.line->>'party')::uuid AS party,
                   (l.line->>'debit')::bigint AS debit, (l.line->>'credit')::bigint AS credit
            FROM jsonb_array_elements(entries) e
            JOIN journals j ON j.source_key = e->>'source_key' AND j.number > first
            CROSS JOIN LATERAL jsonb_array_elements(e->'lines') WITH ORDINALITY AS l(line, ord)
        )
        INSERT INTO journal_lines (journal, line, account, party, debit, credit, balance)
        SELECT l.journal, l.line, l.account, l.party, l.debit, l.credit,
               coalesce(b.balance, 0) + sum(CASE a.normal_side WHEN 'debit' THEN l.debit - l.credit ELSE l.credit - l.debit END)
                   OVER (PARTITION BY l.account, l.party ORDER BY l.journal, l.line)
        FROM lines l
        JOIN accounts a ON a.code = l.account
        LEFT JOIN balances b ON b.account = l.account AND b.party = coalesce(l.party, nobody);

        -- the trigger looks at lines: a journal that has none escapes it
        SELECT j.source_key INTO wrong FROM journals j
        WHERE j.number > first AND NOT EXISTS (SELECT FROM journal_lines l WHERE l.journal = j.number) LIMIT 1;
        IF wrong IS NOT NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'LB001', MESSAGE = wrong;
        END IF;

        -- the newest line of each party is its balance; a line below its account's floor stops everything
        SELECT l.account || ' ' || coalesce(l.party::text, '') INTO wrong
        FROM journal_lines l JOIN accounts a ON a.code = l.account
        WHERE l.journal > first AND l.balance < a.floor LIMIT 1;
        IF wrong IS NOT NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'LB002', MESSAGE = wrong;
        END IF;

        INSERT INTO balances (account, party, balance)
        SELECT DISTINCT ON (l.account, l.party) l.account, coalesce(l.party, nobody), l.balance
        FROM journal_lines l WHERE l.journal > first
        ORDER BY l.account, l.party, l.journal DESC, l.line DESC
        ON CONFLICT (account, party) DO UPDATE SET balance = excluded.balance;

        UPDATE journal_counter SET last_number = last WHERE id = 1;
    END IF;

    -- the same key with other lines is not a repetition but a mistake
    SELECT e->>'source_key' INTO wrong
    FROM jsonb_array_elements(entries) e
    JOIN journals j ON j.source_key = e->>'source_key' AND j.number <= first
    WHERE (SELECT array_agg((l.account, l.party, l.debit, l.credit)::text ORDER BY l.account, l.party, l.debit, l.credit)
           FROM journal_lines l WHERE l.journal = j.number)
       IS DISTINCT FROM
          (SELECT array_agg((l.account, l.party, l.debit, l.credit)::text ORDER BY l.account, l.party, l.debit, l.credit)
           FROM jsonb_to_recordset(e->'lines') AS l(account text, party uuid, debit bigint, credit bigint))
       OR (e->>'reverses')::bigint IS DISTINCT FROM j.reverses LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'LB005', MESSAGE = wrong;
    END IF;

    -- a reversal is the mirror of what it takes back, line for line
    SELECT j.source_key INTO wrong
    FROM journals j
    WHERE j.number > first AND j.reverses IS NOT NULL
      AND (SELECT array_agg((l.account, l.party, l.debit, l.credit)::text ORDER BY l.account, l.party, l.debit, l.credit)
           FROM journal_lines l WHERE l.journal = j.number)
       IS DISTINCT FROM
          (SELECT array_agg((l.account, l.party, l.credit, l.debit)::text ORDER BY l.account, l.party, l.credit, l.debit)
           FROM journal_lines l WHERE l.journal = j.reverses) LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'LB007', MESSAGE = wrong;
    END IF;

    RETURN QUERY
    SELECT j.source_key, j.number, j.number > first
    FROM jsonb_array_elements(entries) WITH ORDINALITY AS e(entry, ord)
    JOIN journals j ON j.source_key = e.entry->>'source_key'
    ORDER BY e.ord;
END
$door$;

-- Whoever writes lines, by whatever way: a journal is complete and balanced when the statement ends.
CREATE FUNCTION refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $check$
DECLARE
    wrong text;
BEGIN
    SELECT j.source_key INTO wrong
    FROM journals j
    LEFT JOIN journal_lines l ON l.journal = j.number
    WHERE j.number IN (SELECT journal FROM written)
    GROUP BY j.number
    HAVING sum(l.debit) <> sum(l.credit) OR count(l.line) < 2 LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'LB001', MESSAGE = wrong;
    END IF;
    RETURN NULL;
END
$check$;
CREATE TRIGGER journal_lines_balanced AFTER INSERT ON journal_lines
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION refuse_unbalanced();

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $check$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'LB006', MESSAGE = TG_TABLE_NAME || ' only grows: a correction is a reversal and a new row';
END
$check$;
"""

# What is kept in memory elsewhere: pages, the brand, who a session belongs to. Said by the database, so that no use case can forget to.
TELL = """
CREATE FUNCTION tell_change() RETURNS trigger LANGUAGE plpgsql AS $tell$
BEGIN
    PERFORM pg_notify('lumbung_changed', TG_TABLE_SCHEMA);
    RETURN NULL;
END
$tell$;
"""
TOLD = {
    "profile": "INSERT OR UPDATE",
    "products": "INSERT OR UPDATE OR DELETE",
    "categories": "INSERT OR UPDATE OR DELETE",
    "bylaws": "INSERT",
    "users": "UPDATE OR DELETE",
    "members": "UPDATE",
    "sessions": "UPDATE OR DELETE",
}

ONLY_GROWS = ("journals", "journal_lines", "audit_entries", "stock_movements", "bylaws", "shu_drafts", "shu_pools", "shu_shares")


def upgrade() -> None:
    """Chart, door, triggers, rights."""
    rows = [line.split("|") for line in CHART.strip().splitlines()]
    values = ",\n".join(
        "('{}', '{}', '{}', '{}', '{}', {}, {})".format(
            *(part.replace("'", "''") for part in row[:5]), row[5] or "NULL", "true" if row[6] else "false"
        )
        for row in rows
    )
    op.execute(f"INSERT INTO accounts (code, name_id, name_en, kind, normal_side, floor, by_party) VALUES\n{values}")
    op.execute("INSERT INTO journal_counter (id, last_number) VALUES (1, 0)")
    op.execute(DOOR)
    for table in ONLY_GROWS:
        op.execute(
            f"CREATE TRIGGER {table}_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(TELL)
    for table, events in TOLD.items():
        op.execute(f"CREATE TRIGGER {table}_told AFTER {events} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION tell_change()")
    # The schema and the cooperative's role bear the same name, so the script needs no parameter.
    op.execute(
        """
DO $rights$
DECLARE
    who text := quote_ident(current_schema());
BEGIN
    EXECUTE 'REVOKE INSERT, UPDATE, DELETE ON journals, journal_lines, balances, journal_counter FROM ' || who;
    EXECUTE 'REVOKE INSERT, UPDATE, DELETE ON accounts FROM ' || who;
    EXECUTE 'REVOKE UPDATE, DELETE ON closed_years, audit_entries, stock_movements, bylaws, shu_drafts, shu_pools,'
         || ' shu_shares FROM ' || who;
    EXECUTE 'REVOKE DELETE ON members, orders, order_lines FROM ' || who;
    EXECUTE 'REVOKE ALL ON FUNCTION post_journals(jsonb) FROM PUBLIC';
    EXECUTE 'GRANT EXECUTE ON FUNCTION post_journals(jsonb) TO ' || who;
END
$rights$"""
    )
