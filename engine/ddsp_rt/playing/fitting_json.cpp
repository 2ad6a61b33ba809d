// Writing fittings down and reading them with care.
#include "ddsp_rt/playing/fitting_json.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <locale>
#include <sstream>

#include "ddsp_rt/files/checked_json.h"

namespace ddsp_rt {
namespace {

constexpr int kVersion = 1;
constexpr int kFarthestOctave = 10;
constexpr float kFarthestDb = 1000.0f;
constexpr float kWidestRange = 100.0f;

float written(float db, float otherwise) {
  return std::isnan(db) ? otherwise : std::clamp(db, -kFarthestDb, kFarthestDb);
}

Fitting read(std::string_view json) {
  const nlohmann::json document = parse_json(json, "a fitting");
  const JsonObject object(document, "");
  if (const int version = object.whole("version", 1, 1 << 30); version > kVersion)
    throw FileFault("version is " + std::to_string(version) + "; this version reads up to " + std::to_string(kVersion));
  const JsonObject loudness = object.object("loudness");
  Fitting fitting;
  fitting.octave = object.whole("octave", -kFarthestOctave, kFarthestOctave);
  fitting.gate_db = static_cast<float>(object.number("gate_db", -kFarthestDb, kFarthestDb));
  if (object.has("balance_db"))
    fitting.balance_db = static_cast<float>(object.number("balance_db", -kFarthestDb, kFarthestDb));
  fitting.loudness.offset_db = static_cast<float>(loudness.number("offset_db", -kFarthestDb, kFarthestDb));
  fitting.loudness.range = static_cast<float>(loudness.number("range", 0.0, kWidestRange));
  fitting.loudness.loud_db = static_cast<float>(loudness.number("loud_db", -kFarthestDb, kFarthestDb));
  return fitting;
}

}  // namespace

std::string to_json(const Fitting& fitting) {
  const auto& [offset_db, range, loud_db] = fitting.loudness;
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text.precision(std::numeric_limits<float>::max_digits10);
  text << R"({"version":)" << kVersion << R"(,"octave":)"
       << std::clamp(fitting.octave, -kFarthestOctave, kFarthestOctave) << R"(,"gate_db":)"
       << written(fitting.gate_db, kSilenceDb) << R"(,"balance_db":)" << written(fitting.balance_db, 0.0f)
       << R"(,"loudness":{"offset_db":)" << written(offset_db, 0.0f) << R"(,"range":)"
       << std::clamp(written(range, 1.0f), 0.0f, kWidestRange) << R"(,"loud_db":)" << written(loud_db, 0.0f) << "}}";
  return text.str();
}

Fitting parse_fitting(std::string_view json) {
  try {
    return read(json);
  } catch (const FileFault& fault) {
    throw FittingError(std::string("not a fitting: ") + fault.what());
  }
}

}  // namespace ddsp_rt
