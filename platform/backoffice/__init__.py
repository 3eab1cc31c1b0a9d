"""The officers' own room: what waits today, and how the cooperative shows itself."""
