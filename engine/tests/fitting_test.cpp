#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "ddsp_rt/playing/adaptive_fitting.h"
#include "ddsp_rt/playing/fitter.h"

using namespace ddsp_rt;

namespace {

/// Frames of features, written like a performance: notes and what lies between them.
struct Performance {
  std::vector<Features> frames;
  std::mt19937 random{3};

  Performance& frame(float midi, float loudness, float periodicity) {
    Features next;
    next.f0 = 440.0f * std::exp2((midi - 69.0f) / 12.0f);
    next.loudness = loudness;
    next.periodicity = periodicity;
    frames.push_back(next);
    return *this;
  }
  /// A note that swells from `soft` to `loud` dB and back.
  Performance& note(float midi, float soft, float loud, int length = 200) {
    for (int i = 0; i < length; ++i) {
      const float x = std::abs(2.0f * static_cast<float>(i) / static_cast<float>(length) - 1.0f);
      frame(midi, loud + (soft - loud) * x, 0.95f);
    }
    return *this;
  }
  /// Digital silence, in which a tracker may go on to claim a pitch.
  Performance& silence(int length, float periodicity = 0.9f) {
    for (int i = 0; i < length; ++i) frame(60, kSilenceDb, periodicity);
    return *this;
  }
  /// Steady noise as the meter reads it.
  Performance& noise(float loudness, int length) {
    std::normal_distribution<float> wavers(loudness, 0.8f);
    for (int i = 0; i < length; ++i) frame(60, wavers(random), 0.1f);
    return *this;
  }
  Performance& louder(float db) {
    for (Features& next : frames) next.loudness = std::max(kSilenceDb, next.loudness + db);
    return *this;
  }
  Fitting fit(const TargetQuantiles& target, float range = 1.0f) const { return fitter().fit(target, range); }
  Fitter fitter() const {
    Fitter fitter;
    for (const Features& next : frames) fitter.add(next);
    return fitter;
  }
};

/// A performance whose pitch sweeps `low`..`high` MIDI while its loudness sweeps `soft`..`loud` dB.
Performance sweep(float low, float high, float soft, float loud) {
  Performance performance;
  for (int i = 0; i < 1000; ++i) {
    const float x = static_cast<float>(i) / 999.0f;
    performance.frame(low + (high - low) * x, soft + (loud - soft) * x, 0.9f);
  }
  return performance;
}

TargetQuantiles evenly(float low, float high, float soft, float loud) {
  TargetQuantiles target;
  for (std::size_t i = 0; i < kQuantileProbabilities.size(); ++i) {
    target.pitch_midi[i] = low + (high - low) * kQuantileProbabilities[i];
    target.loudness_db[i] = soft + (loud - soft) * kQuantileProbabilities[i];
  }
  return target;
}

const TargetQuantiles kViolin = evenly(55, 93, -32, -10);

/// Which frames may sound.
std::vector<bool> gated(const Performance& performance, float threshold_db) {
  NoiseGate gate;
  std::vector<bool> open;
  for (const Features& next : performance.frames) open.push_back(gate.next(next, threshold_db));
  return open;
}

}  // namespace

TEST_CASE("A phrase is moved by whole octaves into the instrument's range, and no farther than it must") {
  CHECK(sweep(40, 52, -40, -10).fit(kViolin).octave == 2);
  CHECK(sweep(44, 60, -40, -10).fit(kViolin).octave == 1);
  CHECK(sweep(56, 70, -40, -10).fit(kViolin).octave == 0);
  CHECK(sweep(78, 92, -40, -10).fit(kViolin).octave == 0);
  CHECK(sweep(96, 104, -40, -10).fit(kViolin).octave == -1);
  CHECK(sweep(28, 30, -40, -10).fit(evenly(100, 101, -40, -10)).octave == 4);  // nowhere inside, but nearest
}

TEST_CASE("A few slips of the tracker do not move the octave, softly held ones not at all") {
  Performance phrase = sweep(57, 80, -30, -10);
  for (int i = 0; i < 20; ++i) phrase.frame(40, -20, 0.9f);
  CHECK(phrase.fit(kViolin).octave == 0);
  for (int i = 0; i < 2000; ++i) phrase.frame(33, -60, 0.9f);  // hum between the notes
  CHECK(phrase.fit(kViolin).octave == 0);
}

