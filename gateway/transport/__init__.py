"""One exchange over the network, without policy."""
