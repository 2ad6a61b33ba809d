// Instruments made to measure: their controls are known numbers, so that what a door does to the sound can be measured.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "ddsp_rt/instrument/instrument.h"

/// What an instrument plays whatever it hears, but for one of the three ways in which it may follow the performance.
struct Recipe {
  int model_rate = 16000;
  float amplitude = 0.25f;               // of all harmonics together, below 2
  std::vector<float> harmonics{1.0f};    // shares, each below 2
  std::vector<float> noise{0.0f, 0.0f};  // magnitudes, evenly spaced from 0 Hz to the model's Nyquist
  std::vector<float> room{};             // impulse response at the model rate; its first tap counts as zero
  float gate_db = -60.0f;
  std::array<float, 2> pitch_midi{55.0f, 85.0f};     // of the training set, evenly spread: 0 and 100 % quantile
  std::array<float, 2> loudness_db{-50.0f, -10.0f};  // likewise
  // How the amplitude rises with loudness (logits over 80 dB), from `amplitude` at -80 dB.
  float follows_loudness = 0.0f;
  // How it rises with the spectrum, through an encoder with one z; z_mean is 0.
  float follows_z = 0.0f;
  // How it rises with the balance (logits over 30 dB), from `amplitude` at 0 dB; notes usually have one of
  // `balance_db`.
  float follows_balance = 0.0f;
  float balance_db = 0.0f;
  ddsp_rt::NoteManner notes{};
  ddsp_rt::LifeDepth life{};
};

std::shared_ptr<const ddsp_rt::Instrument> make(const Recipe& recipe);
