#!/bin/sh
# The long forms of the robustness tests, one step after the other: `scripts/soak.sh` runs them all and takes hours,
# `scripts/soak.sh NAME...` only these. A step's output is in build/logs/soak; of it are shown the lines with
# "figure: " or "NOT RUN: ", and the end where it fails. Ends with a summary, and with 1 where anything failed.
set -u
cd "$(dirname "$0")/.."
logs=build/logs/soak
mkdir -p "$logs"
passed=0 failed=0 wanted=" $* "

# step NAME COMMAND...
step() {
    name=$1 log=$logs/$1.log
    shift
    case "$wanted" in
        "  " | *" $name "*) ;;
        *) return ;;
    esac
    begin=$(date +%s)
    printf '%-12s ' "$name"
    if "$@" >"$log" 2>&1; then
        passed=$((passed + 1))
        printf 'ok      %5d s\n' $(($(date +%s) - begin))
        grep -oE '(figure|NOT RUN): .*' "$log" | sed 's/^/    /'
    else
        failed=$((failed + 1))
        printf 'FAILED  %5d s  see %s\n' $(($(date +%s) - begin)) "$log"
        tail -n 60 "$log"
    fi
}

# After the last step, whichever that is.
summary() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ] || exit 1
}
trap summary EXIT

# The protocol over a virtual network: crates/tftp-proto/tests/simulated.rs.
step simulation env TFTP_TRANSFERS="${TFTP_TRANSFERS:-1000000}" \
    cargo test --release --locked -p tftp-proto --test simulated -- --nocapture

# Ten thousand at once, floods, exhaustion, a hung disk, loss: tests/abuse, with the library as it is published.
abuse() {
    target=${CARGO_TARGET_DIR:-target}
    cargo build --release --locked --manifest-path benches/Cargo.toml --target-dir "$target/benches" \
        && ABUSE_LONG=1 python3 tests/abuse/run.py "$target/benches/release"
}
step abuse abuse
