# The steps of scripts/test-systems.sh that are about Windows, run under wine; read by that script,
# whose variables and functions they use.

# Makes what wine needs, and starts its server and services for all steps. They end with the script,
# or ten minutes after the last program.
has_wine=false
prepare_wine() {
    ! $has_wine || return 0
    make_prefix && wineserver -p600 || return 1
    # The services keep the output of the program that starts them open.
    timeout 300 wine cmd /c exit </dev/null >/dev/null 2>&1 || return 1
    has_wine=true
}

# Ends the wine processes that a test has left.
end_wine() {
    wineserver -k
    has_wine=false
}

make_prefix() {
    random=$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll
    [ ! -e "$random" ] || return 0
    boot_wine || { wineserver -k; boot_wine; } || return 1
    # Services may take long to start. wine reads this when it starts itself, and only as a string.
    timeout 300 wine reg add 'HKLM\System\CurrentControlSet\Control' /v ServicesPipeTimeout /t REG_SZ /d 120000 /f || return 1
    wineserver -k
    # wine 8 lacks a library that Rust programs need for random numbers; this one takes them from
    # the system.
    x86_64-w64-mingw32-gcc-posix -O2 -shared -o "$random" c-tests/windows/process_prng.c -ladvapi32
}
# Without the parts of wine that would look for others to install.
boot_wine() { WINEDLLOVERRIDES='mscoree=;mshtml=;winemenubuilder.exe=' timeout 300 wineboot -i; }

# limited SECONDS COMMAND...: after that time ends the command and all wine processes. Runs it again
# if wine's server did not let it begin, as happens to one in some thousand.
limited() {
    for attempt in 1 2; do
        timeout "$@" 2>"$place/errors"
        code=$?
        cat "$place/errors" >&2
        { [ "$attempt $code" = "1 1" ] && grep -q '^wine client error:' "$place/errors"; } || break
    done
    [ $code -ne 124 ] || { end_wine; prepare_wine; }
    return $code
}

dll=$place/target/x86_64-pc-windows-gnu/debug
windows() {
    cross build --package tftpserver --package tftpserver-cli -Zbuild-std=std,panic_unwind --target x86_64-pc-windows-gnu && prepare_wine \
        && cross test --package tftp-udp --lib -Zbuild-std=std,panic_unwind --target x86_64-pc-windows-gnu
}

# The programs of c-tests unchanged, with POSIX calls mapped to Winsock. Left out are those that
# test features which Windows or wine lacks: links, descriptors, processes of their own, the event
# descriptor.
nouns="wire transfers events errors conn_arrays config log progress windows/event_handle windows/local_names"
c_tests() {
    programs=$place/c-tests
    mkdir -p "$programs"
    prepare_wine || return 1
    cp "$dll/tftpserver.dll" "$programs/" || return 1
    bad=0
    for source in $nouns; do
        noun=$(basename "$source")
        x86_64-w64-mingw32-gcc-posix -std=gnu99 -Wall -Wextra -Werror -g -include c-tests/windows/posix.h -Ic-tests/windows -Ic-tests -Iinclude \
            -static -o "$programs/test_$noun.exe" "c-tests/$(dirname "$source")/test_$noun.c" c-tests/client.c c-tests/fixture.c \
            -L"$dll" -l:libtftpserver.dll.a -lws2_32 || { bad=1; continue; }
        echo "== $noun"
        # Packets cost so much more under wine that the tests' own time limits are too short on a
        # busy machine.
        (cd "$programs" && limited 1200 env CHECK_SLOWNESS=4 wine "./test_$noun.exe") || bad=1
    done
    return $bad
}

# Programs written for IPWorks: wide text, a sink that is __stdcall, and the samples as they are.
ported() {
    programs=$place/ported
    mkdir -p "$programs"
    cp "$dll/tftpserver.dll" "$programs/" || return 1
    samples=bindings/cpp/compat/cpp
    x86_64-w64-mingw32-gcc-posix -Wall -Wextra -Werror -Iinclude -o "$programs/c_layer.exe" c-tests/windows/c_layer.c \
        -L"$dll" -l:libtftpserver.dll.a || return 1
    for source in c-tests/windows/ipworks.cpp $samples/tftpserver/tftpserver.cpp $samples/clayer/clayer.cpp \
        $samples/recorder/recorder.cpp; do
        x86_64-w64-mingw32-g++-posix -std=c++11 -Wall -Wextra -Werror -static -Iinclude \
            -o "$programs/$(basename "$source" .cpp).exe" "$source" -L"$dll" -l:libtftpserver.dll.a -lws2_32 || return 1
    done
    prepare_wine || return 1
    (cd "$programs" && limited 300 wine ./ipworks.exe && limited 300 wine ./c_layer.exe) \
        && python3 suites/systems/windows.py "$dll/tftpserver.exe" "$programs/tftpserver.exe" -k Sample
}

