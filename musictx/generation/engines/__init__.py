"""What runs the network: the interface, the engines behind it, and the choice among them."""
