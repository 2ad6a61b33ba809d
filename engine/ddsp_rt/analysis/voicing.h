// Whether a frame has a pitch at all.
#pragma once

namespace ddsp_rt {

/// Two witnesses: how well the signal repeats, and how far its spectrum stands out at the harmonics against half-way
/// between them. Noise repeats now and then over a short window but its spectrum then shows no comb, so a clear comb
/// lets a reverberant note pass at a poor repeat, and without one (noise) only a nearly perfect repeat will do.
/// Hysteresis keeps the decision from fluttering.
class Voicing {
 public:
  struct Settings {
    float no_comb = 0.66f;     // contrast up to which there is no comb
    float clear_comb = 0.80f;  // and from which it is clear
    float strict = 0.975f;     // height asked for without a comb
    float lenient = 0.45f;     // height asked for with a clear one
    float hysteresis = 0.11f;  // less of it to stay voiced
    float ending = 0.03f;      // power of the last period relative to the window's: below it the note has stopped
  };

  Voicing() = default;
  explicit Voicing(const Settings& settings) : settings_(settings) {}

  /// `height`: normalised correlation; `contrast`: on / (on + between), 0.5 for noise and 1 for a clear comb;
  /// `remaining`: power of the last period relative to the window's. Real-time.
  bool decide(float height, float contrast, double remaining) noexcept;
  bool voiced() const noexcept { return voiced_; }
  /// Height that the last frame would have needed.
  float needed() const noexcept { return needed_; }
  void reset() noexcept { voiced_ = false; }

 private:
  Settings settings_;
  bool voiced_ = false;
  float needed_ = 1.0f;
};

}  // namespace ddsp_rt
