// One line of notes: what it foresees of the frame after.
#include <doctest/doctest.h>

#include <string>

#include "ddsp_rt/playing/note_line.h"

namespace {

using namespace ddsp_rt;

TEST_CASE("a held note is foreseen through attack, glide and vibrato, and not while a controller moves it") {
  const Instruments instruments(Instrument::load(std::string(DDSP_RT_TEST_DATA) + "/golden.ddsp"));
  NoteLine line(instruments, 48000, 1);
  NoteSettings settings;
  settings.glide = 100.0f;
  settings.vibrato_depth = 30.0f;
  ChannelState channel;
  const auto frames = [&](int count, float bent, bool asked = true) {
    int right = 0;
    for (int frame = 0; frame < count; ++frame) {
      if (asked) line.expect(settings, channel);
      channel.bend += bent;
      line.listen(settings, channel);
      if (asked && sound_alike(line.features(), line.expected())) ++right;
    }
    return right;
  };
  line.start(0, 60, 0.8f, 55.0f, 0, Voice::Memory{instruments.first()->decoder.make_state()});
  CHECK(frames(50, 0.0f) == 50);
  CHECK(line.foresees());
  CHECK(frames(1, 0.1f) == 0);
  CHECK_FALSE(line.foresees());
  CHECK(frames(50, 0.1f) == 0);
  CHECK_FALSE(line.foresees());
  CHECK(frames(1, 0.0f) == 1);  // once is no rule
  CHECK_FALSE(line.foresees());
  frames(50, 0.0f);
  CHECK(line.foresees());
  frames(1, 0.1f, false);  // nothing was expected, so nothing was wrong
  CHECK(line.foresees());
  line.release();
  frames(1, 0.0f);
  CHECK(line.foresees());  // it was asked after its key
  line.start(0, 62, 0.8f, 60.0f, 0, Voice::Memory{instruments.first()->decoder.make_state()});
  CHECK_FALSE(line.foresees());
}

}  // namespace
