"""What officers do with payments: set the ways up, look into every payment, confirm it, give it back."""