# The command: downloads, uploads, the names that it refuses, and how it ends.
command_suite() {
    for helper in interrupt hold; do
        x86_64-w64-mingw32-gcc-posix -Wall -Wextra -Werror -static -o "$place/$helper.exe" "c-tests/windows/$helper.c" || return 1
    done
    prepare_wine || return 1
    reference=${CARGO_TARGET_DIR:-target}/debug/tftpserver
    [ ! -x "$reference" ] || export TFTPSERVER_REFERENCE="$reference"
    INTERRUPT="$place/interrupt.exe" HOLD="$place/hold.exe" timeout 1800 python3 suites/systems/windows.py "$dll/tftpserver.exe" && return
    end_wine
    return 1
}

# Prepares a Python for Windows, of the version of python3. No package of Debian has one. The wheel
# of panda3d brings the interpreter's DLL and extension modules, for the programs that it packs; the
# rest of the standard library is the same on every system.
prepare_python() {
    [ ! -e "$python/python.exe" ] || return 0
    rm -rf "$python" && mkdir -p "$python"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --platform win_amd64 \
        --python-version "$1" --dest "$python/wheel" panda3d==1.10.16 || return 1
    # Without the C runtime: wine has its own.
    python3 - "$python" <<'END' || return 1
import glob, os, sys, zipfile
with zipfile.ZipFile(glob.glob(sys.argv[1] + "/wheel/*.whl")[0]) as wheel:
    for entry in wheel.namelist():
        folder, name = os.path.split(entry)
        if folder == "deploy_libs" and not name.startswith("api-ms-win-"):
            with open(os.path.join(sys.argv[1], name), "wb") as file:
                file.write(wheel.read(entry))
END
    rm -rf "$python/wheel"
    x86_64-w64-mingw32-gcc-posix -municode -Wall -Wextra -Werror -DDLL="L\"python$(echo "$1" | tr -d .).dll\"" \
        -o "$python/python.exe" c-tests/windows/python.c
}

# The Python package with the DLL: on Windows it waits for a HANDLE, and asyncio has another event
# loop.
python_tests() {
    python=$place/python
    if ! prepare_python "$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')"; then
        echo "NOT RUN: no Python for Windows"
        [ -z "${TFTP_SYSTEMS_REQUIRED:-}" ]
        return
    fi
    prepare_wine || return 1
    library=$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
    drive() { echo "Z:$1" | tr / '\\'; }
    TFTPSERVER_LIBRARY=$(drive "$dll/tftpserver.dll") WINDOWS_HOME=$(drive "${library%/lib/*}")
    WINDOWS_PATH="$(drive "$library");$(drive "$python");$(drive "$PWD/bindings/python")"
    export TFTPSERVER_LIBRARY WINDOWS_HOME WINDOWS_PATH PYTHONDONTWRITEBYTECODE=1
    # Its standard streams must be pipes: under wine it cannot use others.
    (cd bindings/python && : | PYTHONHOME=$WINDOWS_HOME PYTHONPATH=$WINDOWS_PATH timeout 1200 wine "$python/python.exe" -S -W ignore \
        -m unittest -v tests.test_waiting tests.test_async tests.test_server 2>&1 | timeout 1260 tee "$python/output")
    grep -q '^OK' "$python/output" && python3 suites/systems/ctrl_c.py "$python/python.exe" && return
    end_wine
    return 1
}

# exported DLL: checks that its exports are those of the list, undecorated.
exported() {
    x86_64-w64-mingw32-objdump -p "$1" | sed -n 's/^.*\[ *[0-9]*\].* \(tftpserver_[a-z_]*\)$/\1/p' | sort >"$place/exports"
    grep -v '^#' c-tests/exports.txt | sort | diff - "$place/exports"
}

exports() { exported "$dll/tftpserver.dll"; }

# For 32 bits: makes the DLL and its archive, and links programs against both import libraries.
# There is no wine to run them.
win32() {
    rust=$place/rust/usr/lib/rustlib
    mkdir -p "$rust/i686-pc-windows-gnu/lib"
    # Debian's sources have the start and end objects of a MinGW program; build-std does not make
    # them.
    for end in rsbegin rsend; do
        LD_LIBRARY_PATH=$place/rust/usr/lib/x86_64-linux-gnu RUSTC_BOOTSTRAP=1 "$place/rust/usr/bin/rustc" --edition 2015 --emit=obj \
            --crate-type lib --target i686-pc-windows-gnu -o "$rust/i686-pc-windows-gnu/lib/$end.o" \
            "$rust/src/rust/library/rtstartup/$end.rs" || return 1
    done
    cross rustc --package tftpserver --lib --crate-type cdylib -Zbuild-std=std,panic_unwind --target i686-pc-windows-gnu || return 1
    made=$place/target/i686-pc-windows-gnu/debug
    rm -rf "$place/win32"
    exported "$made/tftpserver.dll" && python3 scripts/dist_windows.py "$made" "$place/win32" --target i686-pc-windows-gnu \
        && python3 -m zipfile -e "$place"/win32/*.zip "$place/win32" && prefix=$(echo "$place"/win32/*/) || return 1
    for source in c-tests/windows/consumer/main.c c-tests/windows/c_layer.c; do
        for library in libtftpserver.dll.a tftpserver.lib; do
            i686-w64-mingw32-gcc-posix -Wall -Wextra -Werror -I"$prefix/include" -o "$place/win32/program.exe" "$source" \
                "$prefix/lib/$library" -lws2_32 || return 1
        done
    done
}

