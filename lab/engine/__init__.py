"""Gives the machine that runs the tests a Docker engine: ``python -m lab.engine start --swarm``.

Standard library only, because it runs before anything is installed.
"""
