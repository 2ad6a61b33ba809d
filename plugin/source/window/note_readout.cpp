// A name, a needle, a few words.
#include "note_readout.h"

#include "legend.h"
#include "look.h"
#include "warning_sign.h"

namespace ddsp_rt::plugin::window {
namespace {

// The note door says nothing of hearing: what it plays is looked at as if it were heard.
Readings as_heard(Readings readings) {
  readings.heard.f0 = readings.played_f0;
  readings.heard.loudness = readings.played_loudness;
  readings.heard.periodicity = 1.0f;
  return readings;
}

}  // namespace

NoteReadout::NoteReadout(Doors door)
    : Display(door == Doors::kTransfer ? "Note heard" : "Note played",
              door == Doors::kTransfer
                  ? "The note that is heard, how far it is from equal temperament (A4 = 440 Hz), and whether what is "
                    "played lies in what the instrument has learnt."
                  : "The loudest note, how far it is from equal temperament (A4 = 440 Hz), and whether it lies in what "
                    "the instrument has learnt."),
      door_(door) {}

void NoteReadout::show(const Readings& given, double) {
  const Readings readings = door_ == Doors::kTransfer ? given : as_heard(given);
  const InstrumentFacts* facts = facts_ ? &*facts_ : nullptr;
  state_.offer(pitch_state(readings, facts));
  Shown next = shown_;
  next.state = state_.get();
  next.bypassed = readings.bypassed;
  next.voices = readings.note_count;
  if (pitch_state(readings, nullptr) == PitchState::kInRange) {
    next.note = nearest_note(readings.heard.f0);
    next.played_key = nearest_note(readings.played_f0).key;
  }
  if (next == shown_) return;
  shown_ = next;
  repaint();
}

void NoteReadout::show(const Processor::Status& status) {
  if (status.playing == facts_) return;
  facts_ = status.playing;
  repaint();
}

juce::String NoteReadout::state_words() const {
  if (shown_.bypassed) return "bypassed";
  if (door_ != Doors::kTransfer && shown_.state == PitchState::kSilent) return "no note sounds";
  return words(shown_.state, facts_ ? &*facts_ : nullptr);
}

juce::String NoteReadout::second_line() const {
  if (!has_note()) return {};
  if (door_ != Doors::kTransfer) return juce::String(shown_.voices) + (shown_.voices == 1 ? " voice" : " voices");
  return shown_.played_key == shown_.note.key ? juce::String() : "plays " + key_name(shown_.played_key);
}

juce::String NoteReadout::said() const {
  juce::String line;
  if (has_note()) line << key_name(shown_.note.key) << ", " << cents_text(shown_.note.cents) << ", ";
  line << state_words();
  if (second_line().isNotEmpty()) line << ", " << second_line();
  return line;
}

void NoteReadout::paint(juce::Graphics& g) {
  juce::Rectangle<float> area = getLocalBounds().toFloat();
  draw_title(g, area, door_ == Doors::kTransfer ? "Heard" : "Playing");
  g.setFont(face(54.0f, has_note()));
  g.setColour(has_note() ? palette::kText : palette::kTrack);
  g.drawText(has_note() ? key_name(shown_.note.key) : juce::String::fromUTF8("\xe2\x80\x93"), area.removeFromTop(58.0f),
             juce::Justification::centredLeft);
  g.setFont(face(15.0f));
  g.setColour(palette::kText);
  const juce::Rectangle<float> cents = area.removeFromTop(22.0f);
  if (has_note()) g.drawText(cents_text(shown_.note.cents), cents, juce::Justification::centredLeft);

  const juce::Rectangle<float> scale = area.removeFromTop(20.0f).reduced(5.0f, 0.0f);
  g.setColour(palette::kTrack);
  g.fillRoundedRectangle(scale.withSizeKeepingCentre(scale.getWidth(), 3.0f), 1.5f);
  g.fillRect(scale.withSizeKeepingCentre(1.5f, 12.0f));
  if (has_note()) {
    const float x = scale.getCentreX() + scale.getWidth() * 0.01f * static_cast<float>(shown_.note.cents);
    g.setColour(door_ == Doors::kTransfer ? palette::kHeard : palette::kPlayed);
    g.fillEllipse(x - 5.0f, scale.getCentreY() - 5.0f, 10.0f, 10.0f);
  }
  area.removeFromTop(8.0f);
  g.setFont(face(14.0f));
  g.setColour(palette::kPlayed.brighter(0.3f));
  if (const juce::String line = second_line(); line.isNotEmpty())
    g.drawText(line, area.removeFromTop(20.0f), juce::Justification::centredLeft);
  const bool warn = worrying(shown_.state) && !shown_.bypassed;
  juce::Rectangle<float> text = area.removeFromTop(40.0f);
  if (warn) draw_warning_sign(g, text.removeFromLeft(20.0f).removeFromTop(19.0f));
  g.setColour(warn ? palette::kWarning : palette::kQuiet);
  g.setFont(face(14.0f));
  const juce::String advised = warn && door_ == Doors::kTransfer ? advice(shown_.state) : juce::String();
  g.drawFittedText(state_words(), text.toNearestInt(), juce::Justification::topLeft, 2, 1.0f);
  g.setColour(palette::kQuiet);
  g.setFont(face(12.5f));
  g.drawFittedText(advised, area.removeFromTop(34.0f).toNearestInt(), juce::Justification::topLeft, 2, 1.0f);
}

}  // namespace ddsp_rt::plugin::window
