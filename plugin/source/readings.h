// What a window shows of the sound: the seam between the audio thread and whoever draws.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>

#include "ddsp_rt/features.h"
#include "triple_buffer.h"

namespace ddsp_rt::plugin {

/// One look at what plays. Plain values, so that it can be handed over without a lock.
struct Readings {
  static constexpr int kMostHarmonics = 256, kMostNoiseBands = 256, kMostNotes = 8;

  /// A note of the note door.
  struct Note {
    int key = 60;  // MIDI
    float f0 = kDefaultF0;
    float loudness = kSilenceDb;
  };

  float input_db = -120.0f, output_db = -120.0f;  // peaks re full scale, falling by 20 dB a second
  int clipped = 0;                                // input samples at or over full scale since somebody has watched
  Features heard;                                 // what the analyser says of the last frame: f0, periodicity, outside
  float played_f0 = kDefaultF0;                   // Hz, after fit and transposition
  float played_loudness = kSilenceDb;             // dB, after the fit: what the network hears
  int octave = 0;                                 // of the fit
  float loudness_offset_db = 0.0f;                // of the fit
  bool learning = false;

  int harmonics = 0;                                     // how many of the following count
  std::array<float, kMostHarmonics> harmonic_amplitude;  // linear, of each harmonic; the loudest voice's
  int noise_bands = 0;
  std::array<float, kMostNoiseBands> noise_magnitude;  // linear, bands evenly spaced from 0 Hz to `nyquist`
  float nyquist = 8000.0f;                             // Hz, the model's

  int note_count = 0;
  std::array<Note, kMostNotes> notes;

  float load = 0.0f;        // share of a block's duration that the callback takes, smoothed over a second
  float worst_load = 0.0f;  // the largest of late, falling by half a second
  bool bypassed = false;
};

/// The audio thread writes while somebody watches, and does nothing otherwise.
class ReadingsFeed {
 public:
  /// Keep one as long as a window is open.
  class Watch {
   public:
    explicit Watch(ReadingsFeed& feed) noexcept : feed_(feed) { ++feed_.watchers_; }
    ~Watch() { --feed_.watchers_; }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    /// The latest readings; false, and `readings` as they were, when there are no new ones: nothing plays, and nothing
    /// has to be drawn. One thread at a time.
    bool latest(Readings& readings) noexcept { return feed_.buffer_.read(readings); }

   private:
    ReadingsFeed& feed_;
  };

  // ---- the audio thread's side; real-time ---------------------------------------------------------------------------

  bool watched() const noexcept { return watchers_.load(std::memory_order_relaxed) > 0; }
  void write(const Readings& readings) noexcept { buffer_.write(readings); }

 private:
  std::atomic<int> watchers_{0};
  TripleBuffer<Readings> buffer_;
};

/// How long the callback takes, as a share of its block's duration. Real-time.
class LoadMeter {
 public:
  void begin() noexcept { began_ = Clock::now(); }

  void end(int samples, double rate) noexcept {
    if (samples <= 0) return;
    const double duration = samples / rate;
    const auto taken = std::chrono::duration<double>(Clock::now() - began_).count();
    const auto load = static_cast<float>(taken / duration);
    const auto follow = static_cast<float>(1.0 - std::exp(-duration));
    mean_ += (load - mean_) * follow;
    worst_ = std::max(load, worst_ * static_cast<float>(std::exp2(-2.0 * duration)));
  }

  float mean() const noexcept { return mean_; }
  float worst() const noexcept { return worst_; }

 private:
  using Clock = std::chrono::steady_clock;

  Clock::time_point began_{};
  float mean_ = 0.0f, worst_ = 0.0f;
};

}  // namespace ddsp_rt::plugin
