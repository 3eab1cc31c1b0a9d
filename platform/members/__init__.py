"""People: the register of members, those who may sign in, and how they come in by the door."""
