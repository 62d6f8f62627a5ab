#!/bin/sh
# Installs the library, moves the tree, and builds and runs a consumer of it in every supported way.
# usage: run.sh SOURCE BUILD CARGO_TARGET_DIR
set -eu

source=$1 build=$2 cargo_dir=$3
: "${CMAKE:=cmake}" "${CC:=cc}" "${PKG_CONFIG:=pkg-config}"
here=$source/c-tests/consumer
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
log=$work/log
passed=0

fail() {
    echo "FAILED: $*"
    tail -n 60 "$log"
    exit 1
}

quietly() {
    "$@" >"$log" 2>&1 || fail "$*"
}

# program, and whether it must (shared) or must not (static) need the shared library when it runs
run() {
    name=$1 program=$2 kind=$3
    shift 3
    quietly env "$@" "$program"
    if readelf -d "$program" | grep -q 'NEEDED.*libtftpserver\.so\.0'; then needs=shared; else needs=static; fi
    [ "$needs" = "$kind" ] || fail "$name is $needs, not $kind"
    passed=$((passed + 1))
    echo "ok: $name"
}

# An installed tree works after it was moved.
quietly "$CMAKE" --install "$build" --prefix "$work/first"
mv "$work/first" "$work/prefix"
prefix=$work/prefix
libdir=$(dirname "$(find "$prefix" -name libtftpserver.a)")
version=$(sed -n 's/^version = "\([0-9.]*\)"$/\1/p' "$source/Cargo.toml" | head -n 1)

for name in "libtftpserver.so.$version" libtftpserver.so.0 libtftpserver.so libtftpserver.a pkgconfig/tftpserver.pc \
    cmake/tftpserver/tftpserver-config.cmake cmake/tftpserver/tftpserver-config-version.cmake \
    cmake/tftpserver/tftpserver-targets.cmake; do
    [ -e "$libdir/$name" ] || fail "$name was not installed"
done
[ "$(readlink "$libdir/libtftpserver.so.0")" = "libtftpserver.so.$version" ] || fail "libtftpserver.so.0 leads astray"
[ "$(readlink "$libdir/libtftpserver.so")" = libtftpserver.so.0 ] || fail "libtftpserver.so leads astray"
cmp -s "$prefix/include/tftpserver.h" "$source/include/tftpserver.h" || fail "the header is another one"
# (With RUSTFLAGS set, they determine the paths that the compiler records.)
for name in "$source" "$build" "$cargo_dir" "$work/first" "${CARGO_HOME:-$HOME/.cargo}"; do
    [ -z "${RUSTFLAGS:-}" ] || break
    grep -rlF -e "$name" "$prefix" >"$log" && fail "what is installed names $name, the place where it was built"
done

# find_package
quietly "$CMAKE" -S "$here" -B "$work/found" -DCMAKE_C_COMPILER="$CC" -DCMAKE_PREFIX_PATH="$prefix"
quietly "$CMAKE" --build "$work/found"
run "find_package, shared" "$work/found/consumer_shared" shared
run "find_package, static" "$work/found/consumer_static" static
if "$CMAKE" -S "$here" -B "$work/wrong" -DCMAKE_PREFIX_PATH="$work/nowhere" >"$log" 2>&1; then
    fail "find_package found something where nothing is"
fi

