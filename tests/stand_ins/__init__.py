"""Small servers that answer like the payment companies do.

No money moves here. See README.md in this folder.
"""
