// A performance as notes: what the note door, a sequencer or another synthesizer would have to play.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "ddsp_rt/features.h"
#include "ddsp_rt/playing/note_event.h"

namespace ddsp_rt {

struct SegmenterSettings {
  int delay = 10;  // frames by which events lag behind the features, kShortestDelay to kLongestDelay
  float softest = -60.0f, loudest = -20.0f;  // dB, of velocity 1 and velocity 127, as in the note door
};

/// Finds the most likely line of notes by Viterbi's algorithm (1967) over quarter-semitone notes and silence, as pYIN's
/// note tracker does (Mauch et al. 2015), but decided `delay` frames behind the present. A frame costs as much as its
/// pitch strays from the note, up to a limit, so vibrato and the tracker's slips stay within a note. A change has its
/// price: a leap the least, a glide more, as vibrato glides, and octaves more, as trackers slip. A sudden rise in
/// loudness makes it cheap, and strikes a held note anew. Every method but the constructor is real-time.
class NoteSegmenter {
 public:
  static constexpr int kShortestDelay = 9, kLongestDelay = 64;  // frames
  static constexpr int kHeardAfter = 5;         // frames after which the analyser hears what happened, for dating it
  static constexpr float kFarthestBend = 6.5f;  // semitones: an octave's leap is a slip, its glide is not
  static constexpr float kPressureDb = 6.0f;    // that full pressure adds in the note door
  static constexpr int kMostEvents = 6;         // of one frame

  /// Throws std::invalid_argument for a delay out of range or velocities without a range.
  explicit NoteSegmenter(SegmenterSettings settings = {});

  void reset() noexcept;

  /// Hears a frame and calls `tell(event)` for what happened `delay` frames before it, on channel 0 and at offset 0:
  /// the bend, note on, note off; of a note that goes on, the bend (semitones from its key), pressure and expression
  /// (swelling or sinking from the loudness of its velocity) where they moved. A note that is slurred to comes before
  /// the end of the one before, a note struck anew after it.
  template <typename Tell>
  void next(const Features& features, Tell&& tell) noexcept {
    count_ = 0;
    step(features);
    for (int i = 0; i < count_; ++i) tell(events_[static_cast<std::size_t>(i)]);
  }

  int delay() const noexcept { return settings_.delay; }
  /// The key that sounds, as told; -1 in silence.
  int key() const noexcept { return key_; }

 private:
  static constexpr int kStepsPerSemitone = 4;
  static constexpr int kLowest = 12, kHighest = 120;  // keys
  static constexpr int kNotes = (kHighest - kLowest) * kStepsPerSemitone + 1;
  static constexpr int kSilence = kNotes;          // the state after the notes
  static constexpr std::int16_t kStruck = 0x4000;  // added to where a state came from: the note was struck anew

  struct Heard {
    float pitch = 0.0f;  // MIDI
    float loudness = kSilenceDb;
    bool voiced = false;
    bool sounding = false;
  };

  void step(const Features& features) noexcept;
  void listen(float loudness) noexcept;
  void advance(const Heard& heard) noexcept;
  void trace() noexcept;
  void say(NoteEvent::Kind kind, int key, float value) noexcept;
  void begin(int state) noexcept;
  void end() noexcept;
  void go_on() noexcept;
  const Heard& heard(int ago) const noexcept;

  SegmenterSettings settings_;
  std::size_t length_;                 // of the past that is kept, frames
  std::vector<float> costs_, before_;  // of each state's best past
  std::vector<int> ages_;              // frames since each state's best past began its note
  std::vector<std::int16_t> lowest_;   // scratch: the best note up to each
  std::vector<std::int16_t> back_;     // [length_][kNotes + 1] where each state came from
  std::vector<Heard> past_;            // [length_]
  std::vector<int> path_;              // [delay + 1] states, the present first
  std::int64_t frame_ = -1;
  float loud_ = kSilenceDb;  // the performance's level of late

  static constexpr int kStrikeFrames = 12;
  std::array<float, kStrikeFrames> recent_{};  // loudness
  bool armed_ = true;
  int since_struck_ = 0, since_leap_ = 0;  // frames

  int key_ = -1, state_ = kSilence;
  bool again_ = false;
  float told_bend_ = 0.0f, told_swell_ = 0.0f, velocity_db_ = 0.0f;
  std::array<NoteEvent, kMostEvents> events_;
  int count_ = 0;
};

}  // namespace ddsp_rt
