#!/bin/sh
# Mutation testing: changes one expression of crates/tftp-proto or crates/tftp-machine at a time and runs that crate's
# tests. A change that no test notices has to be in the crate's mutants.md, which says why it makes no difference; ends
# with 1 where one is not, and names it. Takes hours, or TFTP_MUTANT_SECONDS where that is set: then a random part is
# tried. Arguments go to `cargo mutants`, as in `scripts/mutants.sh -f negotiate.rs`. Results are in build/mutants.
set -u
cd "$(dirname "$0")/.."

if ! cargo mutants --version >/dev/null 2>&1; then
    echo "NOT RUN: mutation testing, which needs cargo-mutants: cargo install cargo-mutants --locked"
    exit 0
fi

# Simulated transfers and the depth of the exhaustive test: as many as find a fault, not as many as prove that there is none.
export TFTP_TRANSFERS="${TFTP_TRANSFERS:-500}" TFTP_DEPTH="${TFTP_DEPTH:-6}"

out=build/mutants/mutants.out
mkdir -p build/mutants
rm -rf "$out"
set -- cargo mutants --package tftp-proto --package tftp-machine --shuffle --no-times --colors never --output build/mutants "$@"
if [ -n "${TFTP_MUTANT_SECONDS:-}" ]; then
    timeout --signal INT "$TFTP_MUTANT_SECONDS" "$@"
else
    "$@"
fi
status=$?

# 2: some were missed, 3: some took too long, 124: the time is over. Others: nothing was tried.
case $status in
    0 | 2 | 3 | 124 | 130) ;;
    *) exit 1 ;;
esac

# lines FILE: how many it has.
lines() {
    if [ -e "$1" ]; then wc -l <"$1"; else echo 0; fi
}

[ -e "$out/missed.txt" ] || {
    echo "NOT RUN: mutation testing: the time was over before the first change was tried"
    exit 0
}
unexplained=$(sed 's/:[0-9]*:[0-9]*: /: /' "$out/missed.txt" | sort -u | while read -r mutant; do
    grep -qF "\`$mutant\`" crates/tftp-proto/mutants.md crates/tftp-machine/mutants.md || echo "$mutant"
done)
echo "figure: $(($(lines "$out/caught.txt") + $(lines "$out/timeout.txt"))) changes caught, $(lines "$out/missed.txt") missed"
[ -z "$unexplained" ] || {
    echo "neither caught by a test nor explained in mutants.md:"
    echo "$unexplained"
    exit 1
}
