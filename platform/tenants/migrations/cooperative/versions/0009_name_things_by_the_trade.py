"""Rename tables, columns, constraints, functions and triggers to standard terms; stored text stays.

A change of a product notifies other processes only when a cached page shows it.
"""

from alembic import op

revision = "0009"
down_revision = "0008"

# A rename changes only the catalogue: no table is rewritten, and privileges and expressions follow it.
TABLES = """
ALTER TABLE payment_ways RENAME TO payment_methods;
ALTER TABLE payroll_strays RENAME TO payroll_unmatched_lines;
"""
COLUMNS = {
    "audit_entries": {"facts": "params"},
    "orders": {"payment_way": "payment_method"},
    "products": {"words": "search_vector"},
    "payment_methods": {"way": "method", "least": "min_amount", "most": "max_amount"},
    "payments": {
        "way": "method",
        "tail": "unique_suffix",
        "shown": "instructions",
        "went_to": "applied_to",
        "said_paid_at": "payer_claimed_at",
        "under_way_since": "processing_since",
    },
    "payment_exceptions": {"facts": "params", "facts_digest": "params_digest"},
    "payment_refunds": {
        "back_to": "destination",
        "state": "status",
        "asked_by": "requested_by",
        "asked_at": "requested_at",
    },
    "payment_events": {
        "way": "method",
        "concerns": "object_type",
        "state": "status",
        "handled_at": "processed_at",
    },
    "provider_movements": {"way": "method", "fraction": "is_rounded"},
    "provider_balances": {"way": "method", "told_at": "reported_at"},
    "payroll_batches": {"state": "status", "made_by": "created_by", "made_at": "created_at"},
    "payroll_lines": {"asked": "requested", "taken": "deducted", "booked": "applied", "said": "remark"},
    "payroll_unmatched_lines": {"said": "remark"},
    "statement_lines": {"way": "method", "words": "description", "state": "status"},
}
CONSTRAINTS = {
    "payment_methods": {
        "pk_payment_ways": "pk_payment_methods",
        "uq_payment_ways_endpoint": "uq_payment_methods_endpoint",
    },
    "payments": {"ck_payments_went_to": "ck_payments_applied_to"},
    "payment_exceptions": {
        "uq_payment_exceptions_payment_id_reason_facts_digest": "uq_payment_exceptions_payment_id_reason_params_digest"
    },
    "payment_refunds": {"ck_payment_refunds_state": "ck_payment_refunds_status"},
    "payment_events": {"uq_payment_events_way_event_id": "uq_payment_events_method_event_id"},
    "provider_movements": {"uq_provider_movements_way_provider_id": "uq_provider_movements_method_provider_id"},
    "payroll_batches": {"ck_payroll_batches_state": "ck_payroll_batches_status"},
    "payroll_lines": {"ck_payroll_lines_booked": "ck_payroll_lines_applied"},
    "payroll_unmatched_lines": {
        f"{kind}_payroll_strays{part}": f"{kind}_payroll_unmatched_lines{part}"
        for kind, part in (
            ("pk", ""),
            ("ck", "_amount"),
            ("ck", "_decision"),
            ("ck", "_member"),
            ("fk", "_batch_id"),
            ("fk", "_member_id"),
        )
    },
    "statement_lines": {"ck_statement_lines_state": "ck_statement_lines_status"},
}
INDEXES = {
    "ix_products_words": "ix_products_search_vector",
    "ix_payment_refunds_state": "ix_payment_refunds_status",
    "ix_payment_events_state": "ix_payment_events_status",
    "ix_provider_movements_way": "ix_provider_movements_method",
    "ix_statement_lines_state": "ix_statement_lines_status",
}
# Rename codes in rows whose status still changes. Rows of append-only tables stay; the code reads both
# spellings.
VALUES = """
ALTER TABLE payment_refunds DROP CONSTRAINT ck_payment_refunds_back_to;
UPDATE payment_refunds SET destination = 'original_method' WHERE destination = 'same_way';
ALTER TABLE payment_refunds ADD CONSTRAINT ck_payment_refunds_destination
    CHECK (destination IN ('original_method', 'wallet', 'by_hand'));
ALTER TABLE payment_events DROP CONSTRAINT ck_payment_events_state, DROP CONSTRAINT ck_payment_events_outcome;
UPDATE payment_events SET status = CASE status WHEN 'alarm' THEN 'exception' ELSE status END,
    outcome = CASE outcome WHEN 'alarm' THEN 'exception' ELSE outcome END
WHERE status = 'alarm' OR outcome = 'alarm';
ALTER TABLE payment_events ADD CONSTRAINT ck_payment_events_status CHECK (status IN ('received', 'done', 'exception')),
    ADD CONSTRAINT ck_payment_events_outcome
    CHECK (outcome IN ('settled', 'known', 'awaiting', 'failed', 'expired', 'cancelled', 'exception', 'unknown', 'nothing'));
ALTER TABLE statement_lines DROP CONSTRAINT ck_statement_lines_reason;
UPDATE statement_lines SET reason = 'no_unique_suffix' WHERE reason = 'no_tail';
ALTER TABLE statement_lines ADD CONSTRAINT ck_statement_lines_reason
    CHECK (reason IN ('reference', 'amount', 'two_lines', 'seen_before', 'several', 'amount_differs', 'outside_days', 'no_unique_suffix',
        'by_hand', 'refused'));
"""
FUNCTIONS = """
ALTER FUNCTION tell_change() RENAME TO notify_change;
ALTER FUNCTION refuse_change() RENAME TO reject_change;
ALTER FUNCTION refuse_unbalanced() RENAME TO reject_unbalanced;
ALTER FUNCTION refuse_but_settling() RENAME TO reject_unless_settling;
CREATE OR REPLACE FUNCTION reject_unless_settling() RETURNS trigger LANGUAGE plpgsql AS $check$
BEGIN
    IF OLD.settled_at IS NOT NULL
       OR (NEW.id, NEW.payment_id, NEW.reason, NEW.params, NEW.raised_at) IS DISTINCT FROM (OLD.id, OLD.payment_id, OLD.reason, OLD.params, OLD.raised_at)
    THEN
        RAISE EXCEPTION USING ERRCODE = 'LB006', MESSAGE = TG_TABLE_NAME || ' only grows: an open row is settled once, and no more';
    END IF;
    RETURN NEW;
END
$check$;
ALTER TRIGGER payment_exceptions_only_settled ON payment_exceptions RENAME TO payment_exceptions_settle_once;
"""
APPEND_ONLY = (
    "journals",
    "journal_lines",
    "audit_entries",
    "stock_movements",
    "bylaws",
    "shu_drafts",
    "shu_pools",
    "shu_shares",
    "payment_exceptions",
)
NOTIFYING = ("profile", "products", "categories", "bylaws", "users", "members", "sessions")
# Of a product's stock, cached pages show: none, how many of 1 to 5, or enough. `UPDATE OF` does not suffice:
# a sale changes stock and reserved, but only some sales change the page. Columns that no cached page shows
# (cost, stock_value, barcode) notify no process.
PRODUCT_CHANGES = """
DROP TRIGGER products_notify_change ON products;
CREATE TRIGGER products_notify_change AFTER INSERT OR DELETE ON products FOR EACH STATEMENT EXECUTE FUNCTION notify_change();
CREATE TRIGGER products_notify_shown_change AFTER UPDATE ON products FOR EACH ROW
    WHEN ((OLD.sku, OLD.name, OLD.description, OLD.category_id, OLD.unit, OLD.price, OLD.picture, OLD.archived,
            least(greatest(OLD.stock - OLD.reserved, 0), 6))
        IS DISTINCT FROM (NEW.sku, NEW.name, NEW.description, NEW.category_id, NEW.unit, NEW.price, NEW.picture, NEW.archived,
            least(greatest(NEW.stock - NEW.reserved, 0), 6)))
    EXECUTE FUNCTION notify_change();
"""
# Rename the keys of finished jobs as the jobs (``kernel.outbox.RENAMED_JOBS``), so that a message that the
# broker delivers again finds its key.
JOBS = {
    "payments.hear": "payments.process_webhook",
    "payments.look": "payments.sync_status",
    "payments.call_off": "payments.close_unpaid",
    "payments.sweep": "payments.retry_stalled",
    "shop.call_off_others": "shop.cancel_superseded",
    "shop.sweep_orders": "shop.cancel_overdue",
    "tenants.forget_finished_jobs": "tenants.delete_finished_job_keys",
    "members.forget_spent": "members.delete_expired",
    "governance.take_effect": "governance.apply_bylaws",
}


