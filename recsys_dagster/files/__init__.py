"""Files as users have them: what they are, and how they are read when they are broken."""
