"""The deploy command, alone: its modules with a docker client that answers from recordings."""
