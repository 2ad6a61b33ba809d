// Networks, gate and synthesizer of one frame.
#include "ddsp_rt/playing/voice.h"

namespace ddsp_rt {
namespace {

std::optional<Performer> performer(const std::shared_ptr<const Instrument>& instrument, std::uint32_t seed) {
  return instrument ? std::optional<Performer>(std::in_place, instrument, seed) : std::nullopt;
}

constexpr Morph::Frame kBegun{0.0f, true, true};  // nobody has rested

}  // namespace

Voice::Voice(const Instruments& instruments, int rate, std::uint32_t seed)
    : instruments_(instruments),
      first_(instruments_.first(), seed),
      second_(performer(instruments_.second(), seed)),
      gate_(instrument().gate_db),
      synthesizer_(rate, first_.format(), seed, second_ ? std::optional(second_->format()) : std::nullopt),
      morph_(kBegun) {}

Voice::Voice(Voice&&) noexcept = default;
Voice::~Voice() = default;

void Voice::start() noexcept {
  first_.start();
  if (second_) second_->start();
  gate_.reset();
  synthesizer_.reset();
  morph_ = kBegun;
}

void Voice::start(const Memory& memory) noexcept {
  start();
  first_.start(memory.first);
  if (second_ && memory.second) second_->start(*memory.second);
}

// Who begins to listen knows nothing of what was played while it rested.
void Voice::prepare(const Morph::Frame& morph) noexcept {
  if (!second_) return;
  if (morph.first && !morph_.first) first_.start();
  if (morph.second && !morph_.second) second_->start();
  morph_ = morph;
}

void Voice::render(const Features& features, const VoiceSettings& settings, const FrameClock::Frame& frame, float* out,
                   const float* excitation, const float* deviation) noexcept {
  prepare(settings.morph);
  if (settings.morph.first) first_.hear(features, settings.mean_z);
  if (settings.morph.second) second_->hear(features, settings.mean_z);
  play(features, settings, frame, out, excitation, deviation);
}

void Voice::play(const Features& features, const VoiceSettings& settings, const FrameClock::Frame& frame, float* out,
                 const float* excitation, const float* deviation) noexcept {
  gate_.set_threshold(settings.gate_db);
  const float gate = gate_.next(features.loudness);
  if (settings.morph.first) first_.bend(features, settings, gate);
  if (settings.morph.second) second_->bend(features, settings, gate);
  if (settings.morph.share <= 0.0f) {
    synthesizer_.render(features.f0, first_.controls(), frame, out, excitation, deviation);
  } else {
    synthesizer_.render(features.f0, first_.controls(), second_->controls(), settings.morph.share, frame, out,
                        excitation, deviation);
  }
}

void Voice::render(float f0, const Controls& controls, const VoiceSettings& settings, const FrameClock::Frame& frame,
                   float* out, const float* excitation) noexcept {
  first_.take(f0, controls, settings);
  synthesizer_.render(f0, first_.controls(), frame, out, excitation);
}

void Voice::work_ahead(int step) noexcept {
  if (step == 0) {
    if (morph_.first) first_.anticipate();
  } else if (step == 1) {
    if (second_ && morph_.second) second_->anticipate();
  } else {
    synthesizer_.work_ahead();
  }
}

}  // namespace ddsp_rt
