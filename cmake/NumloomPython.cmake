# The interpreter: it runs the generator of the op table, it says where pip put the libraries below, and the module is
# built for it. Sets Python_EXECUTABLE and NUMLOOM_SITE (a list of its site-packages folders).
if(NUMLOOM_PYTHON)
  find_package(Python 3.11 REQUIRED COMPONENTS Interpreter Development.Module NumPy)
else()
  find_package(Python 3.11 REQUIRED COMPONENTS Interpreter)
endif()

execute_process(
  COMMAND ${Python_EXECUTABLE} -c "import sys; print(';'.join(p for p in sys.path if p.rstrip('/').endswith('-packages')))"
  OUTPUT_VARIABLE NUMLOOM_SITE OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
