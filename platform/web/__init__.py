"""HTTP entry point: host dispatch, webhooks, rate limits, caches and error pages."""
