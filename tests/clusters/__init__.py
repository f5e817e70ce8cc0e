"""What the nodes of clusters go through that takes too long for every day: ``make clusters``."""
