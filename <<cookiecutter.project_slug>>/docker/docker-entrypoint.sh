#!/bin/sh
# Prepares the development container of the app, then becomes the command.
set -eu

die() {
    printf '%s\n' "$*" >&2
    exit 1
}

# Files that we create belong to whom we run as: that has to be the owner of the checkout.
check_owner() {
    owner=$(stat -c 'UID=%u GID=%g' .)
    [ -w . ] || die "The checkout belongs to $owner, and user $(id -u) cannot write to it: put these two into the file .env, one a line."
}

check_requirements() {
    cmp -s requirements/docker.txt /venv/docker.txt ||
        die 'requirements/docker.txt has changed since this image was built: docker compose build app'
}

prepare_server() {
    python manage.py migrate --no-input
    printf '\n    Open http://localhost:%s\n\n' "$APP_PORT"
}

check_owner
check_requirements
case "$*" in
    *' runserver '*) prepare_server ;;
esac
exec "$@"
