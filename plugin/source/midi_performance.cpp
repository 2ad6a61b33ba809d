// Note events to bytes.
#include "midi_performance.h"

#include <algorithm>
#include <cmath>

namespace ddsp_rt::plugin {
namespace {

constexpr int kLegato = 68;  // the footswitch's control

int seven_bits(float share) { return std::clamp(static_cast<int>(std::lround(127.0f * share)), 0, 127); }

template <std::size_t Size>
void add(juce::MidiBuffer& out, int at, const juce::uint8 (&bytes)[Size]) {
  out.addEvent(bytes, static_cast<int>(Size), at);
}

juce::uint8 byte(int value) { return static_cast<juce::uint8>(value); }

}  // namespace

void MidiPerformance::hear(Features features, const Instrument& instrument, juce::MidiBuffer& out, int at) noexcept {
  if (!started_) {
    started_ = true;
    // And the legato footswitch: notes that overlap are slurred, as the performer slurred them.
    for (const auto& [control, value] :
         {std::pair{101, 0}, {100, 0}, {6, kBendRange}, {38, 0}, {101, 127}, {100, 127}, {kLegato, 127}})
      add(out, at, {0xb0, byte(control), byte(value)});
  }
  // The segmenter's own range, in which it was told to spread velocities, lies over the instrument's.
  constexpr SegmenterSettings usual;
  const float soft = instrument.quantiles.loudness_db[kSoft], loud = instrument.quantiles.loudness_db[kLoud];
  if (features.loudness > kSilenceDb && loud > soft)
    features.loudness = std::max(
        kSilenceDb, usual.softest + (features.loudness - soft) / (loud - soft) * (usual.loudest - usual.softest));
  segmenter_.next(features, [&](const NoteEvent& event) { say(event, out, at); });
}

void MidiPerformance::end(juce::MidiBuffer& out, int at) noexcept {
  if (segmenter_.key() >= 0) add(out, at, {0x80, byte(segmenter_.key()), 0});
  add(out, at, {0xb0, byte(kLegato), 0});  // as keys expect it
  segmenter_.reset();
  started_ = false;
}

void MidiPerformance::say(const NoteEvent& event, juce::MidiBuffer& out, int at) noexcept {
  using Kind = NoteEvent::Kind;
  const auto key = byte(std::clamp(event.key, 0, 127));
  switch (event.kind) {
    case Kind::kNoteOn: add(out, at, {0x90, key, byte(std::max(seven_bits(event.value), 1))}); break;
    case Kind::kNoteOff: add(out, at, {0x80, key, 0}); break;
    case Kind::kBend: {
      const int position = std::clamp(static_cast<int>(std::lround(8192.0f * event.value / kBendRange)), -8192, 8191);
      add(out, at, {0xe0, byte((position + 8192) & 0x7f), byte((position + 8192) >> 7)});
      break;
    }
    case Kind::kPressure: add(out, at, {0xd0, byte(seven_bits(event.value))}); break;
    case Kind::kExpression: add(out, at, {0xb0, 11, byte(seven_bits(event.value))}); break;
    default: break;
  }
}

}  // namespace ddsp_rt::plugin
