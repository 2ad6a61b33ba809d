// Moving between two instruments.
#include "ddsp_rt/playing/morph.h"

#include <cmath>

#include "ddsp_rt/frame_clock.h"

namespace ddsp_rt {
namespace {

constexpr float kSmoothing = 0.25f;        // of the way in each frame: a time constant of 14 ms
constexpr int kListens = kFrameRate / 10;  // frames

}  // namespace

void Morph::reset(float wanted) noexcept {
  now_.share = wanted;
  now_.first = wanted < 1.0f;
  now_.second = wanted > 0.0f;
  listened_ = 0;
}

void Morph::step(float wanted) noexcept {
  const bool at_an_end = now_.share <= 0.0f || now_.share >= 1.0f;
  if (at_an_end && wanted == now_.share) {
    reset(wanted);
    return;
  }
  now_.first = now_.second = true;
  if (at_an_end && ++listened_ <= kListens) return;
  listened_ = 0;
  const float way = wanted - now_.share;
  now_.share = std::abs(way) < 1e-4f ? wanted : now_.share + kSmoothing * way;
}

}  // namespace ddsp_rt
