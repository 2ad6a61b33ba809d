// Windowed-sinc interpolation of impulse responses, done once on load.
#pragma once

#include <span>
#include <vector>

namespace ddsp_rt {

/// The Kaiser window over x in [-1, 1], 1 at the centre; 0 outside.
double kaiser(double x, double beta) noexcept;

/// An impulse response taken from `from_rate` to `to_rate` (Hz): the same filter, so taps are scaled by
/// from_rate / to_rate. Flat within 0.1 dB to 0.9 of the lower Nyquist, 80 dB down 0.15 of it further up.
std::vector<float> resample_response(std::span<const float> response, int from_rate, int to_rate);

}  // namespace ddsp_rt
