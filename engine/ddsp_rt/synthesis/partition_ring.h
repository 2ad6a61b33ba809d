// Spectra of past blocks of sound, and their products with the partitions of an impulse response.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "ddsp_rt/kernels/aligned_vector.h"
#include "ddsp_rt/kernels/kernels.h"

namespace ddsp_rt {

inline constexpr std::size_t kCell = 2 * kLanes;  // floats in one group of bins of one spectrum: real parts, imaginary

/// Keeps the newest `slots` spectra, cut into groups of kLanes bins; a group of all of them lies together.
class PartitionRing {
 public:
  PartitionRing(std::size_t groups, std::size_t slots) : slots_(slots), cells_(groups * slots * kCell) {}

  bool empty() const noexcept { return kept_ == 0; }
  void forget() noexcept { newest_ = kept_ = 0; }

  /// Takes the newest spectrum, [groups][2][kLanes], in place of the oldest. Real-time.
  void push(const AlignedVector<float>& spectrum) noexcept {
    if (slots_ == 0) return;
    newest_ = (newest_ + slots_ - 1) % slots_;
    kept_ = std::min(kept_ + 1, slots_);
    for (std::size_t cell = 0; cell < spectrum.size(); cell += kCell)
      std::copy_n(spectrum.data() + cell, kCell, &cells_[cell * slots_ + newest_ * kCell]);
  }

  /// sums += products with `partitions`, [groups][slots][2][kLanes], newest with first, in groups [from, to).
  /// Real-time.
  void add_products(const AlignedVector<float>& partitions, std::size_t from, std::size_t to,
                    float* sums) const noexcept {
    if (kept_ == 0) return;
    const std::size_t straight = std::min(kept_, slots_ - newest_);
    for (std::size_t group = from; group < to; ++group) {
      const float *past = &cells_[group * slots_ * kCell], *taps = &partitions[group * slots_ * kCell];
      kernels().complex_multiply_add(sums + group * kCell, past + newest_ * kCell, taps, straight);
      if (kept_ > straight)
        kernels().complex_multiply_add(sums + group * kCell, past, taps + straight * kCell, kept_ - straight);
    }
  }

 private:
  std::size_t slots_, newest_ = 0, kept_ = 0;
  AlignedVector<float> cells_;
};

}  // namespace ddsp_rt
