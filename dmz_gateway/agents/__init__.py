"""Travel agencies' SOAP: sign-in, the operations, and the answers."""