TEST_CASE("The share beyond the instrument's range is told") {
  Performance phrase = sweep(60, 80, -30, -10);
  for (int i = 0; i < 250; ++i) phrase.frame(98, -15, 0.9f);
  const Beyond shares = phrase.fitter().beyond(kViolin, 0);
  CHECK(shares.above == doctest::Approx(0.2).epsilon(0.02));
  CHECK(shares.below == 0.0f);
  CHECK(phrase.fitter().beyond(kViolin, -1).below == doctest::Approx(0.8 * 7.0 / 20.0).epsilon(0.1));
  CHECK(Fitter{}.beyond(kViolin, 0).above == 0.0f);
}

TEST_CASE("The loud level goes no higher than the training material's loudest, however soft the rest is") {
  Performance plucked;
  for (int i = 0; i < 10; ++i) {
    for (int frame = 0; frame < 8; ++frame) plucked.frame(72, -20, 0.95f);
    for (int frame = 0; frame < 92; ++frame) plucked.frame(72, -45, 0.95f);
  }
  const Fitting fitting = plucked.fit(kViolin);
  CHECK(fitting.loudness.offset_db > 5.0f);
  CHECK(fitting.loudness(fitting.loudness.loud_db) < kViolin.loudness_db.back() + 0.01f);
}

TEST_CASE("Stray notes of the training material are no range of the instrument") {
  TargetQuantiles strays = kViolin;
  strays.pitch_midi.front() = 24;
  strays.pitch_midi.back() = 120;
  CHECK(Performance{}.note(45, -30, -15, 500).fit(strays).octave == 1);
  CHECK(Performance{}.note(105, -30, -15, 500).fit(strays).octave == -1);
}

TEST_CASE("Of two octaves that fit alike the upper one counts, of more the nearest") {
  const TargetQuantiles narrow = evenly(60, 60, -32, -10);
  Performance around;  // as far below as above
  for (int i = 0; i < 5; ++i) around.note(48.25f, -30, -15).note(72.25f, -30, -15);
  CHECK(around.fit(narrow).octave == 1);
  CHECK(Performance{}.note(72, -30, -15, 500).fit(evenly(30, 100, -32, -10)).octave == 0);
}

TEST_CASE("What fades evenly is no noise floor") {
  Performance fading;
  for (int i = 0; i < 30; ++i) {
    fading.note(72, -30, -15);
    for (int frame = 0; frame < 125; ++frame)  // 40 dB a second
      fading.frame(60, -40.0f - 0.16f * static_cast<float>(frame), 0.1f);
  }
  CHECK(fading.fit(kViolin).gate_db == kSilenceDb);
}

TEST_CASE("Loudness is offset, so that every difference stays what was played") {
  for (const auto& range : {std::pair{-45.0f, -25.0f}, {-30.5f, -30.0f}, {-30.0f, -30.0f}, {-70.0f, -15.0f}}) {
    const float soft = range.first, loud = range.second;
    CAPTURE(soft);
    const Fitting fitting = sweep(60, 72, soft, loud).fit(kViolin);
    for (float db = -90; db <= -5; db += 5)
      CHECK(fitting.loudness(db) - fitting.loudness(-40) == doctest::Approx(db + 40).epsilon(1e-4));
    const float fitted = fitting.loudness(loud);
    CHECK(fitted > -21);  // the loud of the phrase at the violin's loud,
    CHECK(fitted < -7);   // and its loud level not beyond the loudest
  }
  CHECK(sweep(60, 72, -30, -30).fit(kViolin).loudness(kSilenceDb) == kSilenceDb);
}

TEST_CASE("A softer copy is played as loud") {
  Performance phrase;
  for (int i = 0; i < 8; ++i) phrase.note(60.0f + static_cast<float>(i), -35, -12).noise(-70, 60);
  Performance softer = phrase;
  softer.louder(-12);
  const Fitting loud = phrase.fit(kViolin), soft = softer.fit(kViolin);
  CHECK(soft.octave == loud.octave);
  CHECK(soft.loudness.offset_db - loud.loudness.offset_db == doctest::Approx(12).epsilon(0.001));
  CHECK(loud.gate_db - soft.gate_db == doctest::Approx(12).epsilon(0.001));
}

TEST_CASE("Silence, breath and hum say nothing of a performance's dynamics") {
  Performance plain, spoilt;
  for (int i = 0; i < 8; ++i) {
    plain.note(62, -30, -12);
    spoilt.note(62, -30, -12).silence(400).noise(-48, 20).note(31, -60, -55, 100);
  }
  CHECK(spoilt.fit(kViolin).loudness.offset_db == doctest::Approx(plain.fit(kViolin).loudness.offset_db).epsilon(0.01));
}

