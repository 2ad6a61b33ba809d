// JSON from strangers: bounded in depth, every field checked as it is read.
#include "ddsp_rt/files/checked_json.h"

#include <cmath>
#include <cstdio>

namespace ddsp_rt {
namespace {

constexpr int kMaxDepth = 32;
constexpr std::size_t kMaxQuantiles = 64;

std::string range(double low, double high) {
  char text[64];
  std::snprintf(text, sizeof text, " from %g to %g", low, high);
  return text;
}

}  // namespace

nlohmann::json parse_json(std::string_view text, const char* what) {
  const auto limit_depth = [what](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    if (depth > kMaxDepth) throw FileFault(std::string(what) + " is not JSON");
    return true;
  };
  try {
    return nlohmann::json::parse(text.begin(), text.end(), limit_depth);
  } catch (const nlohmann::json::exception&) {
    throw FileFault(std::string(what) + " is not JSON");
  }
}

JsonObject::JsonObject(const nlohmann::json& value, std::string name) : value_(value), name_(std::move(name)) {
  if (!value_.is_object()) throw FileFault((name_.empty() ? "metadata" : name_) + " must be an object");
}

std::string JsonObject::path(const char* key) const { return name_.empty() ? key : name_ + "." + key; }

const nlohmann::json* JsonObject::find(const char* key) const {
  const auto found = value_.find(key);
  return found == value_.end() || found->is_null() ? nullptr : &*found;
}

bool JsonObject::has(const char* key) const { return find(key) != nullptr; }

JsonObject JsonObject::object(const char* key) const {
  static const nlohmann::json missing;
  const nlohmann::json* value = find(key);
  return JsonObject(value ? *value : missing, path(key));
}

double JsonObject::number(const char* key, double low, double high) const {
  const nlohmann::json* value = find(key);
  const double number = value && value->is_number() ? value->get<double>() : std::nan("");
  if (!(number >= low && number <= high)) throw FileFault(path(key) + " must be a number" + range(low, high));
  return number;
}

int JsonObject::whole(const char* key, int low, int high) const {
  const double value = number(key, low, high);
  if (!find(key)->is_number_integer()) throw FileFault(path(key) + " must be a whole number");
  return static_cast<int>(value);
}

std::string JsonObject::text(const char* key, std::size_t longest) const {
  const nlohmann::json* value = find(key);
  if (!value || !value->is_string() || value->get_ref<const std::string&>().size() > longest ||
      value->get_ref<const std::string&>().empty())
    throw FileFault(path(key) + " must be a text of at most " + std::to_string(longest) + " characters");
  return value->get<std::string>();
}

std::vector<std::string> JsonObject::texts(const char* key) const {
  std::vector<std::string> result;
  const nlohmann::json* value = find(key);
  if (!value) return result;
  if (!value->is_array()) throw FileFault(path(key) + " must be a list of texts");
  for (const nlohmann::json& entry : *value) {
    if (!entry.is_string()) throw FileFault(path(key) + " must be a list of texts");
    result.push_back(entry.get<std::string>());
  }
  return result;
}

std::vector<float> JsonObject::rising(const char* key, double low, double high) const {
  const nlohmann::json* value = find(key);
  if (!value || !value->is_array() || value->size() < 2 || value->size() > kMaxQuantiles)
    throw FileFault(path(key) + " must be a list of 2 to " + std::to_string(kMaxQuantiles) + " numbers");
  std::vector<float> result;
  for (const nlohmann::json& entry : *value) {
    const double number = entry.is_number() ? entry.get<double>() : std::nan("");
    if (!(number >= low && number <= high)) throw FileFault(path(key) + " must hold numbers" + range(low, high));
    if (!result.empty() && number < result.back()) throw FileFault(path(key) + " must not fall");
    result.push_back(static_cast<float>(number));
  }
  return result;
}

std::vector<float> JsonObject::numbers(const char* key, std::size_t count, double low, double high) const {
  const nlohmann::json* value = find(key);
  if (!value || !value->is_array() || value->size() != count)
    throw FileFault(path(key) + " must be a list of " + std::to_string(count) + " numbers");
  std::vector<float> result;
  for (const nlohmann::json& entry : *value) {
    const double number = entry.is_number() ? entry.get<double>() : std::nan("");
    if (!(number >= low && number <= high)) throw FileFault(path(key) + " must hold numbers" + range(low, high));
    result.push_back(static_cast<float>(number));
  }
  return result;
}

}  // namespace ddsp_rt
