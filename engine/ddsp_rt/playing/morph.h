// Where between two instruments a door plays, frame by frame.
#pragma once

namespace ddsp_rt {

/// Moves as smoothly as other parameters do. At either end the other instrument's network rests; before it is heard
/// again it listens for 0.1 s, so that it knows the note that is sounding. Every method is real-time.
class Morph {
 public:
  /// What one frame plays.
  struct Frame {
    float share = 0.0f;                 // from the first instrument, 0, to the second, 1
    bool first = true, second = false;  // whose network works
  };

  /// At once where it is wanted, 0 to 1.
  void reset(float wanted) noexcept;

  /// Once a frame.
  void step(float wanted) noexcept;

  const Frame& now() const noexcept { return now_; }

 private:
  Frame now_;
  int listened_ = 0;  // frames, of the instrument that was at rest
};

}  // namespace ddsp_rt
