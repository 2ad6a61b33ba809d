// The note of now, in large letters.
#pragma once

#include <optional>

#include "display.h"
#include "words.h"

namespace ddsp_rt::plugin::window {

/// Its name, how far it is off, and where it stands against the instrument's range, in words.
class NoteReadout final : public Display {
 public:
  explicit NoteReadout(Doors door);

  void show(const Readings& readings, double now) override;
  void show(const Processor::Status& status) override;
  juce::String said() const override;
  void paint(juce::Graphics& g) override;

 private:
  /// What is seen, to be compared.
  struct Shown {
    PitchState state = PitchState::kSilent;
    NearestNote note;
    int played_key = 0, voices = 0;
    bool bypassed = false;
    bool operator==(const Shown& other) const {
      return state == other.state && note.key == other.note.key && note.cents == other.note.cents &&
             played_key == other.played_key && voices == other.voices && bypassed == other.bypassed;
    }
  };

  bool has_note() const { return shown_.state == PitchState::kInRange || shown_.state >= PitchState::kBelowRange; }
  juce::String state_words() const;
  juce::String second_line() const;

  const Doors door_;
  std::optional<InstrumentFacts> facts_;
  Steady<PitchState> state_{PitchState::kSilent, 4};
  Shown shown_;
};

}  // namespace ddsp_rt::plugin::window
