"""What the production image weighs and how fast it is: `make bench` measures, and no test asserts it."""
