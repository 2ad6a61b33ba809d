// The four stages of a note, in dB.
#include "ddsp_rt/playing/note_envelope.h"

#include <doctest/doctest.h>

using namespace ddsp_rt;

namespace {

constexpr int kSettles = 250;  // frames, a second

float after(NoteEnvelope& envelope, const EnvelopeShape& shape, int frames) {
  float level = 0.0f;
  for (int frame = 0; frame < frames; ++frame) level = envelope.next(shape);
  return level;
}

}  // namespace

TEST_CASE("An attack is heard from where it begins, and stands at 0 dB when its time has passed") {
  NoteEnvelope envelope;
  envelope.start();
  const EnvelopeShape shape{.attack = 40.0f};  // ten frames
  CHECK(envelope.next(shape) == NoteEnvelope::kAttackFrom);
  CHECK(after(envelope, shape, 5) == doctest::Approx(0.5f * NoteEnvelope::kAttackFrom));
  CHECK(after(envelope, shape, 5) == 0.0f);
}

TEST_CASE("A sustain level that is moved under a note is followed both ways, in the time of the decay") {
  NoteEnvelope envelope;
  envelope.start();
  EnvelopeShape shape{.attack = 0.0f, .decay = 100.0f, .sustain = -20.0f};
  CHECK(after(envelope, shape, kSettles) == -20.0f);
  shape.sustain = -10.0f;
  CHECK(after(envelope, shape, 5) == doctest::Approx(-18.0f));  // 10 dB in 100 ms
  CHECK(after(envelope, shape, kSettles) == -10.0f);
  shape.sustain = -30.0f;
  CHECK(after(envelope, shape, kSettles) == -30.0f);
}
