# The C++ side: `find_package(numloom)` gives numloom::numloom. BLAS is installed with it, since it comes from a wheel that the
# consumer need not have.
if(DEFINED SKBUILD)
  return()
endif()
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(numloom_config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/numloom)

install(TARGETS numloom EXPORT numloomTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT cpp)
install(EXPORT numloomTargets NAMESPACE numloom:: DESTINATION ${numloom_config_dir} COMPONENT cpp)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/numloom DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT cpp
  FILES_MATCHING PATTERN *.h)
install(FILES ${PROJECT_BINARY_DIR}/generated/numloom/version.h ${NUMLOOM_OPS_OUT}/numloom/ufuncs.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/numloom COMPONENT cpp)
install(FILES ${NUMLOOM_OPENBLAS_LIBRARY} DESTINATION ${CMAKE_INSTALL_LIBDIR}/numloom COMPONENT cpp)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/numloom COMPONENT cpp)

set(NUMLOOM_BLAS_DIR ${CMAKE_INSTALL_LIBDIR}/numloom)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/numloomConfig.cmake.in
  ${PROJECT_BINARY_DIR}/numloomConfig.cmake INSTALL_DESTINATION ${numloom_config_dir} PATH_VARS NUMLOOM_BLAS_DIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/numloomConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/numloomConfig.cmake ${PROJECT_BINARY_DIR}/numloomConfigVersion.cmake
  DESTINATION ${numloom_config_dir} COMPONENT cpp)
