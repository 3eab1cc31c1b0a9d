"""Sign-up: create a cooperative from a form within a fraction of a second, and remove abandoned ones."""
