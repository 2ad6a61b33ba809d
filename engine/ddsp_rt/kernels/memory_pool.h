// Memory for weights and spectra, close together on large pages.
#pragma once

#include <cstddef>

namespace ddsp_rt {

/// `bytes` on a cache line of their own. What a frame streams through is a megabyte; on pages of 4 KiB the address
/// translations of it are as cold as the data after each pause, and cost more. So it lies in chunks of 2 MiB for which
/// large pages are asked where the system has them (Linux; elsewhere this is the usual operator new). Any thread; not
/// real-time. Throws std::bad_alloc.
void* pool_allocate(std::size_t bytes);

/// Takes back what pool_allocate(bytes) gave. Any thread; not real-time.
void pool_free(void* memory, std::size_t bytes) noexcept;

}  // namespace ddsp_rt
