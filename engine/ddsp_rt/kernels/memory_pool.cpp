// Chunks on large pages, filled from one end; a chunk is used anew once all that was in it is gone.
#include "ddsp_rt/kernels/memory_pool.h"

#include <new>

#if defined(__SANITIZE_ADDRESS__)
#define DDSP_RT_PLAIN_MEMORY 1  // the sanitizer then sees where each piece ends
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define DDSP_RT_PLAIN_MEMORY 1
#endif
#endif
#if !defined(__linux__)
#define DDSP_RT_PLAIN_MEMORY 1
#endif

#if !defined(DDSP_RT_PLAIN_MEMORY)
#include <sys/mman.h>

#include <algorithm>
#include <mutex>
#include <vector>
#endif

namespace ddsp_rt {
namespace {

constexpr std::align_val_t kLine{64};

#if !defined(DDSP_RT_PLAIN_MEMORY)
constexpr std::size_t kLargePage = std::size_t{1} << 21;
constexpr std::size_t kSmallest = 2048;  // bytes; smaller pieces are not worth a place

struct Chunk {
  std::byte* begin;
  std::size_t size, used = 0, live = 0;  // bytes; pieces
};

std::mutex mutex;

std::vector<Chunk>& chunks() {
  static auto* all = new std::vector<Chunk>;  // outlives whatever static object still holds a piece
  return *all;
}

constexpr std::size_t rounded(std::size_t bytes, std::size_t to) { return (bytes + to - 1) / to * to; }

Chunk& chunk_with(std::size_t bytes) {
  for (Chunk& chunk : chunks())
    if (chunk.size - chunk.used >= bytes) return chunk;
  const std::size_t size = rounded(bytes, kLargePage);
  chunks().reserve(chunks().size() + 1);
  auto* begin = static_cast<std::byte*>(::operator new (size, std::align_val_t{kLargePage}));
  madvise(begin, size, MADV_HUGEPAGE);  // a wish; nothing depends on it
  return chunks().emplace_back(Chunk{begin, size});
}
#endif

}  // namespace

#if defined(DDSP_RT_PLAIN_MEMORY)

void* pool_allocate(std::size_t bytes) { return ::operator new(bytes, kLine); }
void pool_free(void* memory, std::size_t) noexcept { ::operator delete(memory, kLine); }

#else

void* pool_allocate(std::size_t bytes) {
  if (bytes < kSmallest) return ::operator new(bytes, kLine);
  if (bytes > std::size_t{1} << 40) throw std::bad_alloc();
  bytes = rounded(bytes, static_cast<std::size_t>(kLine));
  const std::lock_guard lock(mutex);
  Chunk& chunk = chunk_with(bytes);
  void* piece = chunk.begin + chunk.used;
  chunk.used += bytes;
  ++chunk.live;
  return piece;
}

void pool_free(void* memory, std::size_t bytes) noexcept {
  if (memory == nullptr) return;
  if (bytes < kSmallest) return ::operator delete(memory, kLine);
  const std::lock_guard lock(mutex);
  auto& all = chunks();
  const auto* piece = static_cast<std::byte*>(memory);
  const auto chunk = std::find_if(all.begin(), all.end(),
                                  [piece](const Chunk& c) { return piece >= c.begin && piece < c.begin + c.size; });
  if (--chunk->live > 0) return;
  ::operator delete (chunk->begin, std::align_val_t{kLargePage});
  all.erase(chunk);
}

#endif

}  // namespace ddsp_rt
