"""The platform's staff: they list, approve, suspend and resume cooperatives without reading their data."""
