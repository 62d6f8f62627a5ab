#!/bin/sh
# Brings the servers that `make bench-peers` compares with into build/peers: Debian's packages
# unpacked, not installed, for an installed one would start to serve; rs-tftpd, r-tftpd and
# async-tftp from crates.io; pin from Debian too, with the Go that builds it. A server that cannot
# be had is left out, with a message.
set -eu
cd "$(dirname "$0")/.."
here=$PWD/benches
peers=$PWD/build/peers
mkdir -p "$peers/bin"
go=$(apt-cache depends golang-go 2>/dev/null | sed -n 's/.*Depends: \(golang-[0-9.]*\)-go$/\1/p' | head -n 1)
"$here/../scripts/servers.sh" dnsmasq-base libdbus-1-3 libhogweed6 libidn2-0 liblua5.4-0 libnetfilter-conntrack3 \
    libnettle8 libnfnetlink0 libnftables1 \
    ${go:+$go-go $go-src} golang-github-pin-tftp-dev golang-golang-x-net-dev golang-golang-x-sys-dev || true

# crate COMMAND CRATE
crate() {
    [ -x "$peers/bin/$1" ] || cargo install --quiet --locked --root "$peers" --target-dir "$peers/target" "$2" \
        || echo "crates.io does not have, or cargo cannot build: $2" >&2
}
crate tftpd tftpd
crate r-tftpd r-tftpd
[ -x "$peers/bin/async-tftp" ] \
    || cargo install --quiet --locked --root "$peers" --target-dir "$peers/target" --path "$here/peers/async-tftp" \
    || echo "cargo cannot build: async-tftp" >&2

go=$peers/root/usr/lib/go${go#golang}
[ -x "$peers/bin/pin" ] \
    || GOROOT=$go GOPATH=$peers/root/usr/share/gocode GOCACHE=$peers/go GO111MODULE=off CGO_ENABLED=0 \
        "$go/bin/go" build -o "$peers/bin/pin" "$here/peers/pin/main.go" \
    || echo "go cannot build: pin" >&2
