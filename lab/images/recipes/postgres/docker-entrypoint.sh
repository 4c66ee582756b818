#!/bin/bash
set -euo pipefail

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

# value NAME DEFAULT: gives NAME its value from NAME_FILE or the default. Empty counts as not set.
value() {
    local name="$1" file_name="$1_FILE" content
    [ -z "${!name:-}" ] || [ -z "${!file_name:-}" ] ||
        fail "both $name and $file_name are set (but are exclusive)"
    if [ -n "${!file_name:-}" ]; then
        content="$(cat "${!file_name}")"
        export "$name=$content"
    fi
    [ -n "${!name:-}" ] || export "$name=$2"
    unset "$file_name"
}

read_environment() {
    value POSTGRES_PASSWORD ''
    value POSTGRES_USER postgres
    value POSTGRES_DB "$POSTGRES_USER"
    value POSTGRES_INITDB_ARGS ''
    method="${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}"
}

prepare_folders() {
    mkdir -p "$PGDATA"
    chmod 0700 "$PGDATA" || true
    chmod 3775 /var/run/postgresql || true
    if [ "$(id -u)" = 0 ]; then
        find "$PGDATA" /var/run/postgresql ! -user postgres -exec chown postgres '{}' +
    fi
}

# initdb insists on a name for its user: one that no passwd file knows gets a name here.
name_unknown_user() {
    ! getent passwd "$(id -u)" > /dev/null || return 0
    NSS_WRAPPER_PASSWD="$(mktemp)" NSS_WRAPPER_GROUP="$(mktemp)" LD_PRELOAD=libnss_wrapper.so
    echo "postgres:x:$(id -u):$(id -g)::$PGDATA:/bin/false" > "$NSS_WRAPPER_PASSWD"
    echo "postgres:x:$(id -g):" > "$NSS_WRAPPER_GROUP"
    export NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP LD_PRELOAD
}

query() {
    PGHOST='' psql --set ON_ERROR_STOP=1 --no-psqlrc --no-password --username "$POSTGRES_USER" "$@"
}

run_initial_scripts() {
    local file
    for file in /docker-entrypoint-initdb.d/*; do
        # shellcheck source=/dev/null
        case "$file" in
            *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
            *.sql) query --dbname "$POSTGRES_DB" --file "$file" ;;
            *.sql.gz) gunzip --stdout "$file" | query --dbname "$POSTGRES_DB" ;;
        esac
    done
}

initialise() {
    [ -n "$POSTGRES_PASSWORD" ] || [ "$method" = trust ] ||
        fail 'Database is uninitialized and superuser password is not specified: set POSTGRES_PASSWORD'

    # The arguments are words of a shell, as the real image takes them: so eval.
    (
        name_unknown_user
        eval "initdb --username=\"\$POSTGRES_USER\" --pwfile=<(echo \"\$POSTGRES_PASSWORD\") $POSTGRES_INITDB_ARGS"
    )
    printf '\nhost all all all %s\n' "$method" >> "$PGDATA/pg_hba.conf"

    # Until all is set up the server listens on its socket only, so that nobody finds it half made.
    export PGPASSWORD="${PGPASSWORD:-$POSTGRES_PASSWORD}"
    shift
    PGUSER="$POSTGRES_USER" pg_ctl -w -o "$(printf '%q ' "$@" -c listen_addresses=)" start
    [ "$POSTGRES_DB" = postgres ] ||
        echo 'CREATE DATABASE :"name"' | query --dbname postgres --set "name=$POSTGRES_DB"
    run_initial_scripts
    pg_ctl -m fast -w stop
    unset PGPASSWORD
}

[ "${1#-}" = "$1" ] || set -- postgres "$@"

if [ "$1" = postgres ] && [ "${2:-}" != --version ]; then
    read_environment
    prepare_folders
    [ "$(id -u)" != 0 ] || exec gosu postgres "$0" "$@"
    [ -s "$PGDATA/PG_VERSION" ] || initialise "$@"
fi

exec "$@"