def upgrade() -> None:
    """Run about a hundred statements in one round trip.

    The only large tables it reads are ``payment_events`` and ``statement_lines``, once.
    """
    op.execute(TABLES)
    renames = [
        f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}"
        for table, columns in COLUMNS.items()
        for old, new in columns.items()
    ]
    renames += [
        f"ALTER TABLE {table} RENAME CONSTRAINT {old} TO {new}"
        for table, constraints in CONSTRAINTS.items()
        for old, new in constraints.items()
    ]
    renames += [f"ALTER INDEX {old} RENAME TO {new}" for old, new in INDEXES.items()]
    op.execute(";\n".join(renames))
    op.execute(VALUES)
    op.execute(FUNCTIONS)
    triggers = [
        f"ALTER TRIGGER {table}_only_grows ON {table} RENAME TO {table}_append_only" for table in APPEND_ONLY
    ]
    triggers += [f"ALTER TRIGGER {table}_told ON {table} RENAME TO {table}_notify_change" for table in NOTIFYING]
    triggers.append("ALTER TRIGGER payment_ways_told ON payment_methods RENAME TO payment_methods_notify_change")
    op.execute(";\n".join(triggers))
    op.execute(PRODUCT_CHANGES)
    pairs = ", ".join(f"('{old}', '{new}')" for old, new in JOBS.items())
    op.execute(
        "UPDATE finished_jobs f SET key = r.name || substr(f.key, length(r.former) + 1)"
        f" FROM (VALUES {pairs}) AS r(former, name) WHERE split_part(f.key, '\\:', 1) = r.former"
    )
