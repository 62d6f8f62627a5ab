#!/bin/sh
# Checks what compilers do not: spelling, the form of C, C++, Python and shell, workflows, licences
# of dependencies, and the prose of comments. Checkers that are not installed are named and skipped;
# `make setup` installs all but cargo-deny.
set -u
cd "$(dirname "$0")/.." || exit 1
PATH=$PWD/build/python/bin:$PATH
failed=0

# check PROGRAM COMMAND...
check() {
    program=$1
    shift
    if ! command -v "$program" >/dev/null 2>&1; then
        echo "NOT RUN: $program, which is not installed"
        return
    fi
    "$@" && return
    echo "FAILED: $program"
    failed=1
}

clang_format() {
    # Without generated files, and without those that keep another program's layout.
    git ls-files '*.c' '*.h' '*.cpp' '*.hpp' | grep -v -e '^include/' -e '^bindings/cpp/compat/' -e '^bindings/php/' \
        | xargs clang-format --dry-run --Werror
}

check typos typos
check ruff ruff check --quiet
check clang-format clang_format
check shellcheck shellcheck --severity=warning scripts/*.sh
check check-jsonschema check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
check check-jsonschema check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
check check-jsonschema check-jsonschema --quiet --builtin-schema vendor.github-issue-forms \
    .github/ISSUE_TEMPLATE/fault.yml .github/ISSUE_TEMPLATE/wish.yml
# Advisories are fetched from the network, which tests do without.
check cargo-deny cargo deny --all-features check bans licenses sources
check python3 python3 scripts/prose.py
exit $failed
