"""Payment methods, payments, refunds, webhooks, receipts and the members' wallet.

A room above registers what can be paid (`payments.purposes`) and opens payments (`payments.open_payment`). A
payment is settled by a status fetched from its provider, a named officer, a matched statement line or our own
books (`payments.state_machine`). Money never passes through the platform's account.
"""
