#!/bin/sh
# Brings the servers that `make bench-peers` compares with into build/peers: Debian's packages unpacked, not installed, for
# an installed one would start to serve; rs-tftpd from crates.io.
set -eu
cd "$(dirname "$0")/.."
peers=$PWD/build/peers
mkdir -p "$peers/deb" "$peers/root"
cd "$peers/deb"
for package in tftpd-hpa atftpd dnsmasq-base libdbus-1-3 libhogweed6 libidn2-0 liblua5.4-0 libnetfilter-conntrack3 \
    libnettle8 libnfnetlink0 libnftables1 libpcre3 libwrap0; do
    [ -n "$(find . -name "${package}_*.deb")" ] || apt-get download --quiet=2 "$package" 2>/dev/null \
        || echo "apt does not have: $package" >&2
done
for archive in *.deb; do
    dpkg -x "$archive" "$peers/root"
done
[ -x "$peers/bin/tftpd" ] || cargo install --quiet --locked --root "$peers" --target-dir "$peers/target" tftpd \
    || echo "crates.io does not have: tftpd" >&2
