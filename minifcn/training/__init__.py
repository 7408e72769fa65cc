"""Training a network, from its settings to its figures."""
