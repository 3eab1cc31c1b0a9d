"""What a cooperative pays the platform: plans, subscriptions, invoices, meters, and what happens when an
invoice is not paid.

Nothing here cuts off a till: the worst is read-only, with members' savings in sight and export open.
"""
