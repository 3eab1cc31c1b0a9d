"""Founding a cooperative: from a form to a usable page in a fraction of a second."""
