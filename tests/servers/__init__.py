"""Real servers that tests start: brokers, databases, the load balancer."""
