"""Evidence: books, pages, and what a comparison says."""
