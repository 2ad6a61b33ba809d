// The frame that every door is built on.
#include "ddsp_rt/playing/framed.h"

#include <utility>

namespace ddsp_rt {

Framed::Framed(Instruments instruments, int rate)
    : instruments_(std::move(instruments)),
      clock_(supported_rate(rate)),
      rooms_(instruments_, rate),
      rendered_(static_cast<std::size_t>(max_frame_length(rate))) {}

Framed::~Framed() = default;
Framed::Framed(Framed&&) noexcept = default;

void Framed::reset() noexcept {
  clock_.reset();
  parameters_.reset();
  morph_.reset(wanted_share());
  rooms_.reset();
  length_ = position_ = steps_done_ = 0;
}

void Framed::begin_frame() noexcept {
  const int gathered = length_;
  const FrameClock::Frame frame = clock_.next();
  parameters_.step();
  morph_.step(wanted_share());
  render(gathered, frame, rendered_.data());
  rooms_.process(rendered_.data(), frame.length, parameters_.now().reverb, morph().share);
  length_ = frame.length;
  position_ = steps_done_ = 0;
}

// In a block in which no frame begins: its share of the steps, by how many such blocks are left.
void Framed::work_ahead(int block) noexcept {
  const int blocks = (length_ - position_) / block + 1, all = steps_ahead();
  for (int steps = (all - steps_done_ + blocks - 1) / blocks; steps > 0; --steps) {
    work_ahead_step(steps_done_);
    if (++steps_done_ == all) rooms_.work_ahead();
  }
}

float Framed::wanted_share() const noexcept {
  return instruments_.two() ? parameters()[Parameter::kMorph] / 100.0f : 0.0f;
}

VoiceSettings Framed::voice_settings(bool mean_z) const noexcept {
  const SmoothedParameters::Values& now = parameters_.now();
  return {.gate_db = instruments_.gate_db(morph().share) + now.gate,
          .harmonic_gain = now.harmonic_gain,
          .noise_gain = now.noise_gain,
          .breath = now.breath,
          .life = now.life,
          .brightness = now.brightness,
          .mean_z = mean_z,
          .morph = morph()};
}

}  // namespace ddsp_rt
