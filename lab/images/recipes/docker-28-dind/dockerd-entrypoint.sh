#!/bin/sh
# An engine in a container, without TLS, as the real image is with an empty DOCKER_TLS_CERTDIR.
set -eu

exec dockerd --host=unix:///var/run/docker.sock --host=tcp://0.0.0.0:2375 --tls=false "$@"
