"""Evidence: the books of both sides, compared; what was lost, doubled, altered or injected."""
