// A block of DDSP-RT Transfer.
#include "transfer_processor.h"

#include <algorithm>
#include <cmath>

#include "show_voice.h"

namespace ddsp_rt::plugin {
namespace {

bool equal(const Fitting& one, const Fitting& other) {
  return one.octave == other.octave && one.gate_db == other.gate_db &&
         one.loudness.offset_db == other.loudness.offset_db && one.loudness.range == other.loudness.range &&
         one.loudness.loud_db == other.loudness.loud_db;
}

}  // namespace

TransferProcessor::TransferProcessor()
    : LiveProcessor(Doors::kTransfer, BusesProperties()
                                          .withInput("Input", juce::AudioChannelSet::stereo())
                                          .withOutput("Output", juce::AudioChannelSet::stereo())),
      align_(own("align")),
      dry_wet_(own("dry_wet")),
      midi_out_(own("midi_out")) {
  start();
}

bool TransferProcessor::remake(int rate) {
  if (!LiveProcessor::remake(rate)) return false;
  dry_path_.prepare(rate);
  input_meter_.emplace(rate);
  return true;
}

int TransferProcessor::wanted_latency(double delay_ms) const {
  return align_.on() ? static_cast<int>(std::lround(0.001 * delay_ms * live_->rate())) : 0;
}

// ---- the fit --------------------------------------------------------------------------------------------------------

void TransferProcessor::order(const FitOrder& wanted) {
  const std::lock_guard lock(fit_mutex_);
  const unsigned serial = ordered_.serial + 1;
  ordered_ = wanted;
  ordered_.serial = serial;
  if (!wanted.learn) known_ = ordered_;
  orders_.write(ordered_);
}

void TransferProcessor::learn() { order({.fitting = {}, .learn = true}); }
void TransferProcessor::set_fitting(const Fitting& fitting) { order({.fitting = fitting}); }

std::optional<Fitting> TransferProcessor::fitting() {
  const std::lock_guard lock(fit_mutex_);
  if (FitOrder told; told_.read(told) && told.serial >= ordered_.serial) known_ = told;
  return known_.fitting;
}

void TransferProcessor::follow_fit() noexcept {
  FitOrder wanted;
  if (!orders_.read(wanted)) return;
  played_.serial = wanted.serial;
  if (wanted.learn) {
    live_->learn();
  } else {
    live_->set_fitting(wanted.fitting);
  }
}

void TransferProcessor::tell_fit() noexcept {
  const bool learning = live_->learning();
  if (equal(live_->fitting(), played_.fitting) && learning == played_.learn) return;
  played_.fitting = live_->fitting();
  played_.learn = learning;
  told_.write(played_);
}

// ---- a block --------------------------------------------------------------------------------------------------------

void TransferProcessor::take(juce::MidiBuffer& midi) {
  midi.clear();
  if (midi_out_.on()) midi.ensureSize(MidiPerformance::kRoom);  // once for each buffer of the host's
}

void TransferProcessor::silence() {
  LiveProcessor::silence();
  if (!playable_) return;
  follow_parameters();
  mix(bypass_switch_.on());
  dry_path_.reset();
}

void TransferProcessor::mix(bool bypassed) noexcept {
  const float wet = dry_wet_.value();
  dry_path_.set({.dry = (1.0f - wet) * live_->parameters().gain(Parameter::kOutputGain),
                 .wet = wet,
                 .bypassed = bypassed,
                 .delay = reported_delay()});
}

// As MIDI the performance is heard frame by frame: in steps no longer than a frame at most one begins in each.
void TransferProcessor::play(const float* in, float* out, int first, int n, juce::MidiBuffer& midi) noexcept {
  if (!midi_out_.on()) {
    if (performance_.started()) performance_.end(midi, first);
    live_->process(in, out, n);
    return;
  }
  const int step = live_->rate() / kFrameRate;
  for (int done = 0; done < n; done += step) {
    const Transfer* const before = live_->current();
    const std::int64_t frames = before ? before->frames() : 0;
    live_->process(in + done, out + done, std::min(step, n - done));
    const Transfer* const now = live_->current();
    if (now && (now != before || now->frames() != frames))
      performance_.hear(now->fitted(), now->instrument(), midi, first + done);
  }
}

void TransferProcessor::sound(juce::AudioBuffer<float>& buffer, juce::MidiBuffer& midi, bool bypassed,
                              bool watched) noexcept {
  const int ins = std::min(getTotalNumInputChannels(), DryPath::kChannels),
            outs = std::min(getTotalNumOutputChannels(), DryPath::kChannels), n = buffer.getNumSamples();
  if (ins == 0 || outs == 0) return buffer.clear();
  follow_fit();
  mix(bypassed);
  std::array<const float*, DryPath::kChannels> in{};
  std::array<float*, DryPath::kChannels> out{};
  for (int done = 0; done < n; done += kChunk) {
    const int count = std::min(n - done, kChunk);
    for (int c = 0; c < ins; ++c) in[static_cast<std::size_t>(c)] = buffer.getReadPointer(c, done);
    for (int c = 0; c < outs; ++c) out[static_cast<std::size_t>(c)] = buffer.getWritePointer(c, done);
    for (int i = 0; i < count; ++i)
      mono_[static_cast<std::size_t>(i)] = ins == 1 ? in[0][i] : 0.5f * (admitted(in[0][i]) + admitted(in[1][i]));
    if (watched) {
      input_meter_->add(mono_.data(), count);
      clipped_ += static_cast<int>(
          std::count_if(mono_.begin(), mono_.begin() + count, [](float x) { return std::abs(x) >= 1.0f; }));
    }
    play(mono_.data(), wet_.data(), done, count, midi);
    dry_path_.process({in.data(), static_cast<std::size_t>(ins)}, wet_.data(),
                      {out.data(), static_cast<std::size_t>(outs)}, count);
  }
  for (int c = outs; c < buffer.getNumChannels(); ++c) buffer.clear(c, 0, n);
  if (!watched) clipped_ = 0;
  tell_fit();
}

void TransferProcessor::show(Readings& readings) noexcept {
  readings.input_db = input_meter_->db();
  readings.clipped = clipped_;
  readings.octave = live_->fitting().octave;
  readings.loudness_offset_db = live_->fitting().loudness.offset_db;
  readings.learning = live_->learning();
  const Transfer* const playing = live_->current();
  if (!playing) return;
  readings.heard = playing->features();
  readings.played_f0 = playing->fitted().f0;
  readings.played_loudness = playing->fitted().loudness;
  show_voice(playing->voice(), readings);
}

}  // namespace ddsp_rt::plugin
