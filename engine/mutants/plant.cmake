# Copies the engine's sources into the build and plants faults in the copy, so that the sources themselves hold nothing
# of this. All faults are built at once; the environment variable DDSP_RT_PLANTED names the one that is alive.
set(mutated ${CMAKE_CURRENT_BINARY_DIR}/mutated)
file(GLOB_RECURSE engine_files CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}
  ${CMAKE_CURRENT_SOURCE_DIR}/ddsp_rt/*.cpp ${CMAKE_CURRENT_SOURCE_DIR}/ddsp_rt/*.h
  ${CMAKE_CURRENT_SOURCE_DIR}/ddsp_rt/*.inl)
foreach(path IN LISTS engine_files)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${path})
  file(READ ${CMAKE_CURRENT_SOURCE_DIR}/${path} "text_of_${path}")
  set("spoilt_${path}" FALSE)
endforeach()
set(planted_names "")

# plant(NAME CORRECT FAULTY): CORRECT is an expression that occurs once in the engine, in whatever file.
macro(plant name correct faulty)
  plant_text(${name} "${correct}" "(ddsp_rt::planted(\"${name}\") ? (${faulty}) : (${correct}))")
endmacro()

# plant_text(NAME CORRECT TEXT): for what is no expression; TEXT asks planted() itself.
macro(plant_text name correct text)
  set(found "")
  foreach(path IN LISTS engine_files)
    string(FIND "${text_of_${path}}" "${correct}" first)
    if(NOT first EQUAL -1)
      string(FIND "${text_of_${path}}" "${correct}" last REVERSE)
      if(found OR NOT first EQUAL last)
        message(FATAL_ERROR "planted fault '${name}': this must occur once in the engine:\n${correct}")
      endif()
      set(found "${path}")
    endif()
  endforeach()
  if(NOT found)
    message(FATAL_ERROR "planted fault '${name}': this occurs nowhere in the engine:\n${correct}")
  endif()
  string(REPLACE "${correct}" "${text}" "text_of_${found}" "${text_of_${found}}")
  set("spoilt_${found}" TRUE)
  string(APPEND planted_names "${name}\n")
endmacro()

include(${CMAKE_CURRENT_LIST_DIR}/faults.cmake)

# Files that would not change are left alone, and with them what was built from them.
function(write_if_changed path text)
  if(EXISTS ${path})
    file(READ ${path} before)
    if(before STREQUAL text)
      return()
    endif()
  endif()
  file(WRITE ${path} "${text}")
endfunction()

write_if_changed(${mutated}/ddsp_rt/planted.h "#pragma once
#include <cstdlib>
#include <string_view>
namespace ddsp_rt {
inline const char* const planted_now = std::getenv(\"DDSP_RT_PLANTED\");
inline bool planted(const char* name) noexcept { return planted_now && std::string_view(planted_now) == name; }
}  // namespace ddsp_rt
")
foreach(path IN LISTS engine_files)
  set(text "${text_of_${path}}")
  if("${spoilt_${path}}")
    set(text "#include \"ddsp_rt/planted.h\"\n${text}")
  endif()
  write_if_changed(${mutated}/${path} "${text}")
endforeach()
file(WRITE ${mutated}/names.txt "${planted_names}")
