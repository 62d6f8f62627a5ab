#!/bin/sh
# Brings other TFTP servers into build/peers/root, with their libraries: Debian's packages unpacked,
# not installed, for an installed one would start to serve. usage: servers.sh [PACKAGE...], further
# packages to unpack beside them. Quick and silent if everything is there; exits with 1 if a server
# cannot be had.
set -eu
cd "$(dirname "$0")/.."
peers=$PWD/build/peers
# In this order: atftpd's package has an in.tftpd too, a link to itself.
servers='atftpd tftpd-hpa'
mkdir -p "$peers/deb" "$peers/root"
cd "$peers/deb"

is_there() { [ -n "$(find . -name "${1}_*.deb.unpacked")" ]; }
bring() {
    is_there "$1" || apt-get download --quiet=2 "$1" >/dev/null 2>&1 || return 1
    for archive in ./"$1"_*.deb; do
        [ -e "$archive.unpacked" ] || { dpkg -x "$archive" "$peers/root" && : >"$archive.unpacked"; } || return 1
    done
}

# The libraries have other names in other releases, but most machines have them. Without its library
# a server does not start.
for package in $servers; do
    is_there "$package" || set -- "$@" libwrap0 libnsl2 libtirpc3 libpcre3
done
missing=''
for package in $servers "$@"; do
    bring "$package" || missing="$missing $package"
done
[ -z "$missing" ] || echo "apt does not have:$missing" >&2
for package in $servers; do is_there "$package" || exit 1; done
