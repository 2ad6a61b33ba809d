// The engine seen from Python. Arrays are float32 and contiguous; values are checked here, at the door.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "ddsp_rt/analysis/analyser.h"
#include "ddsp_rt/frame_clock.h"
#include "ddsp_rt/kernels/kernels.h"
#include "ddsp_rt/realtime.h"

namespace nb = nanobind;
using namespace nb::literals;
using namespace ddsp_rt;

namespace {

template <std::size_t Dimensions>
using Input = nb::ndarray<const float, nb::ndim<Dimensions>, nb::c_contig, nb::device::cpu>;
using Output = nb::ndarray<nb::numpy, float>;

Output array(std::vector<float> values, std::vector<std::size_t> shape) {
  auto* held = new std::vector<float>(std::move(values));
  nb::capsule owner(held, [](void* p) noexcept { delete static_cast<std::vector<float>*>(p); });
  return Output(held->data(), shape.size(), shape.data(), owner);
}

Output array(std::vector<float> values) {
  const std::size_t n = values.size();
  return array(std::move(values), {n});
}

int checked_rate(int rate) {
  if (rate < 8000 || rate > 192000)
    throw std::invalid_argument("sample rate " + std::to_string(rate) + " Hz is outside 8000..192000 Hz");
  return rate;
}

nb::dict as_dict(const std::vector<Features>& frames, bool mfcc) {
  std::vector<float> f0, periodicity, loudness, coefficients;
  for (const Features& frame : frames) {
    f0.push_back(frame.f0);
    periodicity.push_back(frame.periodicity);
    loudness.push_back(frame.loudness);
    if (mfcc) coefficients.insert(coefficients.end(), frame.mfcc.begin(), frame.mfcc.end());
  }
  nb::dict result;
  result["f0"] = array(std::move(f0));
  result["periodicity"] = array(std::move(periodicity));
  result["loudness"] = array(std::move(loudness));
  if (mfcc) result["mfcc"] = array(std::move(coefficients), {frames.size(), std::size_t{kMfccCount}});
  return result;
}

// Streams blocks of any size into an analyser, which wants whole frames.
class BlockAnalyser {
 public:
  BlockAnalyser(int rate, bool mfcc) : rate_(checked_rate(rate)), mfcc_(mfcc), analyser_(rate, {.mfcc = mfcc}) {}

  nb::dict process(const Input<1>& block) {
    std::vector<Features> frames;
    for (std::size_t i = 0; i < block.shape(0); ++i) {
      if (static_cast<int>(pending_.size()) == length_) next(frames);
      pending_.push_back(block(i));
    }
    return as_dict(frames, mfcc_);
  }

  void reset() {
    analyser_.reset();
    pending_.clear();
    frame_ = 0;
    length_ = 0;
  }

 private:
  void next(std::vector<Features>& frames) {
    const FlushDenormals flush;
    frames.push_back(analyser_.frame(pending_.data(), length_));
    pending_.clear();
    length_ = frame_length(frame_++, rate_);
  }

  int rate_;
  bool mfcc_;
  Analyser analyser_;
  std::vector<float> pending_;
  std::int64_t frame_ = 0;
  int length_ = 0;
};

}  // namespace

NB_MODULE(_engine, m) {
  m.attr("ANALYSER_VERSION") = kAnalyserVersion;
  m.attr("FRAME_RATE") = kFrameRate;
  m.attr("SILENCE_DB") = kSilenceDb;
  m.attr("VOICED_PERIODICITY") = kVoicedPeriodicity;
  m.attr("KERNELS") = kernels().name;
  m.def("frame_start", &frame_start, "frame"_a, "rate"_a);
  m.def("frame_count", &frame_count, "samples"_a, "rate"_a);

  m.def("analyse", [](const Input<1>& audio, int rate, bool mfcc, float f0_low, float f0_high) {
    std::vector<Features> frames;
    {
      const nb::gil_scoped_release release;
      const FlushDenormals flush;
      frames = analyse({audio.data(), audio.shape(0)}, checked_rate(rate), {.f0_low = f0_low, .f0_high = f0_high, .mfcc = mfcc});
    }
    return as_dict(frames, mfcc);
  }, "audio"_a, "rate"_a, "mfcc"_a = false, "f0_low"_a = 40.0f, "f0_high"_a = 2100.0f);

  nb::class_<BlockAnalyser>(m, "Analyser")
      .def(nb::init<int, bool>(), "rate"_a, "mfcc"_a = false)
      .def("process", &BlockAnalyser::process, "block"_a)
      .def("reset", &BlockAnalyser::reset);
}
