#!/bin/sh
# The long forms of the robustness tests, one step after the other: `scripts/soak.sh` runs them all
# and takes hours, `scripts/soak.sh NAME...` only these. A step's output is in build/logs/soak;
# shown of it are the lines with "figure: " or "NOT RUN: ", and its end if the step fails. Ends with
# a summary, and with 1 if anything failed.
set -u
cd "$(dirname "$0")/.." || exit 1
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

# Called after the last step, whichever that is.
summary() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ] || exit 1
}
trap summary EXIT

# The protocol over a virtual network: crates/tftp-proto/tests/simulated/main.rs. Optimised, but
# without LTO, which would take longer than it saves.
step simulation env TFTP_TRANSFERS="${TFTP_TRANSFERS:-1000000}" CARGO_PROFILE_RELEASE_LTO=off \
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS=8 cargo test --release --locked -p tftp-proto --test simulated -- --nocapture

# Whole servers in virtual time, TFTP_WORLD_SECONDS for each kind of world:
# crates/tftp-sim/tests/world.
step world env TFTP_WORLD_SECONDS="${TFTP_WORLD_SECONDS:-600}" CARGO_PROFILE_RELEASE_LTO=off \
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS=8 cargo test --release --locked -p tftp-sim --test world -- --nocapture --test-threads 1

# The same with one rule removed from the protocol or the machine at a time: the judge that each
# patch names must fail.
step mutations python3 crates/tftp-sim/tests/world/mutations/run.py

# Every loss, repetition and reordering of short transfers: crates/tftp-proto/tests/exhaustive.
step exhaustive env TFTP_DEPTH="${TFTP_DEPTH:-14}" CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=8 \
    cargo test --release --locked -p tftp-proto --test exhaustive -- --nocapture --test-threads 1

# The tests of the protocol and of the server machine themselves: a random part of all small changes
# to the code, for TFTP_MUTANT_SECONDS. `make mutants` tries all of them.
step mutants env TFTP_MUTANT_SECONDS="${TFTP_MUTANT_SECONDS:-3600}" scripts/mutants.sh

# Every crate compiled from its package, and the Rust interface beside that of the commit before.
step crates scripts/crates.sh --long

# Threads and memory: crates/tftp-sync and c-tests/test_cycles.c, test_process.c, test_churn.c.
models() {
    RUSTFLAGS='--cfg shuttle' CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/models" \
        TFTP_MODEL_ROUNDS="${TFTP_MODEL_ROUNDS:-200000}" \
        cargo test --locked --package tftpserver --package tftp-serve --package tftp-files --lib models -- --nocapture
}

# Runs one C program, built against the library as it is shipped, without ctest, whose time limit
# would end it.
c_program() {
    cmake -S . -B build/release -DCMAKE_BUILD_TYPE=Release -DTFTPSERVER_BUILD_TESTS=ON \
        && cmake --build build/release && "build/release/c-tests/test_$1"
}

# Library and C programs under ThreadSanitizer; in a subshell, because it changes into the build
# directory.
tsan() (
    if ! RUSTUP_AUTO_INSTALL=0 cargo +nightly --version >/dev/null 2>&1; then
        echo "NOT RUN: ThreadSanitizer, which needs a nightly Rust"
        return
    fi
    cmake -S . -B build/tsan -DCMAKE_BUILD_TYPE=Debug -DTFTPSERVER_BUILD_TESTS=ON -DTFTPSERVER_BUILD_EXAMPLES=OFF -DTFTPSERVER_SANITIZER=thread \
        && cmake --build build/tsan && cd build/tsan && ctest --output-on-failure -L c --no-tests=error \
        && echo "figure: no data race in $(ctest -N -L c | sed -n 's/^Total Tests: //p') C programs"
)

step models models
step tsan tsan
export TFTP_CYCLES="${TFTP_CYCLES:-10000}" TFTP_FORKS="${TFTP_FORKS:-2000}" TFTP_CHURN_SECONDS="${TFTP_CHURN_SECONDS:-3600}"
step cycles c_program cycles
step process c_program process
step churn c_program churn

# The code for other systems than Linux, with every suite.
portable() { c_program errors && scripts/portable.sh --long; }
step portable portable

# Coverage-guided fuzzing, TFTP_FUZZ_SECONDS for each target: fuzz/ and tests/fuzz/bodies.
step fuzz scripts/fuzz.sh

# Directories swapped for links to the outside while clients ask, servers killed while clients
# upload, system calls that fail one at a time: suites/files.
files() (
    export TFTP_FAULTS="${TFTP_FAULTS:-40}" TFTP_FAULT_SECONDS="${TFTP_FAULT_SECONDS:-6000}"
    export TFTP_SWAPS="${TFTP_SWAPS:-100000}" TFTP_KILLS="${TFTP_KILLS:-1000}" TFTP_ROUNDS="${TFTP_ROUNDS:-2000}"
    export TFTP_TEST_SECONDS=7200
    cargo build && python3 suites/lib/run.py "${CARGO_TARGET_DIR:-target}/debug/libtftpserver.so" files
)
step files files

# Ten thousand at once, floods, exhaustion, a hung disk, loss: suites/abuse, with the library as it
# is published.
abuse() {
    target=${CARGO_TARGET_DIR:-target}
    cargo build --release --locked --manifest-path benches/Cargo.toml --target-dir "$target/benches" \
        && ABUSE_LONG=1 python3 suites/abuse/run.py "$target/benches/release"
}
step abuse abuse
