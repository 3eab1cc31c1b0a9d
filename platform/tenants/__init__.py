"""The registry of cooperatives, their schemas and migrations, and the binding of work to one cooperative.

Each cooperative has a PostgreSQL schema and a role of the same random name. The registry and host names are
in schema ``shared``.
"""
