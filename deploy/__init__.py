"""Everything around the processes: brokers, load balancer, a whole local environment."""
