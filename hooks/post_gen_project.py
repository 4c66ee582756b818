"""Say what to do next. Changes nothing.

cookiecutter renders this file with the answers and runs it, in the new project, with its own Python.
"""

import sys

NEXT_STEPS = """
The project is ready. See it run, with Python alone:

    cd << cookiecutter.project_slug >>
    python3 -m venv .venv
    .venv/bin/pip install -r requirements/local.txt
    .venv/bin/python manage.py migrate
    .venv/bin/python manage.py runserver

Or in containers, with PostgreSQL and Redis: docker compose up

Its README.md explains the rest."""

# Standard output belongs to `cruft diff`, which runs this too.
print(NEXT_STEPS, file=sys.stderr)