TEST_CASE("A wider range is asked for, and leaves pauses as deep as they were") {
  const Performance phrase = sweep(60, 72, -40, -10);
  const float loud = phrase.fit(kViolin).loudness.loud_db;
  for (const float range : {0.5f, 1.5f, 2.0f}) {
    CAPTURE(range);
    const LoudnessMap map = phrase.fit(kViolin, range).loudness;
    CHECK(map(loud - 5) - map(loud - 25) == doctest::Approx(20 * range).epsilon(0.001));
    float before = kSilenceDb;
    for (float db = -99; db <= 0; db += 0.1f) {
      CHECK(map(db) >= before);
      before = map(db);
    }
    CHECK(map(loud) - map(loud - 62) >= 61.99f);
  }
}

TEST_CASE("Steady noise in the pauses is gated, and no note with it") {
  Performance noisy;
  for (int i = 0; i < 6; ++i) noisy.note(62, -50, -12).noise(-55, 60);
  const Fitting fitting = noisy.fit(kViolin);
  CHECK(fitting.gate_db > -55);
  CHECK(fitting.gate_db < -51);
  const std::vector<bool> open = gated(noisy, fitting.gate_db);
  for (std::size_t i = 0; i < open.size(); ++i) {
    CAPTURE(i);
    CHECK(open[i] == (i % 260 < 200));
  }
}

TEST_CASE("No noise floor is made up from breath, room, consonants or a short pause") {
  Performance clean;
  for (int i = 0; i < 30; ++i) {
    clean.note(62, -35, -12);
    for (int k = 0; k < 40; ++k) clean.frame(62, -40.0f - static_cast<float>(k), 0.2f);  // a room dies away: 250 dB/s
    for (int k = 0; k < 40; ++k) clean.frame(62, -50.0f - std::abs(static_cast<float>(k - 20)), 0.2f);  // a breath
  }
  CHECK(clean.fit(kViolin).gate_db == kSilenceDb);

  Performance fluttering;  // level on the whole, but never still
  for (int i = 0; i < 30; ++i) {
    fluttering.note(62, -35, -12);
    for (int k = 0; k < 100; ++k) fluttering.frame(62, k % 4 < 2 ? -48.0f : -56.0f, 0.2f);
  }
  CHECK(fluttering.fit(kViolin).gate_db == kSilenceDb);

  Performance sung;  // long steady consonants over soft notes
  for (int i = 0; i < 30; ++i) sung.note(62, -45, -12).noise(-32, 30);
  CHECK(sung.fit(kViolin).gate_db == kSilenceDb);

  Performance brief;
  for (int i = 0; i < 4; ++i) brief.note(62, -35, -12).noise(-55, 55);
  CHECK(brief.fit(kViolin).gate_db == kSilenceDb);
}

TEST_CASE("The balance of notes is brought to the instrument's, that of consonants stays, where it listens to it") {
  Performance flute;
  for (int i = 0; i < 5; ++i) flute.note(72, -30, -15).noise(-35, 20);
  for (Features& frame : flute.frames) frame.balance = frame.periodicity > 0.5f ? -28.0f : 5.0f;
  TargetQuantiles bright = kViolin;
  bright.balance_db = -14.0f;
  const Fitting fitting = flute.fit(bright);
  Features note = flute.frames[100], consonant;
  note.periodicity = 1.0f;
  consonant.balance = 5.0f;
  CHECK(fitting.apply(note).balance == doctest::Approx(-14.0f).epsilon(0.02));
  CHECK(fitting.apply(consonant).balance == 5.0f);
  CHECK(flute.fit(kViolin).apply(note).balance == -28.0f);
  CHECK(Performance{}.fit(bright).balance_db == 0.0f);
}

TEST_CASE("The fast loudness is fitted as the loudness is") {
  const Fitting fitting = sweep(60, 72, -45, -25).fit(kViolin);
  REQUIRE(std::abs(fitting.loudness.offset_db) > 5.0f);
  for (const float level : {-60.0f, -30.0f, kSilenceDb}) {
    Features frame;
    frame.loudness = frame.fast_loudness = level;
    CHECK(fitting.apply(frame).fast_loudness == fitting.apply(frame).loudness);
  }
}

