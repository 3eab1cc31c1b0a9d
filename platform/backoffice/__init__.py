"""The officers' start page and settings: dashboard, profile, appearance, officers and audit log."""
