# What compiling the CUDA kernels at build time needs: NVRTC and the CUDA headers, from the wheels in the build's Python, else
# from an installed toolkit. No GPU and no nvcc. Everything is opened at run time, so nothing of this is linked.
#   NUMLOOM_NVRTC_LIBRARY   libnvrtc.so.*, loaded by the build script
#   NUMLOOM_CUDA_INCLUDE    the folder of cuda.h
set(numloom_cuda_roots ${CUDAToolkit_ROOT} $ENV{CUDA_PATH} $ENV{CUDA_HOME} /usr/local/cuda /usr)
find_file(NUMLOOM_NVRTC_LIBRARY NAMES libnvrtc.so.12 libnvrtc.so.13 NO_DEFAULT_PATH PATHS ${NUMLOOM_SITE}
  PATH_SUFFIXES nvidia/cuda_nvrtc/lib nvidia/cu13/lib)
find_file(NUMLOOM_NVRTC_LIBRARY NAMES libnvrtc.so.12 libnvrtc.so.13 libnvrtc.so NO_DEFAULT_PATH PATHS ${numloom_cuda_roots}
  PATH_SUFFIXES lib64 lib/x86_64-linux-gnu REQUIRED)
find_path(NUMLOOM_CUDA_INCLUDE cuda.h NO_DEFAULT_PATH PATHS ${NUMLOOM_SITE}
  PATH_SUFFIXES nvidia/cuda_runtime/include nvidia/cu13/include)
find_path(NUMLOOM_CUDA_INCLUDE cuda.h NO_DEFAULT_PATH PATHS ${numloom_cuda_roots} PATH_SUFFIXES include REQUIRED)
mark_as_advanced(NUMLOOM_NVRTC_LIBRARY NUMLOOM_CUDA_INCLUDE)
