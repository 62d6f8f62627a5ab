# shellcheck shell=sh disable=SC2154 # part of scripts/test-systems.sh, which sets place and zig
# macOS and FreeBSD: links the library, and for FreeBSD the command, without the systems' own files,
# and checks what programs see of the library: names, exports, dependencies. zig has lists of the
# symbols of macOS's libSystem and of FreeBSD's base libraries, so every symbol that is taken from
# the system is looked up.

# stub FILE-NAME INSTALL-NAME SYMBOL...: writes the list of symbols of a library of macOS.
stub() {
    file=$place/macos/lib$1.tbd name=$2
    shift 2
    printf '%s\n' '--- !tapi-tbd' 'tbd-version: 4' 'targets: [ arm64-macos, x86_64-macos ]' "install-name: '/usr/lib/$name.dylib'" \
        'current-version: 1' 'exports:' '  - targets: [ arm64-macos, x86_64-macos ]' \
        "    symbols: [ $(echo "$*" | sed 's/ /, /g') ]" '...' >"$file"
}

# exports_of LIBRARY: checks that the library exports the functions of the list and nothing else.
exports_of() {
    grep -v '^#' c-tests/exports.txt | grep . | LC_ALL=C sort >"$place/wanted"
    llvm-nm --extern-only --defined-only --just-symbol-name "$@" | sed 's/^_//' | LC_ALL=C sort | diff "$place/wanted" -
}

# macos_linked TARGET OLDEST-MACOS: links the library.
macos_linked() {
    mkdir -p "$place/macos"
    # lld 14 does not know the newest processor names; arm64 takes the place of one of them.
    system=$(echo "$zig"/../lib/python*/site-packages/ziglang/lib/libc/darwin/libSystem.tbd)
    for name in System c m; do sed 's/arm64e\.x1-/arm64-/g' "$system" >"$place/macos/lib$name.tbd" || return 1; done
    stub iconv libiconv.2 _iconv _iconv_open _iconv_close
    stub charset libcharset.1 _locale_charset
    SDKROOT=$place/macos MACOSX_DEPLOYMENT_TARGET=$2 CARGO_PROFILE_DEV_STRIP=none CROSS_FLAGS="-Clinker=$PWD/scripts/systems/macos-linker.sh \
        -Clinker-flavor=ld64.lld -L$place/macos" \
        cross rustc --package tftpserver --lib --crate-type cdylib -Zbuild-std=std,panic_unwind --target "$1" || return 1
    library=$place/target/$1/debug/libtftpserver.dylib
    llvm-objdump --macho --dylib-id "$library" | grep -x '@rpath/libtftpserver.0.dylib' || return 1
    llvm-objdump --macho --private-headers "$library" | grep -w -e "minos $2" -e "version $2" || return 1
    exports_of "$library" || return 1
    # Only itself and libraries of every macOS.
    ! llvm-objdump --macho --dylibs-used "$library" | sed 1d |
        grep -v -e '@rpath/libtftpserver' -e '/usr/lib/lib\(System.B\|iconv.2\|charset.1\)\.dylib'
}

freebsd_linked() {
    mkdir -p "$place/freebsd"
    export ZIG_GLOBAL_CACHE_DIR="$place/zig/zig" ZIG_TARGET=x86_64-freebsd
    # Libraries that Rust's libc names and nothing here uses; zig does not have them.
    for name in kvm memstat procstat devstat; do
        echo | scripts/systems/zig-linker.sh -shared -nostdlib -o "$place/freebsd/lib$name.so" -x c - || return 1
    done
    CROSS_FLAGS="-Clinker=$PWD/scripts/systems/zig-linker.sh -L$place/freebsd -Clink-arg=-Wl,--as-needed -Clink-arg=-Wl,-z,defs" \
        cross build --package tftpserver --package tftpserver-cli -Zbuild-std=std,panic_unwind --target x86_64-unknown-freebsd || return 1
    library=$place/target/x86_64-unknown-freebsd/debug/libtftpserver.so
    readelf -d "$library" | grep -F 'soname: [libtftpserver.so.0]' || return 1
    exports_of --dynamic "$library" || return 1
    for file in "$library" "$place/target/x86_64-unknown-freebsd/debug/tftpserver"; do
        # A symbol without a version is in none of the system's libraries.
        ! readelf -W --dyn-syms "$file" | awk '$5 == "GLOBAL" && $7 == "UND" && $8 !~ /@/' | grep . || return 1
        # Only libraries of every FreeBSD.
        ! readelf -d "$file" | grep NEEDED | grep -v -e '\[lib\(c.so.7\|thr.so.3\|m.so.5\|gcc_s.so.1\)\]' || return 1
    done
}

# Checks what CMake would install, with a stand-in for a compiler for macOS.
macos_names() {
    build=$place/macos/cmake
    rm -rf "$build"
    mkdir -p "$place/macos"
    printf '%s\n' 'set(CMAKE_SYSTEM_NAME Darwin)' 'set(CMAKE_C_COMPILER cc)' 'set(CMAKE_C_COMPILER_WORKS ON)' \
        >"$place/macos/toolchain.cmake"
    cmake -S . -B "$build" -DCMAKE_TOOLCHAIN_FILE="$place/macos/toolchain.cmake" -DTFTPSERVER_BUILD_EXAMPLES=OFF \
        -DTFTPSERVER_BUILD_TESTS=OFF -DTFTPSERVER_MAN=OFF || return 1
    version=$(sed -n 's/^version = "\([0-9.]*\)"/\1/p' Cargo.toml | head -n 1)
    for text in "IMPORTED_LOCATION \"\${tftpserver_package_libdir}/libtftpserver.$version.dylib\"" \
        'IMPORTED_SONAME "@rpath/libtftpserver.0.dylib"'; do
        grep -F "$text" "$build/tftpserver-targets.cmake" || { echo "missing: $text" && return 1; }
    done
    for name in "libtftpserver.$version.dylib" libtftpserver.0.dylib libtftpserver.dylib; do
        grep -F "/lib/$name\"" "$build/cmake_install.cmake" || { echo "not installed: $name" && return 1; }
    done
    ! grep -rn 'libtftpserver\.so' "$build/tftpserver-targets.cmake" "$build/tftpserver.pc" "$build/cmake_install.cmake"
}
