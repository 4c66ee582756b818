#!/bin/sh
# Makes a self-signed certificate, so that a development machine can be reached over https.
set -eu

DAYS=365

usage() {
    printf '%s\n' \
        'usage: docker/certificates/make-certificate.sh [--force] [DOMAIN ...]' \
        'Writes cert.crt and cert.key, valid for localhost and each DOMAIN, beside this script.' \
        '--force replaces those that exist.'
}

die() {
    printf '%s\n' "$*" >&2
    exit 1
}

names() {
    printf 'DNS:localhost,IP:127.0.0.1'
    for domain in "$@"; do
        printf ',DNS:%s' "$domain"
    done
}

check_domains() {
    for domain in "$@"; do
        case "$domain" in
            '' | -* | *[!A-Za-z0-9.*-]*) die "$domain is no domain name: give names such as www.example.org" ;;
        esac
    done
}

case "${1:-}" in
    -h | --help) usage && exit ;;
    --force) force=yes && shift ;;
    *) force= ;;
esac
check_domains "$@"
command -v openssl >/dev/null || die 'openssl is not installed: install it with the package manager of your system'

cd "$(dirname "$0")"
if [ -z "$force" ]; then
    for file in cert.crt cert.key; do
        [ ! -e "$file" ] || die "docker/certificates/$file exists: --force replaces it"
    done
fi
rm -f cert.crt cert.key

# The key is never readable by others, not even while it is written.
umask 377
output=$(openssl req -x509 -newkey rsa:2048 -nodes -sha256 -days "$DAYS" -subj /CN=localhost \
    -addext "subjectAltName=$(names "$@")" \
    -addext basicConstraints=critical,CA:FALSE \
    -addext extendedKeyUsage=serverAuth \
    -keyout cert.key -out cert.crt 2>&1) || die "$output"
chmod 0444 cert.crt
printf 'Made docker/certificates/cert.crt for %s, valid until %s.\n' \
    "$(names "$@")" "$(openssl x509 -in cert.crt -noout -enddate | cut -d= -f2)"