TEST_CASE("Following brings the balance to the instrument's, as a fit of the whole would") {
  Performance flute;
  for (int i = 0; i < 60; ++i) flute.note(72, -30, -15);
  for (Features& frame : flute.frames) frame.balance = -28.0f;
  TargetQuantiles bright = kViolin;
  bright.balance_db = -14.0f;
  AdaptiveFitting following;
  for (std::size_t i = 0; i < flute.frames.size(); ++i)
    following.hear(flute.frames[i], static_cast<std::int64_t>(i), true, {bright, -60.0f});
  REQUIRE(flute.fit(bright).balance_db > 10.0f);
  CHECK(std::abs(following.fitting().balance_db - flute.fit(bright).balance_db) < 0.5f);
}

TEST_CASE("No balance moves by more than 20 dB") {
  Performance dull;
  for (int i = 0; i < 5; ++i) dull.note(72, -30, -15);
  for (Features& frame : dull.frames) frame.balance = -60.0f;
  TargetQuantiles bright = kViolin;
  bright.balance_db = 5.0f;
  CHECK(dull.fit(bright).balance_db == 20.0f);
}

TEST_CASE("After minutes of following, the balance of what is played now still takes the place of what was") {
  Fitter fitter;
  TargetQuantiles bright = kViolin;
  bright.balance_db = -14.0f;
  const float growth = 1.0f + 1.0f / 500;
  const auto follow = [&](float balance, int frames) {
    Performance phrase;
    phrase.note(72, -30, -15, frames);
    for (Features& frame : phrase.frames) {
      frame.balance = balance;
      fitter.add(frame, growth);
    }
    return fitter.fit(bright).balance_db;
  };
  CHECK(follow(-28.0f, 5000) == doctest::Approx(14.0f).epsilon(0.05));  // weights have grown 22000-fold
  CHECK(follow(-20.0f, 2000) == doctest::Approx(6.0f).epsilon(0.1));
}

TEST_CASE("Noise alone, however long, is not a performance") {
  Performance room;
  for (int i = 0; i < 500; ++i) room.noise(-60, 49).frame(50, -60, 0.6f);
  const Fitting fitting = room.fit(kViolin);
  CHECK(fitting.loudness.offset_db == 0.0f);
  CHECK(fitting.octave == 0);
}

TEST_CASE("The noise gate lets a pitch pass at any level, and a consonant above the noise") {
  Performance faint;
  faint.noise(-60, 50).note(62, -62, -61, 50).noise(-60, 50).noise(-48, 20).noise(-60, 50);
  const std::vector<bool> open = gated(faint, -57);
  for (std::size_t i = 1; i < open.size(); ++i) {
    CAPTURE(i);
    CHECK(open[i] == ((i >= 50 && i < 100) || (i >= 150 && i < 170)));
  }
}

TEST_CASE("Unvoiced sound keeps its level, silence stays the floor, too little voice changes nothing") {
  const Fitting fitting = sweep(60, 72, -45, -15).fit(kViolin);
  Features voiced, breath, silence;
  voiced.loudness = breath.loudness = -30.0f;
  voiced.periodicity = 1.0f;
  CHECK(fitting.apply(voiced).loudness == fitting.apply(breath).loudness);
  CHECK(fitting.apply(silence).loudness == kSilenceDb);
  for (const Performance& little : {Performance{}, Performance{}.noise(-30, 100), Performance{}.silence(1000),
                                    Performance{}.note(40, -30, -10, 20)}) {
    CHECK(little.fit(kViolin).octave == 0);
    CHECK(little.fit(kViolin).loudness(-30) == -30.0f);
    CHECK(little.fit(kViolin).gate_db == kSilenceDb);
  }
}

TEST_CASE("What fades counts less the longer it is past, and a rest is not forgotten") {
  Fitter fitter;
  const float growth = 1.0f + 1.0f / 500;
  const auto hear = [&](const Performance& phrase) {
    for (const Features& next : phrase.frames) fitter.add(next, growth);
  };
  for (int i = 0; i < 100; ++i) hear(Performance{}.note(62, -30, -12).noise(-70, 20));
  const Fitting before = fitter.fit(kViolin);
  hear(Performance{}.silence(100000));
  CHECK(fitter.fit(kViolin).loudness.offset_db == before.loudness.offset_db);
  CHECK(fitter.sounding() > 250);
  for (int i = 0; i < 100; ++i) hear(Performance{}.note(38, -50, -32).noise(-70, 20));
  const Fitting after = fitter.fit(kViolin);
  CHECK(after.loudness.offset_db - before.loudness.offset_db == doctest::Approx(20).epsilon(0.02));
  CHECK(after.octave == 2);
}
