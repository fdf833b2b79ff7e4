# The interpreter: it runs the generator of the op table, it says where pip put the libraries below, and the module is
# built for it. Sets Python_EXECUTABLE and NUMLOOM_SITE (a list of its site-packages folders).
if(NUMLOOM_PYTHON)
  find_package(Python 3.11 REQUIRED COMPONENTS Interpreter Development.Module NumPy)
else()
  find_package(Python 3.11 REQUIRED COMPONENTS Interpreter)
endif()
execute_process(
  COMMAND ${Python_EXECUTABLE} -c "import sysconfig; print(sysconfig.get_config_var('Py_GIL_DISABLED') or 0)"
  OUTPUT_VARIABLE NUMLOOM_NO_GIL OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
if(NUMLOOM_PYTHON AND NUMLOOM_NO_GIL)
  message(FATAL_ERROR "numloom: ${Python_EXECUTABLE} is a free-threaded Python, which Numloom does not support; use one with the GIL")
endif()

execute_process(
  COMMAND ${Python_EXECUTABLE} -c "import sys; print(';'.join(p for p in sys.path if p.rstrip('/').endswith('-packages')))"
  OUTPUT_VARIABLE NUMLOOM_SITE OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
