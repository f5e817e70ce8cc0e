"""The staff tables' line of migrations."""
