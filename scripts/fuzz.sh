#!/bin/sh
# Coverage-guided fuzzing: every target of fuzz/, or those that are named, for TFTP_FUZZ_SECONDS
# each (default 3600), two at a time. Beside Rust it needs a C++ compiler, for libFuzzer; with a
# nightly Rust it runs under AddressSanitizer. The results stay in build/fuzz: corpora by target,
# logs, and failing inputs. Exits with 1 if an input failed.
set -u
cd "$(dirname "$0")/.." || exit 1
seconds=${TFTP_FUZZ_SECONDS:-3600}
[ $# -gt 0 ] || set -- packets negotiation transfer names calls supply

if ! command -v c++ >/dev/null 2>&1 && ! command -v clang++ >/dev/null 2>&1; then
    echo "NOT RUN: coverage-guided fuzzing, which needs a C++ compiler"
    echo "instead, the same bodies on random mutations of the corpus"
    TFTP_FUZZ_SECONDS=$seconds exec cargo test --release --test fuzz -- --nocapture
fi

# The flags that `cargo fuzz` passes; with them a stable Rust works too. --target keeps them away
# from build scripts.
host=$(rustc -vV | sed -n 's/^host: //p')
flags='-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-pc-table'
flags="$flags -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-trace-compares"
toolchain=''
if RUSTUP_AUTO_INSTALL=0 cargo +nightly --version >/dev/null 2>&1; then
    toolchain=+nightly flags="$flags -Zsanitizer=address"
else
    echo "without AddressSanitizer, which needs a nightly Rust"
fi
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}"
# shellcheck disable=SC2086 # no word where there is no toolchain to name
RUSTFLAGS="$flags" cargo $toolchain build --release --locked --manifest-path fuzz/Cargo.toml --target "$host" --bins || exit 1

# run TARGET: fuzzes one target and writes its log; new inputs are added to build/fuzz/TARGET.
run() {
    case $1 in
        packets | negotiation) words=-dict=fuzz/tftp.dict ;;
        names) words=-dict=fuzz/names.dict ;;
        *) words= ;;
    esac
    mkdir -p "build/fuzz/$1"
    # shellcheck disable=SC2086 # no word where there is no dictionary
    "$CARGO_TARGET_DIR/$host/release/$1" "build/fuzz/$1" "fuzz/corpus/$1" $words \
        -artifact_prefix="build/fuzz/failed-$1-" -max_total_time="$seconds" -timeout=120 -report_slow_units=120 \
        -entropic_scale_per_exec_time=1 -rss_limit_mb=4096 -print_final_stats=1 >"build/fuzz/$1.log" 2>&1
}

# report TARGET STATUS: prints the result of a target in one line.
report() {
    awk -v target="$1" '
        / cov: [0-9]/ { coverage = $0; sub(/.* cov: /, "", coverage); sub(/ .*/, "", coverage) }
        /^stat::number_of_executed_units:/ { inputs = $2 }
        /ERROR: |panicked at/ { if (!cause) cause = "; " $0 }
        /Test unit written to/ { kept = ", kept in " $NF }
        END { printf "figure: %s: %d inputs, %d edges%s%s\n", target, inputs, coverage, cause, kept }' "build/fuzz/$1.log"
    [ "$2" -eq 0 ] || failed="$failed $1"
}

failed=''
while [ $# -gt 0 ]; do
    first=$1 second=${2:-}
    run "$first" &
    one=$!
    if [ -n "$second" ]; then
        run "$second" &
        other=$!
        wait "$other"
        report "$second" $?
        shift
    fi
    wait "$one"
    report "$first" $?
    shift
done
[ -z "$failed" ] || { echo "failed:$failed; the logs are in build/fuzz" >&2; exit 1; }
