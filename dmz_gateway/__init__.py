"""The gateway in the DMZ: what agents call. It keeps no database, only its last snapshots."""
