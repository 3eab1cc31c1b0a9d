"""The register of members, and sign-in: accounts, passwords, activation codes, sessions."""
