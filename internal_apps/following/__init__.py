"""Following a message: its whole story, by whatever name somebody has of it."""
