#!/bin/sh
# Refuses to start without its settings and waits for the services, then becomes the command:
# `exec`, so that SIGTERM reaches gunicorn and requests in flight can finish.
set -eu

# gunicorn reads this one itself, before its configuration could say what is wrong.
case "${WEB_CONCURRENCY:-}" in
    *[!0-9]*)
        echo "WEB_CONCURRENCY=$WEB_CONCURRENCY: give a whole number" >&2
        exit 1
        ;;
esac
python wait_for_services.py
exec "$@"
