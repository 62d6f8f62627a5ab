# What `cmake --install` puts where. Everything below the prefix may be moved together afterwards.

install(FILES "${tftpserver_lib_dir}/${tftpserver_file}" "${tftpserver_lib_dir}/${tftpserver_soname}"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT runtime)
install(FILES "${tftpserver_lib_dir}/${tftpserver_cdylib}" "${tftpserver_lib_dir}/${tftpserver_static_file}"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development)
install(DIRECTORY include/ DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT development
        FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")

# pkg-config: the prefix is found from the file's own place, unless the library directory is none
# below the prefix, or a distribution's package is made, whose file keeps its place and must work
# with PKG_CONFIG_SYSROOT_DIR.
if(NOT TFTPSERVER_RELOCATABLE OR IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
    set(tftpserver_pc_prefix "${CMAKE_INSTALL_PREFIX}")
    set(tftpserver_pc_libdir "${CMAKE_INSTALL_FULL_LIBDIR}")
    set(tftpserver_pc_includedir "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
else()
    file(RELATIVE_PATH tftpserver_up "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
    string(REGEX REPLACE "/$" "" tftpserver_up "${tftpserver_up}")
    set(tftpserver_pc_prefix "\${pcfiledir}/${tftpserver_up}")
    set(tftpserver_pc_libdir "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
    set(tftpserver_pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
configure_file(cmake/tftpserver.pc.in tftpserver.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/tftpserver.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig"
        COMPONENT development)

set(tftpserver_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/tftpserver")
configure_package_config_file(cmake/tftpserver-config.cmake.in tftpserver-config.cmake
    INSTALL_DESTINATION "${tftpserver_package_dir}"
    PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
# The C interface only grows while the first part of the version, which is the SONAME's number,
# stays the same.
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/tftpserver-config-version.cmake"
    VERSION ${PROJECT_VERSION} COMPATIBILITY SameMajorVersion)
configure_file(cmake/tftpserver-targets.cmake.in tftpserver-targets.cmake @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/tftpserver-config.cmake"
              "${CMAKE_CURRENT_BINARY_DIR}/tftpserver-config-version.cmake"
              "${CMAKE_CURRENT_BINARY_DIR}/tftpserver-targets.cmake"
        DESTINATION "${tftpserver_package_dir}" COMPONENT development)

# The manual pages are made from the header, which is committed; they are not.
if(TFTPSERVER_MAN)
    if(NOT TFTPSERVER_PYTHON)
        message(FATAL_ERROR "TFTPSERVER_MAN needs Python 3")
    endif()
    set(tftpserver_man_dir "${CMAKE_CURRENT_BINARY_DIR}/man/man3")
    add_custom_command(OUTPUT "${tftpserver_man_dir}/tftpserver.3"
        COMMAND "${TFTPSERVER_PYTHON}" "${CMAKE_CURRENT_SOURCE_DIR}/scripts/man.py"
                "${CMAKE_CURRENT_SOURCE_DIR}/include/tftpserver.h" "${tftpserver_man_dir}"
        DEPENDS scripts/man.py include/tftpserver.h
        COMMENT "Writing the manual pages" VERBATIM)
    add_custom_target(tftpserver_man ALL DEPENDS "${tftpserver_man_dir}/tftpserver.3")
    install(DIRECTORY "${tftpserver_man_dir}" DESTINATION "${CMAKE_INSTALL_MANDIR}" COMPONENT development
            FILES_MATCHING PATTERN "*.3")
endif()
