"""The command line: ``lupu gateway|hub|ticketing|staff|certificates|check``."""