# Makes the archive for Windows, once for all steps.
has_zip=false
make_zip() {
    ! $has_zip || return 0
    rm -rf "$place/zip"
    python3 scripts/dist_windows.py "$dll" "$place/zip" && has_zip=true
}

# CMake finds the unpacked archive for Windows, and a program that is linked with either import
# library runs.
archive() {
    rm -rf "$place/archive"
    make_zip || return 1
    unpacked=$place/archive/unpacked
    python3 -m zipfile -e "$place"/zip/*.zip "$unpacked" && prefix=$(echo "$unpacked"/*) || return 1
    # The DLL must not need MinGW's own libraries, which users do not have.
    x86_64-w64-mingw32-objdump -p "$prefix/bin/tftpserver.dll" | grep 'DLL Name: lib' && return 1
    cmake -S c-tests/windows/consumer -B "$place/archive/consumer" -DCMAKE_TOOLCHAIN_FILE="$PWD/c-tests/windows/mingw.cmake" \
        -DCMAKE_FIND_ROOT_PATH="$prefix" && cmake --build "$place/archive/consumer" || return 1
    x86_64-w64-mingw32-gcc-posix -static -I"$prefix/include" -o "$place/archive/consumer/msvc.exe" c-tests/windows/consumer/main.c \
        "$prefix/lib/tftpserver.lib" -lws2_32 || return 1
    cp "$prefix/bin/tftpserver.dll" "$place/archive/consumer/"
    prepare_wine || return 1
    (cd "$place/archive/consumer" && limited 300 wine ./consumer.exe && limited 300 wine ./msvc.exe)
}

# like_microsoft STANDARD SOURCE...: checks C++ with Microsoft's language extensions and MinGW's
# library.
like_microsoft() {
    standard=$1
    shift
    clang++ --target=x86_64-w64-mingw32 "-std=c++$standard" -fms-extensions -fdelayed-template-parsing -nostdinc++ \
        -isystem "$library" -isystem "$library/x86_64-w64-mingw32" -isystem "$library/backward" \
        -Wall -Wextra -Werror -fsyntax-only -I"$prefix/include" "$@"
}

# Imitates Microsoft's compiler with clang and lld: C headers for its targets, an object that is
# linked with tftpserver.lib, the C++ headers and the programs written for IPWorks with its language
# extensions, and the CMake package.
msvc() {
    place_here=$place/msvc
    rm -rf "$place_here"
    mkdir -p "$place_here/crt/sys"
    for header in errno stdio stdlib string sys/stat; do
        echo '#include "crt.h"' >"$place_here/crt/$header.h"
    done
    make_zip && python3 -m zipfile -e "$place"/zip/*.zip "$place_here" || return 1
    prefix=$(echo "$place_here"/tftpserver-*/)
    llvm-dlltool -m i386 -d "$prefix/lib/tftpserver.def" -l "$place_here/tftpserver-i686.lib" || return 1
    for target in x86_64 i686; do
        for source in msvc msvc_start; do
            clang --target=$target-pc-windows-msvc -std=c11 -ffreestanding -Wall -Wextra -Werror -I"$place_here/crt" -Ic-tests/windows \
                -I"$prefix/include" -c -o "$place_here/$source-$target.obj" c-tests/windows/$source.c || return 1
        done
        library=$prefix/lib/tftpserver.lib
        [ $target = x86_64 ] || library=$place_here/tftpserver-i686.lib
        lld-link /subsystem:console /entry:start /safeseh:no "/out:$place_here/msvc-$target.exe" "$place_here"/msvc*-$target.obj "$library" \
            /usr/$target-w64-mingw32/lib/libmsvcrt.a /usr/$target-w64-mingw32/lib/libkernel32.a || return 1
    done
    library=$(x86_64-w64-mingw32-g++-posix -print-file-name=include/c++)
    for header in tftpserver.hpp ipworks/ipworks.h; do
        for standard in 14 17 20; do
            case $header.$standard in tftpserver.hpp.14) continue ;; esac
            echo "#include <$header>" | like_microsoft "$standard" -x c++ - || return 1
        done
    done
    for source in c-tests/windows/ipworks.cpp bindings/cpp/compat/cpp/*/*.cpp; do
        for standard in 14 20; do
            like_microsoft $standard "$source" || return 1
        done
    done
    cmake -S c-tests/windows/msvc_package -B "$place_here/package" -DCMAKE_PREFIX_PATH="$prefix" || return 1
    prepare_wine || return 1
    cp "$prefix/bin/tftpserver.dll" "$place_here/"
    (cd "$place_here" && limited 300 wine ./msvc-x86_64.exe)
}
