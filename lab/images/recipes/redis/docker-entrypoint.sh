#!/bin/sh
set -eu

# An option or a configuration file is meant for the server.
case "$1" in
    -* | *.conf) set -- redis-server "$@" ;;
esac

if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
    find . ! -user redis -exec chown redis '{}' +
    exec setpriv --reuid redis --regid redis --clear-groups "$0" "$@"
fi

# Unless the caller chose another one.
[ "$(umask)" != 0022 ] || umask 0077

exec "$@"
