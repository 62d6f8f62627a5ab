#!/bin/sh
# Writes which crates are in the library and in the command, as CycloneDX, into dist/:
# cargo-cyclonedx makes it.
set -eu
cd "$(dirname "$0")/.."
cargo cyclonedx --version >/dev/null 2>&1 || { echo "sbom.sh: cargo-cyclonedx is missing (cargo install cargo-cyclonedx)" >&2; exit 1; }
mkdir -p dist
cargo cyclonedx --format json --override-filename bom --quiet
# It writes one beside each Cargo.toml.
mv bom.json dist/libtftpserver.cdx.json
mv crates/tftpserver-cli/bom.json dist/tftpserver.cdx.json
find . -name bom.json -not -path './target/*' -delete
