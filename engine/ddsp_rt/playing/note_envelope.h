// Attack, decay, sustain and release of a note, in dB of the loudness that the network hears.
#pragma once

namespace ddsp_rt {

/// Times in milliseconds; every part is a straight line in dB.
struct EnvelopeShape {
  float attack = 30.0f;    // from kAttackFrom to 0 dB
  float decay = 0.0f;      // from 0 dB to the sustain level
  float sustain = 0.0f;    // dB, 0 or less
  float release = 250.0f;  // for a fall by 60 dB
};

/// One value a frame. Every method is real-time.
class NoteEnvelope {
 public:
  static constexpr float kAttackFrom = -40.0f;   // dB: where an attack begins
  static constexpr float kStruckAgain = -20.0f;  // dB: where it begins at most if the note still sounds
  static constexpr float kEnd = -100.0f;         // dB: a released note is over below it

  void start() noexcept;
  void release() noexcept;
  void cut() noexcept { stage_ = Stage::kOver; }  // from the next frame on: one that starts before it is struck again
  void reset() noexcept;

  /// The next frame's level, dB; kEnd once the note is over.
  float next(const EnvelopeShape& shape) noexcept;

  bool held() const noexcept { return stage_ == Stage::kAttack || stage_ == Stage::kDecay; }
  bool over() const noexcept { return stage_ == Stage::kOver; }
  float level() const noexcept { return db_; }  // of the last frame, dB

 private:
  enum class Stage { kAttack, kDecay, kRelease, kOver };

  Stage stage_ = Stage::kOver;
  bool first_ = false;  // no frame of this attack has passed
  float db_ = kEnd;
};

}  // namespace ddsp_rt
