"""The proxy's rules, one by one: its image and the project's configuration before a stub of the app.

Plain containers on a network of their own, where Docker's DNS answers as it does in a swarm.
"""
