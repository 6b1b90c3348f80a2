"""What agent and server agree on: the canonical form, the hash tree, messages, signatures."""
