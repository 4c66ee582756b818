#!/bin/sh
# Refuses to start without its settings and waits for the services, then becomes the command:
# `exec`, so that SIGTERM reaches gunicorn and requests in flight can finish.
set -eu

python wait_for_services.py
exec "$@"
