// What a model's noise magnitudes mean at a host rate: the gain of each bin of the noise's transform.
#pragma once

#include <cstddef>
#include <vector>

namespace ddsp_rt {

/// Magnitudes are points spaced evenly over 0 Hz to the model's Nyquist, joined by straight lines in Hz;
/// sqrt(rate / model_rate) keeps the density per Hz.
class NoiseCurve {
 public:
  /// `rate`, `model_rate` in Hz; `bands` magnitudes, at least 2; `size` of the transform, samples.
  NoiseCurve(int rate, int model_rate, int bands, std::size_t size);

  /// Bins 1 to this one have a gain; those above lie beyond the model's Nyquist.
  std::size_t bins() const noexcept { return bins_.size(); }

  /// The gains of bins 1 to bins(). Real-time.
  void read(const float* magnitudes, float* gains) const noexcept;

 private:
  struct Bin {
    int band;           // left neighbour
    float left, right;  // weights of the magnitudes on both sides
  };
  std::vector<Bin> bins_;
};

}  // namespace ddsp_rt
