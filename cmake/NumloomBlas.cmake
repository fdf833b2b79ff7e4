# BLAS and LAPACK as numloom::openblas, from the wheel scipy-openblas32 (its symbols carry the prefix scipy_).
find_path(NUMLOOM_OPENBLAS_INCLUDE cblas.h REQUIRED NO_DEFAULT_PATH PATHS ${NUMLOOM_SITE} PATH_SUFFIXES scipy_openblas32/include)
find_library(NUMLOOM_OPENBLAS_LIBRARY scipy_openblas REQUIRED NO_DEFAULT_PATH PATHS ${NUMLOOM_SITE}
  PATH_SUFFIXES scipy_openblas32/lib)
mark_as_advanced(NUMLOOM_OPENBLAS_INCLUDE NUMLOOM_OPENBLAS_LIBRARY)

add_library(numloom::openblas SHARED IMPORTED GLOBAL)
set_target_properties(numloom::openblas PROPERTIES
  IMPORTED_LOCATION ${NUMLOOM_OPENBLAS_LIBRARY}
  IMPORTED_SONAME libscipy_openblas.so)
target_include_directories(numloom::openblas SYSTEM INTERFACE ${NUMLOOM_OPENBLAS_INCLUDE})
