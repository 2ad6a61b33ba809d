// A vector whose elements start on a cache line, for data that vector instructions stream through.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

#include "ddsp_rt/kernels/memory_pool.h"

namespace ddsp_rt {

template <typename T>
struct CacheLineAllocator {
  using value_type = T;
  CacheLineAllocator() noexcept = default;
  template <typename U>
  CacheLineAllocator(const CacheLineAllocator<U>&) noexcept {}

  T* allocate(std::size_t n) {
    if (n > std::size_t(-1) / sizeof(T)) throw std::bad_alloc();
    return static_cast<T*>(pool_allocate(n * sizeof(T)));
  }
  void deallocate(T* pointer, std::size_t n) noexcept { pool_free(pointer, n * sizeof(T)); }

  template <typename U>
  bool operator==(const CacheLineAllocator<U>&) const noexcept {
    return true;
  }
};

template <typename T>
using AlignedVector = std::vector<T, CacheLineAllocator<T>>;

}  // namespace ddsp_rt
