"""The modules of `deploy/swarm`, named by what they do."""
