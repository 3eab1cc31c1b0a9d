"""What a cooperative pays the platform: plans, subscriptions, invoices, usage meters and dunning.

An unpaid invoice never closes a cooperative. At worst it becomes read-only: members still see their savings
and the export still works.
"""
