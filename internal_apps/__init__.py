"""What runs inside: one folder a capability, the same file names in each."""
