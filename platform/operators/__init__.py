"""Those who run the platform: they list, suspend and resume cooperatives, and never see inside one."""
