#!/bin/sh
set -eu

# What is neither a program nor found on the path is meant for node: an option, or a script.
if [ "${1#-}" != "$1" ] || ! command -v "$1" > /dev/null || { [ -f "$1" ] && [ ! -x "$1" ]; }; then
    set -- node "$@"
fi

exec "$@"
