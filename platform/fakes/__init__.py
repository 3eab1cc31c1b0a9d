"""Fake gateways: servers on this machine that answer as Stripe, Midtrans, Xendit and banks do.

For the demo and for tests; no money moves, and production refuses them. See README.md in this folder.
"""
