include(CMakePackageConfigHelpers)

# millrace_install(MODULES...): libraries, headers and a package, so that find_package(millrace) gives millrace::<module>
# for each module and millrace::millrace for all of them.
function(millrace_install)
    set(package ${CMAKE_INSTALL_LIBDIR}/cmake/millrace)
    add_library(millrace_library INTERFACE)
    set_target_properties(millrace_library PROPERTIES EXPORT_NAME millrace)
    get_property(generated GLOBAL PROPERTY MILLRACE_GENERATED)
    set(targets millrace_library ${generated})
    foreach(module ${ARGN})
        target_link_libraries(millrace_library INTERFACE millrace_${module})
        list(APPEND targets millrace_${module})
    endforeach()
    install(TARGETS ${targets} EXPORT millraceTargets)
    install(EXPORT millraceTargets NAMESPACE millrace:: DESTINATION ${package})

    foreach(module ${ARGN})
        install(DIRECTORY src/${module} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/millrace FILES_MATCHING PATTERN "*.h")
    endforeach()
    install(FILES include/millrace/millrace.h ${PROJECT_BINARY_DIR}/generated/include/millrace/version.h
            DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/millrace)
    install(DIRECTORY hardware models DESTINATION ${CMAKE_INSTALL_DATADIR}/millrace)
    install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

    configure_package_config_file(cmake/millraceConfig.cmake.in ${PROJECT_BINARY_DIR}/millraceConfig.cmake
                                  INSTALL_DESTINATION ${package})
    write_basic_package_version_file(${PROJECT_BINARY_DIR}/millraceConfigVersion.cmake COMPATIBILITY SameMinorVersion)
    install(FILES ${PROJECT_BINARY_DIR}/millraceConfig.cmake ${PROJECT_BINARY_DIR}/millraceConfigVersion.cmake
            DESTINATION ${package})
endfunction()
