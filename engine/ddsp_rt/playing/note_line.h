// One note as it sounds: its pitch, its loudness and its place in time, played by a voice of its own.
#pragma once

#include <cstdint>
#include <vector>

#include "ddsp_rt/playing/channels.h"
#include "ddsp_rt/playing/note_envelope.h"
#include "ddsp_rt/playing/voice.h"

namespace ddsp_rt {

/// What every line follows, a set a frame.
struct NoteSettings {
  EnvelopeShape envelope;
  float semitones = 0.0f;                    // of transposition
  float glide = 0.0f;                        // ms in which the pitch is 95 % at a new note
  float vibrato_rate = 5.5f;                 // Hz
  float vibrato_depth = 0.0f;                // cents, to either side
  float vibrato_delay = 0.0f;                // ms from the note's start
  float softest = -60.0f, loudest = -20.0f;  // dB, of velocity 1 and velocity 127
  float share = 0.0f;                        // of the way to the second instrument
  float curve = 0.0f;                        // of velocity: -1 plays a light touch loud, 1 soft
};

/// A line answers an event in the frame after it, as late within that frame as the event came within its own: a note
/// sounds 4 ms after its event, to the sample. Every method but the constructor is real-time.
class NoteLine {
 public:
  NoteLine(const Instruments& instruments, int rate, std::uint32_t seed);

  void reset() noexcept;

  /// A note begins, `late` samples into the frame to come, its pitch gliding from `from` (a key). A voice that is
  /// silent begins with the networks as they are when `rested`; one that sounds goes on, softer for a moment, so that
  /// nothing clicks.
  void start(int channel, int key, float velocity, float from, int late, const Voice::Memory& rested) noexcept;

  /// A line that is idle goes on with the note of `before`, which another instrument plays.
  void take_over(const NoteLine& before, const Voice::Memory& rested) noexcept;

  /// The line goes on to another key without a new attack.
  void slur(int channel, int key, float velocity) noexcept;

  void release() noexcept { now_.envelope.release(); }
  void cut() noexcept { now_.envelope.cut(); }  // silent within 20 ms

  /// Settles what the network hears in the frame to come.
  void listen(const NoteSettings& settings, const ChannelState& channel) noexcept;

  /// Says what the network will hear in the frame after, if nothing happens until then.
  void expect(const NoteSettings& settings, const ChannelState& channel) noexcept;
  const Features& expected() const noexcept { return expected_; }
  bool foresees() const noexcept { return right_ >= kTrusted; }  // what it expected of late has come

  /// Adds the frame to `out`, once the networks have answered.
  void play(VoiceSettings settings, const FrameClock::Frame& frame, float* out) noexcept;

  bool idle() const noexcept { return now_.envelope.over() && rung_out_; }  // has nothing to play
  bool held() const noexcept { return now_.envelope.held(); }               // neither released nor over
  bool plays(int channel, int key) const noexcept { return channel_ == channel && key_ == key; }
  int channel() const noexcept { return channel_; }
  int key() const noexcept { return key_; }
  const Features& features() const noexcept { return features_; }
  Voice& voice() noexcept { return voice_; }
  const Voice& voice() const noexcept { return voice_; }

  bool pedalled = false;   // its key is up, the pedal holds it
  std::int64_t order = 0;  // of its note among all that began

 private:
  /// Where the note is on its way; moves on by itself, frame by frame.
  struct Course {
    NoteEnvelope envelope;
    float velocity = 0.0f;
    float swell = 0.0f;  // dB, of pressure and expression
    float timbre = 0.5f;
    bool fresh = true;           // no frame has sounded since the line was idle
    float pitch = 0.0f;          // MIDI, gliding to key_
    double vibrato_phase = 0.0;  // cycles
    std::int64_t frames = 0;     // since the note began
  };

  Features hear(Course& course, const NoteSettings& settings, const ChannelState& channel) const noexcept;
  float loudness(Course& course, const NoteSettings& settings, const ChannelState& channel) const noexcept;
  static float vibrato(Course& course, const NoteSettings& settings) noexcept;
  void sound_late(int length, float* out) noexcept;

  // Frames in a row that a line must have foreseen: controllers that move are not guessed at for nothing.
  static constexpr int kTrusted = 4;

  Voice voice_;
  Course now_;
  Features features_, expected_;
  bool expects_ = false;  // the next frame
  int right_ = 0;         // frames in a row, up to kTrusted, that were as expected
  int channel_ = 0, key_ = 0;
  float velocity_ = 0.0f;
  int late_ = 0, late_before_ = 0;
  bool rung_out_ = true;     // nothing is left in the past either
  std::size_t longest_;      // frame
  std::vector<float> line_;  // `longest_` samples of the past, then the present frame
};

}  // namespace ddsp_rt
