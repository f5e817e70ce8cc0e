"""The outside world behind the hub's ports: one library a file."""
