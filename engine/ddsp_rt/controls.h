// What the control network says of one frame: the controls of the synthesizer.
#pragma once

#include <cstddef>
#include <vector>

namespace ddsp_rt {

/// Sized once, when a voice is made; filled frame by frame afterwards.
struct Controls {
  Controls() = default;
  Controls(std::size_t harmonic_count, std::size_t noise_bands) : harmonics(harmonic_count), noise(noise_bands) {}

  float amplitude = 0.0f;        // of all harmonics together, 0..2
  std::vector<float> harmonics;  // share of each harmonic, > 0, not normalised
  std::vector<float> noise;      // magnitude of each noise band, evenly spaced from 0 Hz to the model's Nyquist
};

}  // namespace ddsp_rt
