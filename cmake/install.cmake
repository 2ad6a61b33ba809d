# What `cmake --install` puts where: the library, its headers, and the package that find_package(ddsp_rt) looks for.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/ddsp_rt)
install(TARGETS ddsp_rt_engine EXPORT ddsp_rtTargets COMPONENT engine ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/ddsp_rt DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT engine
  FILES_MATCHING PATTERN "*.h" PATTERN checked_json.h EXCLUDE)
install(EXPORT ddsp_rtTargets NAMESPACE ddsp_rt:: DESTINATION ${package} COMPONENT engine)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/ddsp_rtConfig.cmake.in ddsp_rtConfig.cmake
  INSTALL_DESTINATION ${package})
write_basic_package_version_file(ddsp_rtConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/ddsp_rtConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/ddsp_rtConfigVersion.cmake
  DESTINATION ${package} COMPONENT engine)
