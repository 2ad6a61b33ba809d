# Ten faults for the loader, to see whether its fuzzer would find them. Each takes one check out of one source file; the
# build makes a spoilt copy of that file, so the engine's own sources hold nothing of this.

# plant(NAME SOURCE CORRECT FAULTY): adds the target fuzz_loader_NAME, the loader's fuzzer with CORRECT, a passage that
# occurs once in SOURCE, replaced by FAULTY.
function(plant name source correct faulty)
  set(path ${PROJECT_SOURCE_DIR}/engine/ddsp_rt/${source})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
  file(READ ${path} text)
  string(FIND "${text}" "${correct}" first)
  string(FIND "${text}" "${correct}" last REVERSE)
  if(first EQUAL -1 OR NOT first EQUAL last)
    message(FATAL_ERROR "planted fault '${name}': this must occur once in ${source}:\n${correct}")
  endif()
  string(REPLACE "${correct}" "${faulty}" text "${text}")
  set(copy ${CMAKE_CURRENT_BINARY_DIR}/planted/${name}/${source})
  set(before "")
  if(EXISTS ${copy})
    file(READ ${copy} before)
  endif()
  if(NOT before STREQUAL text)
    file(WRITE ${copy} "${text}")
  endif()
  add_executable(fuzz_loader_${name} EXCLUDE_FROM_ALL ${copy} $<TARGET_OBJECTS:fuzz_loader_main>)
  target_link_libraries(fuzz_loader_${name} PRIVATE ddsp_rt::engine nlohmann_json::nlohmann_json)
  target_compile_options(fuzz_loader_${name} PRIVATE -w)
  target_link_options(fuzz_loader_${name} PRIVATE -fsanitize=fuzzer)
  set_property(GLOBAL APPEND PROPERTY DDSP_RT_PLANTED fuzz_loader_${name})
endfunction()

plant(header_cut_short files/safetensors.cpp
  "if (length > file.size() - 8)" "if (false)")
plant(header_length_wraps files/safetensors.cpp
  "if (length > kMaxHeader) throw FileFault(\"not an instrument file, or its header is too long\");
  if (length > file.size() - 8)"
  "if (8 + length > file.size())")
plant(offsets_outside files/safetensors.cpp
  "if (begin > end || end > data.size())" "if (begin > end)")
plant(shape_wraps files/safetensors.cpp
  "if (size != 0 && tensor.shape.back() > kMaxFile / size)" "if (false)")
plant(dtype_unknown files/safetensors.cpp
  "} else if (type != \"F32\") {" "} else if (!type.is_string()) {")
plant(shape_unlike_architecture files/safetensors.cpp
  "if (tensor.shape != shape)" "if (false)")
plant(weights_not_finite files/safetensors.cpp
  "if (!(std::fabs(tensor[i]) <= kLargestValue))" "if (false)")
plant(json_too_deep files/checked_json.cpp
  "if (depth > kMaxDepth)" "if (false)")
plant(sizes_negative files/checked_json.cpp
  "double JsonObject::number(const char* key, double low, double high) const {
  const nlohmann::json* value = find(key);
  const double number = value && value->is_number() ? value->get<double>() : std::nan(\"\");
  if (!(number >= low && number <= high))"
  "double JsonObject::number(const char* key, double low, double high) const {
  const nlohmann::json* value = find(key);
  const double number = value && value->is_number() ? value->get<double>() : std::nan(\"\");
  if (!(number <= high))")
plant(z_of_two_sizes instrument/instrument.cpp
  "if (spec.z_dims != decoder.z_dims)" "if (false)")

get_property(planted GLOBAL PROPERTY DDSP_RT_PLANTED)
add_custom_target(fuzz_planted DEPENDS ${planted})
