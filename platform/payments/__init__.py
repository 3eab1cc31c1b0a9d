"""Payment methods, payments, refunds, webhooks, receipts and the members' wallet.

A package above registers what is paid for (``payments.purposes``) and opens a payment
(``payments.open_payment``). A payment is settled by a verified status, a named officer, a statement line or
our own books (``payments.state_machine``). Money never passes through the platform's account.
"""
