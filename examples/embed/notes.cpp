// The engine played from keys: a chord, one of its notes bent, and what sounds on after it.
//   notes INSTRUMENT.ddsp [OUT.f32]     raw 32-bit floats, one channel, 48 kHz
#include <ddsp_rt/instrument/instrument.h>
#include <ddsp_rt/live/live.h>
#include <ddsp_rt/playing/notes.h>

#include <cmath>
#include <cstdio>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <vector>

namespace {

constexpr int kRate = 48000;
constexpr int kBlock = 64;

using ddsp_rt::NoteEvent;
using Kind = ddsp_rt::NoteEvent::Kind;

// What a host would collect while a block passes: events, each with its sample in the block.
std::vector<NoteEvent> events_of(std::size_t block) {
  const auto at = [block](double seconds) { return block == static_cast<std::size_t>(seconds * kRate) / kBlock; };
  const auto note = [](int offset, int channel, int key) {
    return NoteEvent{offset, Kind::kNoteOn, channel, key, 0.7f};
  };
  if (at(0.0)) return {note(0, 0, 55), note(20, 1, 62), note(40, 2, 71)};
  if (at(0.8)) return {{10, Kind::kBend, 2, 0, 1.0f}};  // of the third channel's note alone
  if (at(1.5)) return {{0, Kind::kAllNotesOff, ddsp_rt::kAllChannels, 0, 0.0f}};
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::fprintf(stderr, "usage: notes INSTRUMENT.ddsp [OUT.f32]\n");
    return 2;
  }
  try {
    ddsp_rt::Live<ddsp_rt::Notes> player(kRate);
    player.load(ddsp_rt::Instrument::load(argv[1]));  // again at any time: what is held goes on in the new instrument
    player.set(ddsp_rt::Parameter::kVibratoDepth, 20.0f);

    std::vector<float> out(2 * kRate);
    for (std::size_t block = 0; block < out.size() / kBlock; ++block)
      player.process({events_of(block), kBlock}, out.data() + block * kBlock, kBlock);

    double power = 0.0;
    for (const float sample : out) power += static_cast<double>(sample) * sample;
    std::printf("%zu samples, %.1f dBFS rms, %d voices still fade\n", out.size(),
                10.0 * std::log10(power / static_cast<double>(out.size()) + 1e-12), player.current()->sounding());
    if (argc == 3) {
      std::ofstream file(argv[2], std::ios::binary);
      file.write(reinterpret_cast<const char*>(out.data()), static_cast<std::streamsize>(out.size() * sizeof(float)));
      if (!file.flush()) throw std::runtime_error(std::string(argv[2]) + ": cannot be written");
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
