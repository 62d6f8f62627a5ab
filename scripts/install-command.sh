#!/bin/sh
# Installs the command: the program, its manual page, completions and units. usage:
# install-command.sh PREFIX DESTDIR goes before everything; TFTPSERVER_COMMAND is the program if it
# is built already; TFTPSERVER_COMMAND_HERE is the same program for this machine where that one is
# for another; SYSCONFDIR is /etc, or below PREFIX where that is not /usr or /usr/local.
set -eu
cd "$(dirname "$0")/.."
prefix=$1
root=${DESTDIR:-}
case $prefix in
    /usr | /usr/local) etc=${SYSCONFDIR:-/etc} ;;
    *) etc=${SYSCONFDIR:-$prefix/etc} ;;
esac
program=${TFTPSERVER_COMMAND:-}
if [ -z "$program" ]; then
    program=${CARGO_TARGET_DIR:-target}/release/tftpserver
    CARGO_PROFILE_RELEASE_STRIP=debuginfo cargo build --quiet --release --locked -p tftpserver-cli
fi
here=${TFTPSERVER_COMMAND_HERE:-$program}

put() { # MODE FILE DIRECTORY NAME
    install -d "$root$3"
    install -m "$1" "$2" "$root$3/$4"
}
made=$(mktemp)
trap 'rm -f "$made"' EXIT
put 755 "$program" "$prefix/bin" tftpserver
"$here" manual >"$made"
put 644 "$made" "$prefix/share/man/man1" tftpserver.1
"$here" completions bash >"$made"
put 644 "$made" "$prefix/share/bash-completion/completions" tftpserver
"$here" completions zsh >"$made"
put 644 "$made" "$prefix/share/zsh/site-functions" _tftpserver
"$here" completions fish >"$made"
put 644 "$made" "$prefix/share/fish/vendor_completions.d" tftpserver.fish
for unit in tftpserver.service tftpserver.socket; do
    sed "s,@BINDIR@,$prefix/bin,; s,@SYSCONFDIR@,$etc," "packaging/systemd/$unit" >"$made"
    put 644 "$made" "$prefix/lib/systemd/system" "$unit"
done
[ -e "$root$etc/tftpserver.toml" ] || put 644 packaging/tftpserver.toml "$etc" tftpserver.toml
