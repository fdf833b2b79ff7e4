# How every file of the project is compiled. The floating-point flags are part of the semantic contract (the same bits
# interpreted and compiled), so they are never left out; whoever links the library needs none of them.
if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux" OR NOT CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  message(FATAL_ERROR "Numloom builds on x86-64 Linux; this is ${CMAKE_SYSTEM_NAME} on ${CMAKE_SYSTEM_PROCESSOR}")
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g")

find_program(NUMLOOM_CCACHE ccache)
mark_as_advanced(NUMLOOM_CCACHE)
if(NUMLOOM_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${NUMLOOM_CCACHE})
endif()

add_compile_options(-ffp-contract=off -fno-math-errno -fno-trapping-math -Wall -Wextra -fdiagnostics-color=auto)
# The build folder and the tree must leave no trace in what is shipped (__FILE__ in messages).
add_compile_options(-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
if(NUMLOOM_VERIFY)
  add_compile_definitions(NUMLOOM_VERIFY=1)
endif()
if(NUMLOOM_SANITIZE)
  add_compile_options(-fsanitize=${NUMLOOM_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=${NUMLOOM_SANITIZE})
endif()
find_package(Threads REQUIRED)
