# Runs Cargo and presents what it made as the targets tftpserver::shared and tftpserver::static.

find_program(TFTPSERVER_CARGO cargo HINTS ENV CARGO_HOME "$ENV{HOME}/.cargo" PATH_SUFFIXES bin
             DOC "The Rust build tool")
if(NOT TFTPSERVER_CARGO)
    message(FATAL_ERROR "cargo was not found: install Rust (https://rustup.rs) or set TFTPSERVER_CARGO")
endif()
if(WIN32)
    message(FATAL_ERROR "this build knows ELF systems and macOS; on Windows call cargo directly")
endif()

# Debug is Cargo's dev profile; everything else is a release.
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
    set(tftpserver_profile dev)
    set(tftpserver_profile_dir debug)
else()
    set(tftpserver_profile release)
    set(tftpserver_profile_dir release)
endif()

set(tftpserver_cargo "${TFTPSERVER_CARGO}")
set(tftpserver_rust_env "CARGO_TARGET_DIR=${TFTPSERVER_CARGO_TARGET_DIR}")
set(tftpserver_rust_target "")
set(tftpserver_rust_sanitized OFF)
if(TFTPSERVER_SANITIZER STREQUAL "address" OR TFTPSERVER_SANITIZER STREQUAL "thread")
    # Only what is installed already: nothing is fetched for it.
    execute_process(COMMAND "${CMAKE_COMMAND}" -E env RUSTUP_AUTO_INSTALL=0 "${TFTPSERVER_CARGO}" +nightly -vV
                    OUTPUT_VARIABLE tftpserver_nightly ERROR_QUIET)
    string(REGEX MATCH "host: ([^\n]+)" tftpserver_host "${tftpserver_nightly}")
    if(tftpserver_host)
        # --target keeps build scripts and procedural macros free of the instrumentation.
        set(tftpserver_rust_target "${CMAKE_MATCH_1}")
        set(tftpserver_cargo "${TFTPSERVER_CARGO}" +nightly)
        set(tftpserver_rust_flags "-Zsanitizer=${TFTPSERVER_SANITIZER} -Cforce-frame-pointers=yes")
        if(TFTPSERVER_SANITIZER STREQUAL "thread")
            # Rust's own library is there without the instrumentation only: crates/tftp-sync says
            # what follows for locks, and c-tests/tsan.supp what else does.
            string(APPEND tftpserver_rust_flags " -Cunsafe-allow-abi-mismatch=sanitizer --cfg tsan")
        endif()
        list(APPEND tftpserver_rust_env "RUSTFLAGS=${tftpserver_rust_flags}")
        set(tftpserver_rust_sanitized ON)
        message(STATUS "Sanitizer ${TFTPSERVER_SANITIZER}: C programs and library (${tftpserver_rust_target}, nightly Rust)")
    elseif(TFTPSERVER_SANITIZER STREQUAL "thread")
        message(FATAL_ERROR "ThreadSanitizer says nothing of a library without its instrumentation: install a nightly Rust")
    else()
        message(STATUS "AddressSanitizer: C programs only, for no nightly Rust is installed")
    endif()
elseif(TFTPSERVER_SANITIZER)
    message(FATAL_ERROR "TFTPSERVER_SANITIZER is \"address\", \"thread\" or empty")
endif()

# Panic messages and line tables name source files. What is installed must not tell where it was
# built, and the same sources in another place must make the same bytes. Cargo leaves this out where
# RUSTFLAGS is set: those flags then rule.
set(tftpserver_cargo_home "$ENV{CARGO_HOME}")
if(NOT tftpserver_cargo_home)
    set(tftpserver_cargo_home "$ENV{HOME}/.cargo")
endif()
# By its real path, for to Cargo the same sources by another path are other sources, and compiled
# again.
get_filename_component(tftpserver_source "${CMAKE_CURRENT_SOURCE_DIR}" REALPATH)
set(tftpserver_remap "")
foreach(pair "${tftpserver_cargo_home}=/usr/src/cargo" "${tftpserver_source}=/usr/src/tftpserver-${PROJECT_VERSION}"
        "${TFTPSERVER_CARGO_TARGET_DIR}=/usr/src/tftpserver-${PROJECT_VERSION}/target")
    string(APPEND tftpserver_remap "'--remap-path-prefix=${pair}',")
endforeach()

