"""The gateways that carry messages, one module each, and the choice among them."""
