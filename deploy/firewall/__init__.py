"""The firewall rules of each zone, as nftables loads them."""
