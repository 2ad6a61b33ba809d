// The engine inside a program of your own: reads an instrument, plays a phrase on it block by block, says what came
// out.
//   embed INSTRUMENT.ddsp [IN.f32 OUT.f32]     raw 32-bit floats, one channel, 48 kHz; without them a glide it makes up
#include <ddsp_rt/instrument/instrument.h>
#include <ddsp_rt/live/live.h>
#include <ddsp_rt/playing/transfer.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr int kRate = 48000;
constexpr int kBlock = 64;

// Two seconds that glide from A3 up to A4, a plain buzz of ten harmonics.
std::vector<float> glide() {
  std::vector<float> audio(2 * kRate);
  double phase = 0.0;
  for (std::size_t i = 0; i < audio.size(); ++i) {
    const double seconds = static_cast<double>(i) / kRate;
    phase += 220.0 * std::exp2(0.5 * seconds) / kRate;
    for (int h = 1; h <= 10; ++h) audio[i] += static_cast<float>(0.2 / h * std::sin(6.283185307179586 * h * phase));
  }
  return audio;
}

std::vector<float> read(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw std::runtime_error(std::string(path) + ": cannot be read");
  std::vector<float> audio(bytes.size() / sizeof(float));
  std::copy_n(bytes.data(), audio.size() * sizeof(float), reinterpret_cast<char*>(audio.data()));
  return audio;
}

void write(const char* path, const std::vector<float>& audio) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(audio.data()), static_cast<std::streamsize>(audio.size() * sizeof(float)));
  if (!file.flush()) throw std::runtime_error(std::string(path) + ": cannot be written");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 4) {
    std::fprintf(stderr, "usage: embed INSTRUMENT.ddsp [IN.f32 OUT.f32]\n");
    return 2;
  }
  try {
    ddsp_rt::Live<ddsp_rt::Transfer> player(kRate);
    player.load(ddsp_rt::Instrument::load(argv[1]));
    player.set(ddsp_rt::Parameter::kReverb, 0.5f);

    const std::vector<float> in = argc == 4 ? read(argv[2]) : glide();
    std::vector<float> out(in.size());
    for (std::size_t done = 0; done < in.size();
         done += kBlock)  // as an audio callback would; blocks of any size will do
      player.process(in.data() + done, out.data() + done,
                     static_cast<int>(std::min<std::size_t>(kBlock, in.size() - done)));

    double power = 0.0;
    for (const float sample : out) power += static_cast<double>(sample) * sample;
    std::printf("%zu samples, %.1f dBFS rms, last heard %.1f Hz at %.1f dB\n", out.size(),
                10.0 * std::log10(power / static_cast<double>(std::max<std::size_t>(out.size(), 1)) + 1e-12),
                static_cast<double>(player.features().f0), static_cast<double>(player.features().loudness));
    if (argc == 4) write(argv[3], out);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
