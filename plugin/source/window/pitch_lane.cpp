// Lines over a grid of octaves.
#include "pitch_lane.h"

#include <cmath>

#include "legend.h"
#include "look.h"
#include "words.h"

namespace ddsp_rt::plugin::window {
namespace {

constexpr float kVoiceLowest = 38.0f, kVoiceHighest = 84.0f;  // MIDI: what is sung is always to be seen
constexpr float kSameNote = 1.5f;                             // semitones between two columns of one line

}  // namespace

PitchLane::PitchLane(Doors door)
    : Display("Pitch", door == Doors::kTransfer
                           ? "Pitch of the last eight seconds: heard (dotted) and played (thick). The lighter band is "
                             "what the instrument has learnt."
                           : "Pitch of the last eight seconds. The lighter band is what the instrument has learnt."),
      door_(door) {}

void PitchLane::show(const Readings& readings, double) {
  Column column;
  if (door_ == Doors::kTransfer) {
    const PitchState state = pitch_state(readings, nullptr);
    if (state == PitchState::kInRange) {
      column.heard = midi_from_hz(readings.heard.f0);
      column.played[0] = midi_from_hz(readings.played_f0);
    }
  } else {
    for (std::size_t i = 0; i < static_cast<std::size_t>(readings.note_count); ++i)
      if (readings.notes[i].loudness > -75.0f) column.played[i] = midi_from_hz(readings.notes[i].f0);
  }
  history_.push(column);
  if (stillness_.moves(column.silent())) repaint();
}

void PitchLane::show(const Processor::Status& status) {
  if (status.playing == facts_) return;
  facts_ = status.playing;
  lowest_ = kVoiceLowest, highest_ = kVoiceHighest;
  if (facts_ && facts_->highest_hz > facts_->lowest_hz) {
    lowest_ = std::min(lowest_, std::floor(midi_from_hz(facts_->lowest_hz)) - 5.0f);
    highest_ = std::max(highest_, std::ceil(midi_from_hz(facts_->highest_hz)) + 4.0f);
  }
  repaint();
}

juce::String PitchLane::said() const {
  const Column& now = history_.newest();
  const auto name = [](float midi) {
    return midi == kNone ? juce::String("nothing") : key_name(juce::roundToInt(midi));
  };
  if (door_ != Doors::kTransfer) return "played " + name(now.played[0]);
  return "heard " + name(now.heard) + ", played " + name(now.played[0]);
}

float PitchLane::y(float midi, const juce::Rectangle<float>& area) const {
  return area.getBottom() - juce::jlimit(0.0f, 1.0f, (midi - lowest_) / (highest_ - lowest_)) * area.getHeight();
}

void PitchLane::draw_grid(juce::Graphics& g, juce::Rectangle<float> area) const {
  const juce::Rectangle<float> plot = area.withTrimmedLeft(kLabels);
  if (facts_ && facts_->highest_hz > facts_->lowest_hz) {
    const float top = y(midi_from_hz(facts_->highest_hz), area), bottom = y(midi_from_hz(facts_->lowest_hz), area);
    g.setColour(palette::kRange);
    g.fillRect(plot.withTop(top).withBottom(bottom));
    g.setColour(palette::kQuiet.withAlpha(0.5f));
    g.fillRect(plot.getX(), top - 0.5f, plot.getWidth(), 1.0f);
    g.fillRect(plot.getX(), bottom - 0.5f, plot.getWidth(), 1.0f);
  }
  for (int key = 12; key <= 120; key += 12) {
    const auto midi = static_cast<float>(key);
    if (midi > lowest_ && midi < highest_) draw_mark(g, plot, y(midi, area), key_name(key));
  }
}

template <typename Value>
juce::Path PitchLane::line(const juce::Rectangle<float>& area, Value&& value) const {
  juce::Path path;
  for (int i = 1; i < kLaneColumns; ++i) {
    const float midi = value(history_.at(i)), before = value(history_.at(i - 1));
    if (midi == kNone) continue;
    const bool goes_on = before != kNone && std::abs(before - midi) < kSameNote;
    if (!goes_on) path.startNewSubPath(column_x(i, area.getX(), area.getWidth()) - 1.0f, y(midi, area));
    path.lineTo(column_x(i, area.getX(), area.getWidth()), y(midi, area));
  }
  return path;
}

void PitchLane::paint(juce::Graphics& g) {
  juce::Rectangle<float> area = getLocalBounds().toFloat();
  const juce::Rectangle<float> legend = draw_title(g, area, "Pitch", kLabels);
  area.removeFromTop(2.0f);
  draw_grid(g, area);
  const juce::Rectangle<float> plot = area.withTrimmedLeft(kLabels).withTrimmedRight(4.0f);
  const juce::PathStrokeType thick(2.6f, juce::PathStrokeType::curved, juce::PathStrokeType::rounded);
  g.setColour(palette::kPlayed);
  for (std::size_t note = 0; note < Readings::kMostNotes; ++note) {
    const juce::Path path = line(plot, [note](const Column& column) { return column.played[note]; });
    if (!path.isEmpty()) g.strokePath(path, thick);
  }
  g.setColour(palette::kHeard);
  for (int i = 0; i < kLaneColumns; ++i)
    if (const float heard = history_.at(i).heard; heard != kNone && history_.dotted(i))
      draw_dot(g, {column_x(i, plot.getX(), plot.getWidth()), y(heard, area)});
  if (door_ == Doors::kTransfer) draw_legend(g, legend, "heard", "played");
}

}  // namespace ddsp_rt::plugin::window
