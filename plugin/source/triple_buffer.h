// The newest value of something, from one thread to another, without either waiting.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <type_traits>

namespace ddsp_rt::plugin {

/// One thread writes, one reads; both are wait-free. What is not read before the next write is lost.
template <typename T>
class TripleBuffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  void write(const T& value) noexcept {
    values_[back_] = value;
    back_ = middle_.exchange(back_ | kFresh, std::memory_order_acq_rel) & kIndex;
  }

  /// False, and `value` as it was, when nothing was written since the last read.
  bool read(T& value) noexcept {
    if ((middle_.load(std::memory_order_relaxed) & kFresh) == 0) return false;
    front_ = middle_.exchange(front_, std::memory_order_acq_rel) & kIndex;
    value = values_[front_];
    return true;
  }

 private:
  static constexpr std::size_t kFresh = 4, kIndex = 3;

  std::array<T, 3> values_{};
  std::atomic<std::size_t> middle_{1};
  std::size_t back_ = 0;   // the writer's
  std::size_t front_ = 2;  // the reader's
};

}  // namespace ddsp_rt::plugin
