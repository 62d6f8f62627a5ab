# shellcheck shell=sh disable=SC2154 # part of scripts/test-systems.sh, which sets place
# macOS: links the library without Apple's SDK, and checks what programs see of it: names, exports, dependencies. What
# the library takes from the system is not looked up, for the stubs name no symbols.

stub() {
    printf '%s\n' '--- !tapi-tbd' 'tbd-version: 4' 'targets: [ arm64-macos, x86_64-macos ]' \
        "install-name: '/usr/lib/$2.dylib'" 'current-version: 1' 'exports: []' '...' >"$place/macos/lib$1.tbd"
}

# macos_linked TARGET OLDEST-MACOS
macos_linked() {
    mkdir -p "$place/macos"
    for name in System c m; do stub "$name" libSystem.B; done
    stub iconv libiconv.2
    stub charset libcharset.1
    SDKROOT=$place/macos MACOSX_DEPLOYMENT_TARGET=$2 CARGO_PROFILE_DEV_STRIP=none CROSS_FLAGS="-Clinker=$PWD/scripts/systems/macos-linker.sh \
        -Clinker-flavor=ld64.lld -L$place/macos -Clink-arg=-undefined -Clink-arg=dynamic_lookup" \
        cross rustc --package tftpserver --lib --crate-type cdylib -Zbuild-std=std,panic_unwind --target "$1" || return 1
    library=$place/target/$1/debug/libtftpserver.dylib
    llvm-objdump --macho --dylib-id "$library" | grep -x '@rpath/libtftpserver.0.dylib' || return 1
    llvm-objdump --macho --private-headers "$library" | grep -w "minos $2" || return 1
    grep -v '^#' c-tests/exports.txt | grep . | LC_ALL=C sort >"$place/macos/wanted"
    llvm-nm --extern-only --defined-only --just-symbol-name "$library" | sed 's/^_//' | LC_ALL=C sort >"$place/macos/exported"
    diff "$place/macos/wanted" "$place/macos/exported" || return 1
    # Itself, and what every macOS has.
    ! llvm-objdump --macho --dylibs-used "$library" | sed 1d |
        grep -v -e '@rpath/libtftpserver' -e '/usr/lib/lib\(System.B\|iconv.2\|charset.1\)\.dylib'
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
