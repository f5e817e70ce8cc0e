"""HAProxy's configuration: ends TLS, says who the client is, balances over the processes."""
