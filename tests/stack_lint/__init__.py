"""The lint of rendered stacks: it lets the project's own files pass, and every rule of it fires."""
