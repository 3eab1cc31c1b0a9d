"""Who the cooperatives are, and the one place that binds work to one of them.

Each cooperative has a PostgreSQL schema and a role of the same opaque name. The registry and host names live
in schema ``shared``.
"""