# Versions and components: available ones are found, others are refused.
# asks 1|0 ARGUMENTS [PREFIX]
asks() {
    mkdir -p "$work/asks"
    cat >"$work/asks/CMakeLists.txt" <<EOF
cmake_minimum_required(VERSION 3.16)
project(asks LANGUAGES C)
find_package(tftpserver $2 CONFIG)
if(NOT "\${tftpserver_FOUND}" STREQUAL "$1")
    message(FATAL_ERROR "find_package(tftpserver $2) says \${tftpserver_FOUND}, not $1")
endif()
EOF
    quietly "$CMAKE" -S "$work/asks" -B "$work/asks/build" -DCMAKE_C_COMPILER="$CC" -DCMAKE_PREFIX_PATH="${3:-$prefix}"
    rm -rf "$work/asks"
    passed=$((passed + 1))
}
minor=${version#*.}
minor=${minor%%.*}
asks 1 ""
asks 1 "${version%.*}"
asks 1 "$version EXACT"
asks 0 "${version%%.*}.$((minor + 1))"
asks 0 "$((${version%%.*} + 1))"
asks 0 "$version.1"
# A later minor version serves programs that ask for this one; a later major version does not.
# later VERSION: the package as that version would install it
later() {
    rm -rf "$work/later"
    cp -R "$prefix" "$work/later"
    file=$work/later${libdir#"$prefix"}/cmake/tftpserver/tftpserver-config-version.cmake
    sed "s/$version/$1/g" "$file" >"$work/edited"
    mv "$work/edited" "$file"
    [ "$(grep -c "$1" "$file")" -gt 0 ] || fail "the version file does not name $version"
}
later "${version%%.*}.$((minor + 1)).0"
asks 1 "${version%.*}" "$work/later"
later "$((${version%%.*} + 1)).0.0"
asks 0 "${version%.*}" "$work/later"
asks 1 "${version%.*} COMPONENTS shared static"
asks 0 "${version%.*} COMPONENTS gold"
echo "ok: versions and components"

# pkg-config
PKG_CONFIG_PATH=$libdir/pkgconfig
export PKG_CONFIG_PATH
[ "$("$PKG_CONFIG" --modversion tftpserver)" = "$version" ] || fail "pkg-config names another version"
"$PKG_CONFIG" --exists "tftpserver >= $version" || fail "pkg-config finds no version as new as $version"
"$PKG_CONFIG" --exists "tftpserver > $version" && fail "pkg-config finds a version newer than $version"
# shellcheck disable=SC2046 # flags are words
quietly "$CC" "$here/main.c" -o "$work/pc_shared" $("$PKG_CONFIG" --cflags --libs tftpserver)
run "pkg-config --libs" "$work/pc_shared" shared LD_LIBRARY_PATH="$libdir"
# If only the archive is installed, --static lists all libraries that it needs.
mkdir "$work/archive"
cp -R "$prefix/." "$work/archive"
find "$work/archive" -name 'libtftpserver.so*' -exec rm {} +
PKG_CONFIG_PATH=$work/archive${libdir#"$prefix"}/pkgconfig
asks 1 "COMPONENTS static" "$work/archive"
asks 0 "COMPONENTS shared" "$work/archive"
# shellcheck disable=SC2046
quietly "$CC" "$here/main.c" -o "$work/pc_static" $("$PKG_CONFIG" --cflags --libs --static tftpserver)
run "pkg-config --libs --static" "$work/pc_static" static
# A program without any shared library. (The linker warns that getaddrinfo still wants glibc's at
# run time.)
if printf 'int main(void) { return 0; }' | "$CC" -static -x c - -o "$work/static_libc" >"$log" 2>&1; then
    # shellcheck disable=SC2046
    quietly "$CC" -static "$here/main.c" -o "$work/pc_fully" $("$PKG_CONFIG" --cflags --libs --static tftpserver)
    run "pkg-config --libs --static with -static" "$work/pc_fully" static
    if readelf -d "$work/pc_fully" | grep -q NEEDED; then fail "the program with -static needs a shared library"; fi
else
    echo "NOT RUN: -static, for there is no static C library"
fi

# add_subdirectory; Cargo's output is shared with the build that is tested, so nothing is compiled
# twice
quietly "$CMAKE" -S "$here" -B "$work/sub" -DCMAKE_C_COMPILER="$CC" -DCMAKE_BUILD_TYPE=Release \
    -DTFTPSERVER_SOURCE="$source" -DTFTPSERVER_CARGO_TARGET_DIR="$cargo_dir"
quietly "$CMAKE" --build "$work/sub"
run "add_subdirectory, shared" "$work/sub/consumer_shared" shared
run "add_subdirectory, static" "$work/sub/consumer_static" static

echo "$passed ways tried"
