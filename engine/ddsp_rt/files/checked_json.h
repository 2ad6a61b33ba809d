// JSON from strangers: bounded in depth, every field checked as it is read. For source files only.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "ddsp_rt/files/safetensors.h"

namespace ddsp_rt {

/// Throws FileFault("`what` is not JSON") on a syntax error or nesting beyond 32 levels.
nlohmann::json parse_json(std::string_view text, const char* what);

/// One object of a JSON document and the name its fields are called by in messages. All reads throw FileFault.
class JsonObject {
 public:
  JsonObject(const nlohmann::json& value, std::string name);

  bool has(const char* key) const;  // present and not null
  JsonObject object(const char* key) const;
  double number(const char* key, double low, double high) const;
  int whole(const char* key, int low, int high) const;
  std::string text(const char* key, std::size_t longest) const;
  std::vector<std::string> texts(const char* key) const;                      // empty if missing
  std::vector<float> rising(const char* key, double low, double high) const;  // 2..64 numbers that do not fall
  std::vector<float> numbers(const char* key, std::size_t count, double low, double high) const;
  std::string path(const char* key) const;  // "object.key"

 private:
  const nlohmann::json* find(const char* key) const;

  const nlohmann::json& value_;
  std::string name_;
};

}  // namespace ddsp_rt
