"""What a payer sees: the page where a payment is paid, its receipt, and a member's own wallet and kasbon."""
