"""The check of stack files behind `deploy/swarm lint`, and before each deploy."""
