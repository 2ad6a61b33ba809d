// What eight voices of the note door cost beside one, by turns on the same machine in the same minute.
//
//   engine_notes INSTRUMENT [RATE [BLOCK [SECONDS]]]
//
// Held notes. Prints JSON: back to back, microseconds a frame; paced, blocks that arrive in real time, the mean and the
// 99.9th percentile of block time over block duration. Each is the best of some runs; `cpu` is the thread's own time,
// which what else runs on the machine disturbs less. An empty callback's figures stand beside them. Where blocks cut a
// frame evenly, `places_us` has the quickest back to back of each place in the frame, the first being where it begins:
// what it takes without a disturbance, so that two builds can be compared on a machine that is in use.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include <time.h>

#include "ddsp_rt/frame_clock.h"
#include "ddsp_rt/playing/notes.h"

using namespace ddsp_rt;

namespace {

constexpr int kRuns = 5;
constexpr double kWarmUp = 0.3;  // seconds of a run that are left out

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

struct Figures {
  double mean = std::numeric_limits<double>::infinity(), p999 = mean;

  static Figures of(std::vector<double> times) {
    double sum = 0.0;
    for (const double time : times) sum += time;
    std::sort(times.begin(), times.end());
    return {sum / static_cast<double>(times.size()), times[(times.size() - 1) * 999 / 1000]};
  }
  void keep_best(const Figures& other) {
    mean = std::min(mean, other.mean);
    p999 = std::min(p999, other.p999);
  }
};

/// One kind of callback: the note door with so many voices that sound, or nothing with none.
struct Case {
  int voices;
  Figures wall{}, cpu{}, paced_wall{}, paced_cpu{};
  std::vector<double> places{};  // seconds, of each block of a frame
};

struct Setting {
  std::shared_ptr<const Instrument> instrument;
  int rate, block;
  double seconds;
};

// Adds one run to the best of them.
void run(Case& kind, const Setting& setting, bool paced) {
  using Clock = std::chrono::steady_clock;
  Notes notes(setting.instrument, setting.rate);
  std::vector<NoteEvent> keys;
  for (int voice = 0; voice < kind.voices; ++voice)
    keys.push_back({0, NoteEvent::Kind::kNoteOn, 0, 48 + 5 * voice, 0.7f});
  std::vector<float> out(static_cast<std::size_t>(setting.block));
  std::vector<double> wall, cpu;
  const double duration = static_cast<double>(setting.block) / setting.rate;
  const auto blocks = static_cast<int>((setting.seconds + kWarmUp) / duration);
  const auto begin = Clock::now();
  for (int block = 0; block < blocks; ++block) {
    if (paced) {
      const std::chrono::duration<double> due((block + 1) * duration);
      std::this_thread::sleep_until(begin + std::chrono::duration_cast<Clock::duration>(due));
    }
    const auto from = Clock::now();
    const double cpu_from = thread_seconds();
    const auto pressed = std::span(keys).first(block == 0 ? keys.size() : 0);
    if (kind.voices > 0) notes.process({pressed, setting.block}, out.data(), setting.block);
    const double used = thread_seconds() - cpu_from;
    if (block * duration < kWarmUp) continue;
    if (!paced && !kind.places.empty()) {
      double& quickest = kind.places[static_cast<std::size_t>(block) % kind.places.size()];
      quickest = std::min(quickest, used);
    }
    cpu.push_back(used / duration);
    wall.push_back(std::chrono::duration<double>(Clock::now() - from).count() / duration);
  }
  if (kind.voices > 0 && notes.sounding() != kind.voices) std::fprintf(stderr, "not all voices sound\n"), std::exit(1);
  (paced ? kind.paced_wall : kind.wall).keep_best(Figures::of(wall));
  (paced ? kind.paced_cpu : kind.cpu).keep_best(Figures::of(cpu));
}

void show(const char* name, const Figures& f, const char* end) {
  std::printf("\"%s\": {\"mean\": %.5f, \"p999\": %.5f}%s", name, f.mean, f.p999, end);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) return std::fprintf(stderr, "usage: engine_notes INSTRUMENT [RATE [BLOCK [SECONDS]]]\n"), 2;
  const Setting setting{Instrument::load(arguments[1]), count > 2 ? std::atoi(arguments[2]) : 48000,
                        count > 3 ? std::atoi(arguments[3]) : 64, count > 4 ? std::atof(arguments[4]) : 2.0};
  Case empty{0}, one{1}, eight{8};
  const int frame = setting.rate / kFrameRate;
  if (setting.rate % kFrameRate == 0 && frame % setting.block == 0)
    for (Case* kind : {&one, &eight})
      kind->places.assign(static_cast<std::size_t>(frame / setting.block), std::numeric_limits<double>::infinity());
  for (int turn = 0; turn < kRuns; ++turn)
    for (const bool paced : {false, true})
      for (Case* kind : {&empty, &one, &eight}) run(*kind, setting, paced);

  std::printf("{\n  \"rate\": %d,\n  \"block\": %d,\n", setting.rate, setting.block);
  for (const Case* kind : {&empty, &one, &eight}) {
    std::printf("  \"%d\": {\"us_a_frame\": %.2f, ", kind->voices, 1e6 / kFrameRate * kind->cpu.mean);
    show("wall", kind->wall, ", ");
    show("cpu", kind->cpu, ",\n        ");
    show("paced_wall", kind->paced_wall, ", ");
    show("paced_cpu", kind->paced_cpu, "");
    for (std::size_t place = 0; place < kind->places.size(); ++place)
      std::printf("%s%.1f", place == 0 ? ",\n        \"places_us\": [" : ", ", 1e6 * kind->places[place]);
    std::printf("%s},\n", kind->places.empty() ? "" : "]");
  }
  std::printf(
      "  \"eight_to_one\": %.2f,\n  \"eight_to_one_paced_p999\": %.2f,\n  \"eight_to_one_paced_p999_cpu\": %.2f\n}\n",
      eight.cpu.mean / one.cpu.mean, eight.paced_wall.p999 / one.paced_wall.p999,
      eight.paced_cpu.p999 / one.paced_cpu.p999);
  return 0;
}
