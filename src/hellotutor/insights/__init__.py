"""What a session showed: strengths, weaknesses, opportunities and threats, each with its evidence."""
