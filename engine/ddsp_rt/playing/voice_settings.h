// What a door may bend while a voice plays.
#pragma once

#include "ddsp_rt/features.h"
#include "ddsp_rt/playing/morph.h"

namespace ddsp_rt {

/// One set a frame.
struct VoiceSettings {
  float gate_db = kSilenceDb;  // silence threshold on loudness
  float harmonic_gain = 1.0f;  // linear
  float noise_gain = 1.0f;     // linear
  float breath = 1.0f;         // linear: of the unvoiced part
  float life = 0.0f;           // of the instrument's depth
  float brightness = 0.0f;     // dB per octave about 1 kHz
  bool mean_z = false;         // z is the training set's mean, not what the source's spectrum says
  Morph::Frame morph{};        // between two instruments, where there are two
};

}  // namespace ddsp_rt
