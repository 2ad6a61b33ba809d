// Pitch, loudness and delay of one note.
#include "ddsp_rt/playing/note_line.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ddsp_rt/playing/smoothed_parameters.h"

namespace ddsp_rt {
namespace {

constexpr float kFrameMs = 1000.0f / kFrameRate;
constexpr float kPressureDb = 6.0f;      // that full pressure adds
constexpr float kTimbreTilt = 6.0f;      // dB per octave at either end of the timbre's range
constexpr float kSmoothing = 0.25f;      // of the way to a new velocity, swell or timbre within a frame
constexpr float kVibratoOnset = 200.0f;  // ms in which it reaches its depth
constexpr float kLowestMidi = -20.0f, kHighestMidi = 160.0f;
constexpr float kHighestLoudness = 20.0f;  // dB

}  // namespace

NoteLine::NoteLine(const Instruments& instruments, int rate, std::uint32_t seed)
    : voice_(instruments, rate, seed),
      longest_(static_cast<std::size_t>(max_frame_length(rate))),
      line_(2 * longest_) {}

void NoteLine::reset() noexcept {
  voice_.start();
  now_.envelope.reset();
  features_ = {};
  late_ = late_before_ = 0;
  rung_out_ = true;
  pedalled = false;
  std::fill(line_.begin(), line_.end(), 0.0f);
}

void NoteLine::start(int channel, int key, float velocity, float from, int late, const Voice::Memory& rested) noexcept {
  if (idle()) {
    voice_.start(rested);
    late_before_ = late;
    now_.velocity = velocity;
    now_.fresh = true;
  } else {
    voice_.leap();
  }
  late_ = late;
  channel_ = channel;
  key_ = key;
  velocity_ = velocity;
  now_.pitch = from;
  now_.vibrato_phase = 0.0;
  now_.frames = 0;
  rung_out_ = pedalled = expects_ = false;
  right_ = 0;
  now_.envelope.start();
}

void NoteLine::take_over(const NoteLine& before, const Voice::Memory& rested) noexcept {
  if (before.now_.envelope.over()) return;
  start(before.channel_, before.key_, before.velocity_, before.now_.pitch, before.late_, rested);
  now_ = before.now_;
  pedalled = before.pedalled;
  order = before.order;
}

void NoteLine::slur(int channel, int key, float velocity) noexcept {
  channel_ = channel;
  key_ = key;
  velocity_ = velocity;
  pedalled = false;
}

void NoteLine::listen(const NoteSettings& settings, const ChannelState& channel) noexcept {
  features_ = hear(now_, settings, channel);
  if (expects_) right_ = sound_alike(features_, expected_) ? std::min(right_ + 1, kTrusted) : 0;
  expects_ = false;
}

void NoteLine::expect(const NoteSettings& settings, const ChannelState& channel) noexcept {
  Course next = now_;
  expected_ = hear(next, settings, channel);
  expects_ = true;
}

// What the network hears in a frame, and the course after it.
Features NoteLine::hear(Course& course, const NoteSettings& settings, const ChannelState& channel) const noexcept {
  course.pitch += (static_cast<float>(key_) - course.pitch) * Glide::share(settings.glide);
  const float midi = course.pitch + channel.bend + settings.semitones + vibrato(course, settings) / 100.0f;
  Features features;
  features.f0 = hz_from_midi(std::clamp(midi, kLowestMidi, kHighestMidi));
  features.periodicity = voice_.instruments().periodicity_median(settings.share);
  features.loudness = loudness(course, settings, channel);
  voice_.instruments().complete(features, settings.share);
  ++course.frames;
  return features;
}

float NoteLine::loudness(Course& course, const NoteSettings& settings, const ChannelState& channel) const noexcept {
  course.velocity += (velocity_ - course.velocity) * kSmoothing;
  const float swell = kPressureDb * channel.pressure + 40.0f * std::log10(std::max(channel.expression, 1e-3f));
  const float share = course.fresh ? 1.0f : kSmoothing;
  course.swell += (swell - course.swell) * share;
  course.timbre += (channel.timbre - course.timbre) * share;
  course.fresh = false;
  const float envelope = course.envelope.next(settings.envelope);
  if (course.envelope.over()) return kSilenceDb;
  const float even = std::clamp((127.0f * course.velocity - 1.0f) / 126.0f, 0.0f, 1.0f);
  const float touch = std::pow(even, std::exp2(2.0f * settings.curve));
  const float db = settings.softest + (settings.loudest - settings.softest) * touch + envelope + course.swell;
  return std::clamp(db, kSilenceDb, kHighestLoudness);
}

float NoteLine::vibrato(Course& course, const NoteSettings& settings) noexcept {
  const float since = static_cast<float>(course.frames) * kFrameMs - settings.vibrato_delay;
  if (since < 0.0f) return 0.0f;
  const float depth = settings.vibrato_depth * std::min(1.0f, since / kVibratoOnset);
  const auto sine = static_cast<float>(std::sin(2.0 * std::numbers::pi * course.vibrato_phase));
  course.vibrato_phase += static_cast<double>(settings.vibrato_rate) / kFrameRate;
  course.vibrato_phase -= std::floor(course.vibrato_phase);
  return depth * sine;
}

void NoteLine::play(VoiceSettings settings, const FrameClock::Frame& frame, float* out) noexcept {
  const bool silent = voice_.silent() && now_.envelope.over();
  settings.brightness += 2.0f * kTimbreTilt * (now_.timbre - 0.5f);
  voice_.play(features_, settings, frame, line_.data() + longest_);
  sound_late(frame.length, out);
  rung_out_ = silent && voice_.silent();  // a frame of silence has pushed the last sound out
}

// Where a sounding line begins another note the delay changes, by a crossfade over the frame.
void NoteLine::sound_late(int length, float* out) noexcept {
  const float* now = line_.data() + longest_ - late_;
  const float* before = line_.data() + longest_ - late_before_;
  for (int i = 0; i < length; ++i) {
    const float passed = static_cast<float>(i + 1) / static_cast<float>(length);
    const float share = late_ == late_before_ ? 1.0f : passed * passed * (3.0f - 2.0f * passed);
    out[i] += before[i] + (now[i] - before[i]) * share;
  }
  late_before_ = late_;
  std::copy_n(line_.begin() + length, longest_, line_.begin());
}

}  // namespace ddsp_rt
