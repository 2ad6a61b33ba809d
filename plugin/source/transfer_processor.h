// DDSP-RT Transfer: audio in, the instrument out.
#pragma once

#include "ddsp_rt/playing/transfer.h"
#include "dry_path.h"
#include "live_processor.h"
#include "midi_performance.h"
#include "triple_buffer.h"

namespace ddsp_rt::plugin {

class TransferProcessor final : public LiveProcessor<Transfer> {
 public:
  TransferProcessor();
  ~TransferProcessor() override { stop(); }

  void learn() override;
  void set_fitting(const Fitting& fitting) override;
  std::optional<Fitting> fitting() override;

  bool acceptsMidi() const override { return false; }
  bool producesMidi() const override { return true; }

 private:
  static constexpr int kChunk = 512;

  // A fitting goes to the audio thread, and what it has learnt comes back.
  struct FitOrder {
    Fitting fitting;
    bool learn = false;
    unsigned serial = 0;
  };

  void take(juce::MidiBuffer& midi) override;
  void sound(juce::AudioBuffer<float>& buffer, juce::MidiBuffer& midi, bool bypassed, bool watched) noexcept override;
  void show(Readings& readings) noexcept override;
  void play(const float* in, float* out, int first, int n, juce::MidiBuffer& midi) noexcept;
  void follow_fit() noexcept;
  void tell_fit() noexcept;
  bool remake(int rate) override;
  void silence() override;
  void mix(bool bypassed) noexcept;
  void order(const FitOrder& order);
  int wanted_latency(double delay_ms) const override;

  HostParameter &align_, &dry_wet_, &midi_out_;
  DryPath dry_path_;
  MidiPerformance performance_;
  std::optional<PeakMeter> input_meter_;
  int clipped_ = 0;
  std::array<float, kChunk> mono_, wet_;

  std::mutex fit_mutex_;  // of the control side
  FitOrder ordered_, known_;
  TripleBuffer<FitOrder> orders_, told_;
  FitOrder played_;  // the audio thread's: what it told last
};

}  // namespace ddsp_rt::plugin
