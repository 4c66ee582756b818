#!/bin/sh
# Prepares the development container of the front end, then becomes the command.
set -eu

die() {
    printf '%s\n' "$*" >&2
    exit 1
}

check_packages() {
    cmp -s package-lock.json /srv/package-lock.json ||
        die 'frontend/package-lock.json has changed since this image was built: docker compose build static'
}

check_packages
exec "$@"
