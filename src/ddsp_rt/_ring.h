// A queue between two threads, one at either end, in which neither waits.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// `put` belongs to one thread, `take` and `drain` to another; `put` and `drain` are real-time.
template <typename Item>
class Ring {
 public:
  explicit Ring(std::size_t capacity) : items_(capacity) {}

  /// All of it or nothing: false, and counted as lost, where there is no room.
  bool put(std::span<const Item> items) noexcept {
    const std::size_t end = end_.load(std::memory_order_relaxed);
    if (items.size() > items_.size() - (end - begin_.load(std::memory_order_acquire))) {
      lost_.store(lost_.load(std::memory_order_relaxed) + static_cast<std::int64_t>(items.size()),
                  std::memory_order_relaxed);
      return false;
    }
    for (std::size_t i = 0; i < items.size(); ++i) items_[(end + i) % items_.size()] = items[i];
    end_.store(end + items.size(), std::memory_order_release);
    return true;
  }
  bool put(const Item& item) noexcept { return put(std::span(&item, 1)); }

  /// Calls `tell(item)` for all that is there.
  template <typename Tell>
  void drain(Tell&& tell) noexcept {
    std::size_t begin = begin_.load(std::memory_order_relaxed);
    for (const std::size_t end = end_.load(std::memory_order_acquire); begin != end; ++begin)
      tell(items_[begin % items_.size()]);
    begin_.store(begin, std::memory_order_release);
  }

  std::vector<Item> take() {
    std::vector<Item> taken;
    drain([&](const Item& item) { taken.push_back(item); });
    return taken;
  }

  std::int64_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

 private:
  std::vector<Item> items_;
  std::atomic<std::size_t> begin_{0}, end_{0};
  std::atomic<std::int64_t> lost_{0};
};
