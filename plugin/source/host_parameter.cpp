// Values, their texts, and the way back.
#include "host_parameter.h"

#include <algorithm>
#include <cmath>

namespace ddsp_rt::plugin {
namespace {

juce::String text(std::string_view view) { return juce::String::fromUTF8(view.data(), static_cast<int>(view.size())); }

/// A level's lowest value mutes; the loudness of a held note and the gate are levels that do not.
bool mutes(const ParameterInfo& info) { return info.scale == Scale::kDecibels && info.minimum <= -60.0f; }

int decimals(const ParameterInfo& info) {
  if (info.scale == Scale::kStepped) return 0;
  return info.unit == "ms" || info.unit == "cents" || info.unit == "%" ? 0
         : info.unit == "ratio" || info.unit == "exponent"             ? 2
                                                                       : 1;
}

}  // namespace

HostParameter::HostParameter(const ParameterInfo& info)
    : RangedAudioParameter(juce::ParameterID(text(info.name), 1), text(info.title)),
      info_(info),
      instruments_own_(info.name == "attack" || info.name.starts_with("vibrato_")),
      range_(info.minimum, info.maximum, info.scale == Scale::kStepped ? 1.0f : 0.0f),
      value_(info.initial),
      own_(info.initial) {}

void HostParameter::put(float value) noexcept {
  value = admitted(value);
  // What a host echoes has been through a share from 0 to 1, and may come after the next instrument's own.
  const auto echoes = [&](float told) { return std::abs(value - told) <= 1e-5f * (info_.maximum - info_.minimum); };
  if (left_alone()) {
    if (echoes(own_.load(std::memory_order_relaxed))) return;
    if (echoes(former_.load(std::memory_order_relaxed))) return former_.store(kNothing, std::memory_order_relaxed);
  }
  move(value);
}

void HostParameter::move(float value) noexcept {
  value_.store(admitted(value), std::memory_order_relaxed);
  moved_.store(true, std::memory_order_relaxed);
}

void HostParameter::set_own(std::optional<float> value) noexcept {
  const float own = admitted(value.value_or(info_.initial));
  if (const float before = own_.exchange(own, std::memory_order_relaxed); before != own)
    former_.store(before, std::memory_order_relaxed);
  measured_.store(value.has_value(), std::memory_order_relaxed);
}

float HostParameter::admitted(float value) const noexcept {
  if (std::isnan(value)) return info_.initial;
  value = std::clamp(value, info_.minimum, info_.maximum);
  return info_.scale == Scale::kStepped ? std::round(value) : value;
}

void HostParameter::change(float value) {
  beginChangeGesture();
  setValueNotifyingHost(range_.convertTo0to1(admitted(value)));
  endChangeGesture();
}

void HostParameter::restore() {
  leave_alone();
  change(initial());
}

juce::String HostParameter::text_of(float value) const {
  value = admitted(value);
  if (is_switch()) return value >= 0.5f ? "on" : "off";
  if (name_of) {
    const juce::String named = name_of(static_cast<int>(value));
    if (named.isNotEmpty()) return named;
  }
  if (mutes(info_) && value <= info_.minimum) return "muted";
  if (info_.unit == "slot") return juce::String(static_cast<int>(value) + 1);
  const int places = decimals(info_);  // JUCE takes 0 for "as many as there are"
  juce::String number = places > 0 ? juce::String(value, places) : juce::String(juce::roundToInt(value));
  if (number.containsOnly("-0.")) number = number.removeCharacters("-");  // no minus before nothing
  return info_.unit == "ratio" || info_.unit == "exponent" || info_.unit == "voices" ? number
                                                                                     : number + " " + text(info_.unit);
}

juce::String HostParameter::getText(float share, int longest) const {
  const juce::String full = text_of(range_.convertFrom0to1(juce::jlimit(0.0f, 1.0f, share)));
  return longest > 0 ? full.substring(0, longest) : full;
}

float HostParameter::getValueForText(const juce::String& typed) const {
  const juce::String word = typed.trim().toLowerCase();
  float value = info_.initial;
  if (is_switch() && (word == "on" || word == "yes" || word == "true")) {
    value = 1.0f;
  } else if (is_switch() && (word == "off" || word == "no" || word == "false")) {
    value = 0.0f;
  } else if (mutes(info_) && (word == "muted" || word.startsWith("-inf"))) {
    value = info_.minimum;
  } else {
    bool named = false;
    for (int i = 0; name_of && !named && i < steps(); ++i)
      if (name_of(i).equalsIgnoreCase(typed.trim())) value = static_cast<float>(i), named = true;
    if (!named && !word.containsAnyOf("0123456789")) return getValue();  // no number: what is set stays
    if (!named) {
      value = word.replaceCharacter(',', '.').getFloatValue();
      if (word.endsWithChar('%') && info_.unit != "%") value /= 100.0f;
      if (info_.unit == "slot") value -= 1.0f;
    }
  }
  return range_.convertTo0to1(admitted(value));
}

int HostParameter::getNumSteps() const {
  return isDiscrete() ? steps() : juce::AudioProcessor::getDefaultNumParameterSteps();
}

}  // namespace ddsp_rt::plugin
