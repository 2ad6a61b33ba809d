// Plays an exported instrument with libtorch alone.
// usage: play INSTRUMENT.ts FEATURES CHUNK OUT: FEATURES is float32 [5][frames] (f0, periodicity, loudness, fast
// loudness, balance), OUT gets float32 [samples]; CHUNK frames are played at a time.
#include <torch/script.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  try {
    torch::jit::Module instrument = torch::jit::load(argv[1]);
    std::ifstream file(argv[2], std::ios::binary);
    std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
    const std::int64_t frames = static_cast<std::int64_t>(bytes.size() / sizeof(float)) / 5, chunk = std::atoi(argv[3]);
    const torch::Tensor features = torch::from_blob(bytes.data(), {5, frames}, torch::kFloat);
    std::ofstream out(argv[4], std::ios::binary);
    const c10::InferenceMode guard;
    for (std::int64_t start = 0; start < frames; start += chunk) {
      const torch::Tensor part = features.slice(1, start, std::min(start + chunk, frames));
      const torch::Tensor sound =
          instrument.forward({part[0], part[1], part[2], part[3], part[4]}).toTensor().contiguous();
      out.write(reinterpret_cast<const char*>(sound.data_ptr<float>()), sound.numel() * 4);
    }
    return out.good() ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
