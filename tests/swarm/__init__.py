"""The rendered project as a stack on a real swarm, deployed with the docker client alone.

That is how people use the stack files who copy them; the deploy command has tests of its own.
"""
