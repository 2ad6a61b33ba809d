// What the analyser says of one frame; docs/analysis.md defines each feature.
#pragma once

#include <array>
#include <cmath>

namespace ddsp_rt {

inline constexpr int kMfccCount = 30;
inline constexpr float kSilenceDb = -100.0f;       // loudness floor, dB re a full-scale 997 Hz sine, A-weighted
inline constexpr float kSilentBalance = -30.0f;    // dB, what digital silence reads
inline constexpr float kDefaultF0 = 220.0f;        // Hz, held before the first voiced frame
inline constexpr float kVoicedPeriodicity = 0.5f;  // a frame is voiced from here up

struct Features {
  float f0 = kDefaultF0;                 // Hz; unvoiced and silent frames hold the last value
  float periodicity = 0.0f;              // 0..1; voiced from kVoicedPeriodicity up
  float loudness = kSilenceDb;           // dB, A-weighted, -100 and up
  float fast_loudness = kSilenceDb;      // dB, as loudness, of half its window
  float balance = kSilentBalance;        // dB, power above 3.5 kHz against that below
  int outside = 0;                       // -1 where a pitch sounds below the range, 1 above it; unvoiced then
  std::array<float, kMfccCount> mfcc{};  // filled only when asked for
};

/// Whether what a control network reads of them, z left aside, is the same. Real-time.
inline bool sound_alike(const Features& a, const Features& b) noexcept {
  return a.f0 == b.f0 && a.periodicity == b.periodicity && a.loudness == b.loudness &&
         a.fast_loudness == b.fast_loudness && a.balance == b.balance;
}

/// Makes a frame silent, whatever was heard. Real-time.
inline void silence(Features& frame) noexcept { frame.loudness = frame.fast_loudness = kSilenceDb; }

/// MIDI note number of a frequency in Hz; 69 is 440 Hz. Real-time.
inline float midi_from_hz(float hz) noexcept { return 69.0f + 12.0f * std::log2(hz / 440.0f); }

/// The other way round. Real-time.
inline float hz_from_midi(float midi) noexcept { return 440.0f * std::exp2((midi - 69.0f) / 12.0f); }

}  // namespace ddsp_rt