set(tftpserver_made "${TFTPSERVER_CARGO_TARGET_DIR}")
set(tftpserver_target_args "")
if(tftpserver_rust_target)
    string(APPEND tftpserver_made "/${tftpserver_rust_target}")
    set(tftpserver_target_args --target ${tftpserver_rust_target})
endif()
string(APPEND tftpserver_made "/${tftpserver_profile_dir}")

# The names under which the library is linked, loaded and told apart from its successors.
set(tftpserver_lib_dir "${CMAKE_CURRENT_BINARY_DIR}/lib")
if(APPLE)
    set(tftpserver_cdylib libtftpserver.dylib)
    set(tftpserver_file libtftpserver.${PROJECT_VERSION}.dylib)
    set(tftpserver_soname libtftpserver.${PROJECT_VERSION_MAJOR}.dylib)
    # With this prefix CMake gives programs the library's directory as a runtime path.
    set(tftpserver_install_name "@rpath/${tftpserver_soname}")
    set(tftpserver_private_libs "-liconv -lSystem -lc -lm")
else()
    set(tftpserver_cdylib libtftpserver.so)
    set(tftpserver_file libtftpserver.so.${PROJECT_VERSION})
    set(tftpserver_soname libtftpserver.so.${PROJECT_VERSION_MAJOR})
    set(tftpserver_install_name "${tftpserver_soname}")
    # libgcc_eh, not libgcc_s: fully static programs have no shared libgcc, and others link either.
    set(tftpserver_private_libs "-lgcc_eh -lutil -lrt -lpthread -lm -ldl -lc")
endif()
set(tftpserver_static_file libtftpserver.a)
string(REPLACE " " ";" tftpserver_private_list "${tftpserver_private_libs}")

# Cargo decides what is out of date, so it is always asked. `cargo rustc --crate-type` leaves out
# the Rust library, beside which Cargo would not optimise across crates. Whatever it prints is shown
# only when it fails or works long.
file(MAKE_DIRECTORY "${tftpserver_lib_dir}")
add_custom_target(tftpserver_cargo ALL
    COMMAND "${CMAKE_COMMAND}" -E env ${tftpserver_rust_env}
            ${tftpserver_cargo} rustc --quiet --lib --profile ${tftpserver_profile} --package tftpserver
            --crate-type cdylib,staticlib ${tftpserver_target_args} --config "build.rustflags=[${tftpserver_remap}]"
            --manifest-path "${tftpserver_source}/Cargo.toml"
    COMMAND "${CMAKE_COMMAND}" -E copy_if_different "${tftpserver_made}/${tftpserver_cdylib}"
            "${tftpserver_lib_dir}/${tftpserver_file}"
    COMMAND "${CMAKE_COMMAND}" -E copy_if_different "${tftpserver_made}/${tftpserver_static_file}"
            "${tftpserver_lib_dir}/${tftpserver_static_file}"
    COMMAND "${CMAKE_COMMAND}" -E create_symlink ${tftpserver_file} "${tftpserver_lib_dir}/${tftpserver_soname}"
    COMMAND "${CMAKE_COMMAND}" -E create_symlink ${tftpserver_soname} "${tftpserver_lib_dir}/${tftpserver_cdylib}"
    BYPRODUCTS "${tftpserver_lib_dir}/${tftpserver_file}" "${tftpserver_lib_dir}/${tftpserver_static_file}"
    WORKING_DIRECTORY "${tftpserver_source}"
    COMMENT "Building libtftpserver with Cargo (${tftpserver_profile} profile)"
    USES_TERMINAL VERBATIM)

function(tftpserver_import kind location)
    string(TOUPPER ${kind} type)
    add_library(tftpserver_${kind} ${type} IMPORTED GLOBAL)
    set_target_properties(tftpserver_${kind} PROPERTIES
        IMPORTED_LOCATION "${tftpserver_lib_dir}/${location}"
        INTERFACE_INCLUDE_DIRECTORIES "${CMAKE_CURRENT_SOURCE_DIR}/include")
    add_dependencies(tftpserver_${kind} tftpserver_cargo)
    add_library(tftpserver::${kind} ALIAS tftpserver_${kind})
endfunction()

tftpserver_import(shared ${tftpserver_file})
set_target_properties(tftpserver_shared PROPERTIES IMPORTED_SONAME "${tftpserver_install_name}")
tftpserver_import(static ${tftpserver_static_file})
set_target_properties(tftpserver_static PROPERTIES INTERFACE_LINK_LIBRARIES "${tftpserver_private_list}")
