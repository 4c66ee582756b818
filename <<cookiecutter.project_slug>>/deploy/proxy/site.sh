#!/bin/bash
# How a certificate and a configuration reach an nginx that runs. The swarm hands them only to a task that starts, and
# a proxy that starts anew closes its port for a moment. So another service starts anew, on each node:
#
#   site publish    test what the swarm has mounted here, put it into a volume in memory, and stay
#   site follow     run nginx with what is published, and let it take over what is published later
#   site arrived    whether nginx on this node has answered with what was published here
#   site healthy    whether a worker of nginx answers
set -euo pipefail

SITE=/etc/nginx
VOLUME=/var/lib/site

publish() {
    nginx -t -q
    local generation
    generation=$(cd "$SITE" && sha256sum -- * | sha256sum | cut -c 1-16)
    if [ ! -e "$VOLUME/$generation" ]; then
        rm -rf "$VOLUME/new"
        cp -r "$SITE" "$VOLUME/new"
        # nginx itself says which one it serves: see nginx.conf.
        printf 'return 200 "%s\\n";\n' "$generation" >"$VOLUME/new/generation.inc"
        mv -T "$VOLUME/new" "$VOLUME/$generation"
    fi
    # A link is replaced at once, so nobody reads half of each.
    ln -sfn "$generation" "$VOLUME/next"
    mv -T "$VOLUME/next" "$VOLUME/current"
    printf '%s\n' "$generation" >/tmp/published
    find "$VOLUME" -mindepth 1 -maxdepth 1 -type d ! -name "$generation" -exec rm -rf '{}' +
    exec sleep infinity
}

follow() {
    rm -f "$VOLUME/served"
    until take; do sleep 0.2; done
    keep_up &
    exec nginx
}

# Fails as long as nothing is published, and when it is replaced meanwhile.
take() {
    taken=$(readlink "$VOLUME/current") || return 1
    rm -rf "$SITE/new"
    cp -r "$VOLUME/$taken" "$SITE/new" && mv -f "$SITE/new"/* "$SITE"
}

# nginx goes on as before when it cannot load what it is told to.
keep_up() {
    local answer
    while sleep 1; do
        # Before it answers it ignores signals.
        answer=$(ask) || continue
        [ "$answer" = "$(cat "$VOLUME/served" 2>/dev/null)" ] || printf '%s\n' "$answer" >"$VOLUME/served"
        if [ "$(readlink "$VOLUME/current")" != "$taken" ] && take; then kill -HUP 1; fi
    done
}

ask() {
    { exec 3<>/dev/tcp/127.0.0.1/8081; } 2>/dev/null || return 1
    printf 'GET / HTTP/1.0\r\n\r\n' >&3
    timeout 4 tail -n 1 <&3
}

# Asked of a new task only: later a proxy may be away for reasons of its own.
arrived() {
    [ -e /tmp/arrived ] && return
    if [ "$(cat "$VOLUME/served")" != "$(cat /tmp/published)" ]; then
        echo 'nginx on this node does not serve it yet: if it refused, the log of the proxy says why'
        return 1
    fi
    touch /tmp/arrived
}

# Whether the app answers is not the proxy's health.
healthy() {
    exec 3<>/dev/tcp/127.0.0.1/8081
    printf 'GET / HTTP/1.0\r\n\r\n' >&3
    read -r -t 4 _ status _ <&3
    [[ $status = 20[04] ]]
}

case "${1:-}" in
    publish | follow | arrived | healthy) "$1" ;;
    *) echo 'usage: site publish|follow|arrived|healthy' >&2 && exit 2 ;;
esac
