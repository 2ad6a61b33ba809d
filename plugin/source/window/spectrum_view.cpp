// Bars over an area.
#include "spectrum_view.h"

#include <cmath>

#include "legend.h"
#include "look.h"
#include "words.h"

namespace ddsp_rt::plugin::window {
namespace {

constexpr float kLowestDb = -90.0f, kHighestDb = -10.0f;
constexpr float kLowestHz = 50.0f;

float db(float magnitude) { return 20.0f * std::log10(std::max(magnitude, 1e-6f)); }

float x_of(float hz, float nyquist, const juce::Rectangle<float>& area) {
  return area.getX() + area.getWidth() * std::log(std::max(hz, kLowestHz) / kLowestHz) / std::log(nyquist / kLowestHz);
}

float y_of(float level, const juce::Rectangle<float>& area) {
  return area.getBottom() - area.getHeight() * juce::jlimit(0.0f, 1.0f, (level - kLowestDb) / (kHighestDb - kLowestDb));
}

}  // namespace

SpectrumView::SpectrumView()
    : Display("Harmonics and noise",
              "What is played: each bar is a harmonic, the grey area the noise; of the loudest note.") {
  shown_.harmonic_amplitude.fill(0.0f);
  shown_.noise_magnitude.fill(0.0f);
}

bool SpectrumView::silent() const {
  for (int i = 0; i < shown_.harmonics; ++i)
    if (db(shown_.harmonic_amplitude[static_cast<std::size_t>(i)]) > kLowestDb) return false;
  for (int i = 0; i < shown_.noise_bands; ++i)
    if (db(shown_.noise_magnitude[static_cast<std::size_t>(i)]) > kLowestDb) return false;
  return true;
}

void SpectrumView::show(const Readings& readings, double) {
  const bool rescaled = readings.nyquist != shown_.nyquist;
  shown_ = readings;
  const bool now_silent = silent();
  if (now_silent && drawn_silent_ && !rescaled) return;
  drawn_silent_ = now_silent;
  repaint();
}

juce::String SpectrumView::said() const {
  if (silent()) return "silent";
  int heard = 0;
  for (int i = 0; i < shown_.harmonics; ++i)
    heard += db(shown_.harmonic_amplitude[static_cast<std::size_t>(i)]) > -60.0f;
  return juce::String(heard) + " harmonics over -60 dB";
}

juce::Path SpectrumView::noise_area(const juce::Rectangle<float>& area) const {
  juce::Path path;
  if (shown_.noise_bands < 2) return path;
  path.startNewSubPath(area.getBottomLeft());
  for (int i = 0; i < shown_.noise_bands; ++i) {
    const float hz = shown_.nyquist * static_cast<float>(i) / static_cast<float>(shown_.noise_bands - 1);
    path.lineTo(x_of(hz, shown_.nyquist, area), y_of(db(shown_.noise_magnitude[static_cast<std::size_t>(i)]), area));
  }
  path.lineTo(area.getBottomRight());
  path.closeSubPath();
  return path;
}

void SpectrumView::draw_grid(juce::Graphics& g, const juce::Rectangle<float>& area) const {
  g.setFont(face(11.5f));
  for (const int hz : {100, 1000, 5000}) {
    const float x = x_of(static_cast<float>(hz), shown_.nyquist, area);
    if (x > area.getRight() - 4.0f) continue;
    g.setColour(palette::kLine);
    g.fillRect(x - 0.5f, area.getY(), 1.0f, area.getHeight());
    g.setColour(palette::kQuiet);
    g.drawText(hz < 1000 ? juce::String(hz) + " Hz" : juce::String(hz / 1000) + " kHz",
               juce::Rectangle<float>(x - 25.0f, area.getBottom() + 2.0f, 50.0f, 14.0f), juce::Justification::centred);
  }
  for (const int level : {-30, -60})
    draw_mark(g, area, y_of(static_cast<float>(level), area),
              juce::String::fromUTF8("\xe2\x88\x92") + juce::String(-level));
}

void SpectrumView::paint(juce::Graphics& g) {
  juce::Rectangle<float> area = getLocalBounds().toFloat();
  const juce::Rectangle<float> title = draw_title(g, area, "Harmonics", kLabels);
  g.setFont(face(12.0f));
  g.drawText("noise", title, juce::Justification::centredRight);
  const float word = face(12.0f).getStringWidthFloat("noise");
  g.setColour(palette::kNoise.withAlpha(0.5f));
  g.fillRect(title.getRight() - word - 21.0f, title.getCentreY() - 4.0f, 15.0f, 8.0f);
  area.removeFromTop(2.0f);
  area.removeFromBottom(18.0f);
  area = area.withTrimmedLeft(kLabels);
  draw_grid(g, area);
  g.setColour(palette::kNoise.withAlpha(0.4f));
  g.fillPath(noise_area(area));
  g.setColour(palette::kPlayed);
  for (int i = 0; i < shown_.harmonics; ++i) {
    const float hz = shown_.played_f0 * static_cast<float>(i + 1);
    if (hz >= shown_.nyquist) break;
    const float level = db(shown_.harmonic_amplitude[static_cast<std::size_t>(i)]);
    if (level <= kLowestDb) continue;
    const float x = x_of(hz, shown_.nyquist, area), next = x_of(hz + shown_.played_f0, shown_.nyquist, area);
    const float width = juce::jlimit(0.8f, 5.0f, 0.55f * (next - x));
    g.fillRect(
        juce::Rectangle<float>(x - 0.5f * width, y_of(level, area), width, area.getBottom() - y_of(level, area)));
  }
}

}  // namespace ddsp_rt::plugin::window
