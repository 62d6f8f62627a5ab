# Writes the files by which CMake finds an unpacked archive for Windows:
#
#   cmake -DOUTPUT=DIRECTORY -DVERSION=0.1.0 -DPOINTER_SIZE=8 -P cmake/windows-package.cmake
#
# A script, not a build: what it describes is made by scripts/dist_windows.py.
cmake_minimum_required(VERSION 3.16)
include(CMakePackageConfigHelpers)

set(CMAKE_INSTALL_PREFIX "/")
set(CMAKE_INSTALL_LIBDIR lib)
set(CMAKE_INSTALL_INCLUDEDIR include)
set(CMAKE_SIZEOF_VOID_P "${POINTER_SIZE}")
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/tftpserver-config.cmake.in" "${OUTPUT}/tftpserver-config.cmake"
    INSTALL_DESTINATION lib/cmake/tftpserver PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file("${OUTPUT}/tftpserver-config-version.cmake"
    VERSION "${VERSION}" COMPATIBILITY SameMajorVersion)
configure_file("${CMAKE_CURRENT_LIST_DIR}/tftpserver-targets-windows.cmake.in" "${OUTPUT}/tftpserver-targets.cmake" @ONLY)
