#!/bin/sh
# Runs every test, one step after the other. A step's output is in build/logs and is shown only if
# it fails. Ends with a summary, and with 1 if anything failed.
set -u
cd "$(dirname "$0")/.." || exit 1
: "${CMAKE:=cmake}" "${CTEST:=ctest}"
jobs=$(nproc 2>/dev/null || echo 2)
logs=build/logs
mkdir -p "$logs"
passed=0 failed=0
echo "every test: about twenty minutes with two processors; each step shows its time, its output is in $logs"

# step NAME COMMAND...
step() {
    name=$1 log=$logs/$1.log
    shift
    begin=$(date +%s)
    printf '%-12s ' "$name"
    if "$@" >"$log" 2>&1; then
        passed=$((passed + 1))
        printf 'ok      %4d s  %s\n' $(($(date +%s) - begin)) "$(tell "$log")"
    else
        failed=$((failed + 1))
        printf 'FAILED  %4d s  see %s\n' $(($(date +%s) - begin)) "$log"
        grep -E '^(FAILED|error|test .* FAILED|---- )|: failed: |\*\*\*(Failed|Timeout|Exception)' "$log" | head -n 40
        echo '[...]'
        tail -n 60 "$log"
    fi
}

# Prints the numbers of tests in a log, in a few words.
tell() {
    awk '/^test result: /  { rust += $4 }
         /^Ran [0-9]+ tests/ { python += $2 }
         /^OK \([0-9]+ tests?, / { php += substr($2, 2) }
         /^Tests: [0-9]+, / { php += $2; if (/Skipped: /) { sub(/.*Skipped: /, ""); left = left "; skipped: " $0 + 0 } }
         /tests? passed,|tests failed out of/ { ctest = $0 }
         /^== Python /     { pythons = pythons (pythons ? ", " : "") $3 }
         /^(OK|FAILED) \(.*skipped=/ { sub(/.*skipped=/, ""); skipped += $0 }
         /NOT RUN: .*which only Linux has/ { linux++; next }
         /NOT RUN: /       { sub(/.*NOT RUN: /, ""); left = left "; not run: " $0 }
         END { tests = rust + python + php; if (tests) printf "%d tests", tests
               if (linux) left = left "; left out: " linux " things that only Linux has"
               if (pythons) printf " with Python %s", pythons; if (skipped) printf ", %d skipped", skipped
               if (ctest) printf "%s", ctest; printf "%s\n", left }' "$1"
}

# In a subshell, because it changes into the build directory (ctest --test-dir is newer than CMake
# 3.16). Half of the tests wait for something at any time, so twice as many run as there are
# processors.
c_tests() (
    dir=build/$1
    shift
    "$CMAKE" -S . -B "$dir" "$@" && "$CMAKE" --build "$dir" --parallel "$jobs" \
        && cd "$dir" && "$CTEST" --output-on-failure --parallel $((2 * jobs)) --no-tests=error
)

# Settings, forgery, admission, fleet and files, with the library of the Rust tests, which checks
# for overflow. All run in one go, because most of these tests wait for something at any time.
suites() { cargo build --workspace && python3 suites/lib/run.py "${CARGO_TARGET_DIR:-target}/debug/libtftpserver.so"; }

# Server, load and flood as processes, in networks of the tests' own.
abuse() {
    cargo build --locked --manifest-path benches/Cargo.toml --target-dir "${CARGO_TARGET_DIR:-target}/benches" \
        && python3 suites/abuse/run.py "${CARGO_TARGET_DIR:-target}/benches/debug"
}

# The benchmarks are only checked here, not run. They are a separate package, which needs no more
# than clippy.
bench() {
    export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}"
    cargo fmt --check --manifest-path benches/Cargo.toml \
        && cargo clippy --locked --all-targets --manifest-path benches/Cargo.toml -- -D warnings \
        && cargo fmt --check --manifest-path benches/peers/async-tftp/Cargo.toml \
        && python3 -m py_compile benches/*.py \
        && (cd benches && python3 -m unittest --quiet test_tables)
}

# The fuzz targets are only checked here; the step rust runs their bodies for a few seconds each.
fuzz() {
    command -v c++ >/dev/null 2>&1 || { echo "NOT RUN: clippy over fuzz/, which needs a C++ compiler"; return 0; }
    export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}"
    cargo fmt --check --manifest-path fuzz/Cargo.toml \
        && cargo clippy --locked --all-targets --manifest-path fuzz/Cargo.toml -- -D warnings
}

# After c, which builds the library.
php_tests() (
    for library in "$PWD"/build/release/lib/libtftpserver.so.? "$PWD"/build/release/lib/libtftpserver.?.dylib; do
        [ ! -e "$library" ] || export TFTPSERVER_LIBRARY="$library"
    done
    cd bindings/php && phpunit --verbose
)

docs() {
    RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --document-private-items \
        && python3 suites/documents/links.py . && scripts/site.sh --check
}

# Threads under a scheduler that decides at every lock which one continues: crates/tftp-sync. In a
# separate directory, because everything is compiled again with the flag.
models() {
    RUSTFLAGS='--cfg shuttle' CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/models" \
        cargo test --package tftpserver --package tftp-serve --package tftp-files --lib models -- --nocapture
}

# Makes and tests what is published, from the build of the step c: manual pages, tutorial, archive
# and packages.
packages() {
    library=$(find build/release/lib -name 'libtftpserver.so.*.*.*')
    python3 suites/documents/man.py . && python3 suites/documents/release.py . \
        && python3 suites/documents/command.py . "${CARGO_TARGET_DIR:-target}/debug/tftpserver" \
        && python3 suites/documents/porting.py . "$library" \
        && python3 suites/documents/tutorial.py . include "$library" && python3 suites/packages/dist.py
}

step format cargo fmt --all --check
step style scripts/style.sh
step clippy cargo clippy --workspace --all-targets -- -D warnings
step bench bench
step fuzz fuzz
# In one go with the command: a dependency's features depend on the packages that are built
# together, and other features would mean compiling it again.
step rust cargo test --workspace --no-fail-fast
step models models
step suites suites
step abuse abuse
step docs docs
step c c_tests release -DCMAKE_BUILD_TYPE=Release -DTFTPSERVER_BUILD_TESTS=ON -DTFTPSERVER_BUILD_EXAMPLES=ON
# After c, whose programs it runs.
step portable scripts/portable.sh
step instructions python3 suites/instructions/run.py build/release/lib/libtftpserver.so.0
if command -v php >/dev/null 2>&1 && command -v phpunit >/dev/null 2>&1; then
    step php php_tests
else
    echo "not run: what needs PHP and PHPUnit, which are not installed"
fi
step python scripts/python.sh build/release/lib/libtftpserver.so.0
step packages packages
step crates scripts/crates.sh
step abi scripts/abi.sh --header
# After rust, which builds the command.
step firmware python3 suites/firmware/boot.py "${CARGO_TARGET_DIR:-target}/debug/tftpserver" --listen '{address}:69' '{dir}'
step asan c_tests asan -DCMAKE_BUILD_TYPE=Debug -DTFTPSERVER_SANITIZER=address

for tool in valgrind clang pkg-config; do
    command -v "$tool" >/dev/null 2>&1 || echo "not run: what needs $tool, which is not installed"
done
RUSTUP_AUTO_INSTALL=0 cargo +nightly --version >/dev/null 2>&1 || echo "not run: the library itself under AddressSanitizer, which needs a nightly Rust"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
