// Arrays and features on their way between Python and the engine.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "ddsp_rt/analysis/analyser.h"

namespace ddsp_rt {

namespace nb = nanobind;

template <std::size_t Dimensions>
using Input = nb::ndarray<const float, nb::ndim<Dimensions>, nb::c_contig, nb::device::cpu>;
using Output = nb::ndarray<nb::numpy, float>;

inline Output array(std::vector<float> values, std::vector<std::size_t> shape) {
  auto* held = new std::vector<float>(std::move(values));
  nb::capsule owner(held, [](void* p) noexcept { delete static_cast<std::vector<float>*>(p); });
  return Output(held->data(), shape.size(), shape.data(), owner);
}

inline Output array(std::vector<float> values) {
  const std::size_t n = values.size();
  return array(std::move(values), {n});
}

inline nb::dict as_dict(const std::vector<Features>& frames, bool mfcc) {
  std::vector<float> f0, periodicity, loudness, fast_loudness, balance, outside, coefficients;
  for (const Features& frame : frames) {
    f0.push_back(frame.f0);
    periodicity.push_back(frame.periodicity);
    loudness.push_back(frame.loudness);
    fast_loudness.push_back(frame.fast_loudness);
    balance.push_back(frame.balance);
    outside.push_back(static_cast<float>(frame.outside));
    if (mfcc) coefficients.insert(coefficients.end(), frame.mfcc.begin(), frame.mfcc.end());
  }
  nb::dict result;
  result["f0"] = array(std::move(f0));
  result["periodicity"] = array(std::move(periodicity));
  result["loudness"] = array(std::move(loudness));
  result["fast_loudness"] = array(std::move(fast_loudness));
  result["balance"] = array(std::move(balance));
  result["outside"] = array(std::move(outside));
  if (mfcc) result["mfcc"] = array(std::move(coefficients), {frames.size(), std::size_t{kMfccCount}});
  return result;
}

inline void check_frames(const Input<1>& f0, const Input<1>& periodicity, const Input<1>& loudness) {
  if (periodicity.shape(0) != f0.shape(0) || loudness.shape(0) != f0.shape(0))
    throw std::invalid_argument("f0, periodicity and loudness must hold the same number of frames");
}

inline Features frame_of(const Input<1>& f0, const Input<1>& periodicity, const Input<1>& loudness, std::size_t k) {
  Features frame;
  frame.f0 = f0(k);
  frame.periodicity = periodicity(k);
  frame.loudness = loudness(k);
  return frame;
}

using Track = std::optional<Input<1>>;

// Of the fast loudness and the balance, each is left as it is where nobody gives it; the former then follows loudness.
inline std::vector<Features> gather(const Input<1>& f0, const Input<1>& periodicity, const Input<1>& loudness,
                                    const Track& fast_loudness, const Track& balance,
                                    const std::optional<Input<2>>& mfcc = std::nullopt) {
  check_frames(f0, periodicity, loudness);
  const std::size_t frames = f0.shape(0);
  for (const Track& track : {fast_loudness, balance})
    if (track && track->shape(0) != frames)
      throw std::invalid_argument("fast_loudness and balance must hold as many frames as f0");
  if (mfcc && (mfcc->shape(0) != frames || mfcc->shape(1) != kMfccCount))
    throw std::invalid_argument("mfcc must be [" + std::to_string(frames) + ", 30]");
  std::vector<Features> result(frames);
  for (std::size_t k = 0; k < frames; ++k) {
    result[k] = frame_of(f0, periodicity, loudness, k);
    result[k].fast_loudness = fast_loudness ? (*fast_loudness)(k) : loudness(k);
    if (balance) result[k].balance = (*balance)(k);
    if (mfcc) std::copy_n(&(*mfcc)(k, 0), kMfccCount, result[k].mfcc.begin());
  }
  return result;
}

}  // namespace ddsp_rt
