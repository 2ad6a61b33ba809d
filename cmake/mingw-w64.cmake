# Builds for 64-bit Windows on Linux: cmake --preset windows, or -DCMAKE_TOOLCHAIN_FILE=cmake/mingw-w64.cmake
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
find_program(CMAKE_CXX_COMPILER NAMES x86_64-w64-mingw32-g++-posix x86_64-w64-mingw32-g++ REQUIRED)
# One file that runs anywhere: nothing of the compiler's own beside it.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static")
