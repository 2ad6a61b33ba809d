// The four stages of a note.
#include "ddsp_rt/playing/note_envelope.h"

#include <algorithm>

#include "ddsp_rt/frame_clock.h"

namespace ddsp_rt {
namespace {

constexpr float kFrame = 1000.0f / kFrameRate;  // milliseconds
constexpr float kReleaseBy = 60.0f;             // dB within the release time

/// How far a line that takes `milliseconds` for `db` moves in a frame; the whole way where it takes less than one.
float step(float db, float milliseconds) noexcept { return db * kFrame / std::max(milliseconds, kFrame); }

}  // namespace

void NoteEnvelope::start() noexcept {
  db_ = std::clamp(db_, kAttackFrom, kStruckAgain);
  stage_ = Stage::kAttack;
  first_ = true;
}

void NoteEnvelope::release() noexcept {
  if (!over()) stage_ = Stage::kRelease;
}

void NoteEnvelope::reset() noexcept {
  stage_ = Stage::kOver;
  db_ = kEnd;
}

float NoteEnvelope::next(const EnvelopeShape& shape) noexcept {
  switch (stage_) {
    case Stage::kAttack:
      // The first frame of an attack that takes time shows where it begins.
      if (!first_ || shape.attack < kFrame) db_ += step(-kAttackFrom, shape.attack);
      first_ = false;
      if (db_ >= 0.0f) {
        db_ = 0.0f;
        stage_ = Stage::kDecay;
      }
      break;
    case Stage::kDecay: {
      // Both ways, since the sustain level may be moved under a sounding note.
      const float by = step(std::max(-shape.sustain, 1.0f), shape.decay);
      db_ = db_ > shape.sustain ? std::max(shape.sustain, db_ - by) : std::min(shape.sustain, db_ + by);
      break;
    }
    case Stage::kRelease:
      db_ -= step(kReleaseBy, shape.release);
      if (db_ <= kEnd) reset();
      break;
    case Stage::kOver: db_ = kEnd; break;
  }
  return db_;
}

}  // namespace ddsp_rt
