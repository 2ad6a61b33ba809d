// What the scrolling lanes remember.
#pragma once

#include <array>
#include <cstddef>

namespace ddsp_rt::plugin::window {

inline constexpr int kLaneColumns = 240;  // eight seconds at 30 a second

/// The last columns of a lane; `at(0)` is the oldest.
template <typename T>
class History {
 public:
  void push(const T& column) {
    columns_[next_] = column;
    next_ = (next_ + 1) % columns_.size();
    pushed_ = (pushed_ + 1) % 2;
  }
  const T& at(int index) const { return columns_[(next_ + static_cast<std::size_t>(index)) % columns_.size()]; }
  const T& newest() const { return at(kLaneColumns - 1); }
  /// Whether a dot is drawn for that column: every second, and each stays the dot it was.
  bool dotted(int index) const { return (pushed_ + index) % 2 == 0; }

 private:
  std::array<T, kLaneColumns> columns_{};
  std::size_t next_ = 0;
  int pushed_ = 0;
};

/// Where a column is drawn in a lane that is `width` wide.
inline float column_x(int index, float left, float width) {
  return left + width * static_cast<float>(index) / static_cast<float>(kLaneColumns - 1);
}

/// Tells when a lane need not be drawn again: once nothing but silence is left in it.
class Stillness {
 public:
  /// Takes a column; true when there is something to draw.
  bool moves(bool silent) {
    const bool moved = left_ > 0;
    left_ = silent ? left_ - (moved ? 1 : 0) : kLaneColumns;
    return moved || left_ > 0;
  }

 private:
  int left_ = 0;
};

}  // namespace ddsp_rt::plugin::window
