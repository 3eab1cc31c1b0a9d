"""Rename tables, columns, constraints, functions and waiting jobs to standard terms; stored text stays."""

from alembic import op

revision = "0008"
down_revision = "0007"

RENAMES = """
ALTER TABLE shared.spare_schemas RENAME TO schema_pool;
ALTER TABLE shared.schema_pool RENAME COLUMN made_at TO created_at;
ALTER TABLE shared.schema_pool RENAME CONSTRAINT pk_spare_schemas TO pk_schema_pool;
ALTER TABLE shared.operator_actions RENAME COLUMN facts TO params;
ALTER TABLE shared.billing_entries RENAME COLUMN facts TO params;
ALTER TABLE shared.billing_events RENAME COLUMN looked_at TO processed_at;
ALTER TABLE shared.coupons RENAME COLUMN most TO max_uses;
ALTER TABLE shared.coupons RENAME COLUMN made_by TO created_by;
ALTER TABLE shared.coupons RENAME COLUMN made_at TO created_at;
ALTER TABLE shared.invoices RENAME COLUMN state TO status;
ALTER TABLE shared.invoices RENAME COLUMN to_pay TO amount_due;
ALTER TABLE shared.invoices RENAME COLUMN paid_way TO paid_method;
ALTER TABLE shared.invoices RENAME CONSTRAINT ck_invoices_state TO ck_invoices_status;
ALTER INDEX shared.ix_invoices_state RENAME TO ix_invoices_status;
ALTER TABLE shared.subscriptions RENAME COLUMN way TO method;
ALTER TABLE shared.subscriptions RENAME COLUMN every TO "interval";
ALTER TABLE shared.subscriptions RENAME COLUMN next_every TO next_interval;
ALTER TABLE shared.subscriptions RENAME COLUMN trial_told TO trial_notified;
ALTER TABLE shared.subscriptions RENAME COLUMN begun_on TO started_on;
ALTER TABLE shared.subscriptions RENAME CONSTRAINT ck_subscriptions_way TO ck_subscriptions_method;
ALTER TABLE shared.subscriptions RENAME CONSTRAINT ck_subscriptions_every TO ck_subscriptions_interval;
ALTER FUNCTION shared.note_sign_in() RENAME TO record_sign_in;
"""
# Waiting and failed jobs. Messages already at the broker have the old names, which the worker knows
# (``kernel.outbox.RENAMED_JOBS``).
JOBS = {
    "payments.hear": "payments.process_webhook",
    "payments.look": "payments.sync_status",
    "payments.call_off": "payments.close_unpaid",
    "payments.sweep": "payments.retry_stalled",
    "shop.call_off_others": "shop.cancel_superseded",
    "shop.sweep_orders": "shop.cancel_overdue",
    "tenants.refill_spares": "tenants.refill_schema_pool",
    "tenants.forget_spent": "tenants.delete_expired",
    "tenants.forget_finished_jobs": "tenants.delete_finished_job_keys",
    "members.forget_spent": "members.delete_expired",
    "governance.take_effect": "governance.apply_bylaws",
    "billing.look_at_card": "billing.refresh_card",
    "billing.look_at_cards": "billing.refresh_cards",
    "billing.measure": "billing.meter_usage",
}


def upgrade() -> None:
    """Renames change the catalogue alone; rights follow them."""
    op.execute(RENAMES)
    pairs = ", ".join(f"('{old}', '{new}')" for old, new in JOBS.items())
    for table in ("outbox", "failed_jobs"):
        op.execute(
            f"UPDATE shared.{table} j SET job = r.name, key = CASE WHEN split_part(j.key, '\\:', 1) = r.former"
            " THEN r.name || substr(j.key, length(r.former) + 1) ELSE j.key END"
            f" FROM (VALUES {pairs}) AS r(former, name) WHERE j.job = r.former"
        )
        op.execute(
            f"UPDATE shared.{table} SET arguments = (arguments - 'way') || jsonb_build_object('method', arguments->'way')"
            " WHERE job = 'payments.reconcile' AND arguments ? 'way'"
        )
