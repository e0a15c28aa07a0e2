"""Web services from elsewhere, asked politely."""
