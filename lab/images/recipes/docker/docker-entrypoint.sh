#!/bin/sh
set -eu

# An option or a command of the client needs no `docker` before it.
if [ "${1#-}" != "$1" ] || docker help "$1" > /dev/null 2>&1; then
    set -- docker "$@"
fi

certificates="${DOCKER_TLS_CERTDIR:-}/client"

# Without a socket the engine is the pipeline's service, whose name is docker.
if [ -z "${DOCKER_HOST:-}" ]; then
    if [ -S /var/run/docker.sock ]; then
        export DOCKER_HOST=unix:///var/run/docker.sock
    elif [ -s "$certificates/ca.pem" ]; then
        export DOCKER_HOST=tcp://docker:2376 DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH="$certificates"
    else
        export DOCKER_HOST=tcp://docker:2375
    fi
fi

exec "$@"
