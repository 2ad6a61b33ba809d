// Writing fittings down and reading them with care.
#include "ddsp_rt/playing/fitting_json.h"

#include <algorithm>
#include <cmath>

#include "ddsp_rt/files/checked_json.h"

namespace ddsp_rt {
namespace {

constexpr int kVersion = 1;
constexpr int kFarthestOctave = 10;
constexpr float kFarthestDb = 1000.0f;

float written(float db, float otherwise) {
  return std::isnan(db) ? otherwise : std::clamp(db, -kFarthestDb, kFarthestDb);
}

QuantileArray read_points(const JsonObject& map, const char* key) {
  const std::vector<float> read = map.numbers(key, QuantileArray{}.size(), -kFarthestDb, kFarthestDb);
  if (!std::is_sorted(read.begin(), read.end())) throw FileFault(map.path(key) + " must not fall");
  QuantileArray points;
  std::copy(read.begin(), read.end(), points.begin());
  return points;
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
  fitting.unvoiced_drop_db = static_cast<float>(object.number("unvoiced_drop_db", -kFarthestDb, kFarthestDb));
  fitting.loudness = LoudnessMap(LoudnessMap::Points{read_points(loudness, "from"), read_points(loudness, "to")});
  return fitting;
}

}  // namespace

std::string to_json(const Fitting& fitting) {
  LoudnessMap::Points points = fitting.loudness.points();
  for (auto* values : {&points.from, &points.to})
    for (float& value : *values) value = written(value, 0.0f);
  return nlohmann::json{{"version", kVersion},
                        {"octave", std::clamp(fitting.octave, -kFarthestOctave, kFarthestOctave)},
                        {"gate_db", written(fitting.gate_db, kSilenceDb)},
                        {"unvoiced_drop_db", written(fitting.unvoiced_drop_db, 0.0f)},
                        {"loudness", {{"from", points.from}, {"to", points.to}}}}
      .dump();
}

Fitting parse_fitting(std::string_view json) {
  try {
    return read(json);
  } catch (const FileFault& fault) {
    throw FittingError(std::string("not a fitting: ") + fault.what());
  }
}

}  // namespace ddsp_rt
