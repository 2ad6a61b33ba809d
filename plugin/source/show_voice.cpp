// Controls to readings.
#include "show_voice.h"

#include <algorithm>
#include <numeric>

namespace ddsp_rt::plugin {

void show_voice(const Voice& voice, Readings& readings) noexcept {
  const Controls& controls = voice.controls();
  readings.nyquist = 0.5f * static_cast<float>(voice.sounding().model_rate);
  readings.harmonics = static_cast<int>(std::min<std::size_t>(controls.harmonics.size(), Readings::kMostHarmonics));
  readings.noise_bands = static_cast<int>(std::min<std::size_t>(controls.noise.size(), Readings::kMostNoiseBands));
  const bool silent = voice.silent();
  const float sum = std::accumulate(controls.harmonics.begin(), controls.harmonics.end(), 0.0f);
  const float scale = silent || !(sum > 0.0f) ? 0.0f : controls.amplitude / sum;
  for (int i = 0; i < readings.harmonics; ++i)
    readings.harmonic_amplitude[static_cast<std::size_t>(i)] = scale * controls.harmonics[static_cast<std::size_t>(i)];
  for (int i = 0; i < readings.noise_bands; ++i)
    readings.noise_magnitude[static_cast<std::size_t>(i)] = silent ? 0.0f : controls.noise[static_cast<std::size_t>(i)];
}

}  // namespace ddsp_rt::plugin
