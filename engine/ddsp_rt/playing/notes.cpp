// Events to voices, voices to sound.
#include "ddsp_rt/playing/notes.h"

#include <algorithm>
#include <optional>
#include <span>
#include <tuple>

namespace ddsp_rt {
namespace {

constexpr int kRest = 2 * kFrameRate;  // frames of silence after which the network has come to rest
// Ahead, of a network. Its last part is left to the block in which a frame begins: with three blocks to a frame each
// then has a third of the work.
constexpr int kNetworkSteps = Decoder::kHiddenParts + Decoder::kParts - 1;
static_assert(info(Parameter::kVoices).minimum == 1 && info(Parameter::kVoices).maximum == Notes::kVoices);

Decoder::State rested_state(const Instrument& instrument) {
  Decoder::State state = instrument.decoder.make_state();
  Controls controls = instrument.decoder.make_controls();
  Features rest;
  rest.f0 = hz_from_midi(instrument.quantiles.pitch_midi[kMedian]);
  instrument.complete(rest);
  for (int frame = 0; frame < kRest; ++frame) instrument.decoder.step(state, rest, instrument.z_mean.data(), controls);
  instrument.decoder.anticipate(state);  // for every note that begins
  return state;
}

}  // namespace

Notes::Notes(const Instruments& instruments, int rate)
    : Framed(instruments, rate), rested_{rested_state(*instruments.first())} {
  if (instruments.two()) rested_.second = rested_state(*instruments.second());
  lines_.reserve(kVoices);
  for (int voice = 0; voice < kVoices; ++voice)
    lines_.emplace_back(instruments, rate, static_cast<std::uint32_t>(voice + 1));
  const auto own = [this](Parameter parameter, const std::optional<float>& value) {
    if (value) set_initial(parameter, *value);
  };
  own(Parameter::kAttack, instrument().notes.attack);
  own(Parameter::kVibratoRate, instrument().notes.vibrato_rate);
  own(Parameter::kVibratoDepth, instrument().notes.vibrato_depth);
  own(Parameter::kVibratoDelay, instrument().notes.vibrato_delay);
  reset();
}

void Notes::reset() noexcept {
  Framed::reset();
  for (NoteLine& line : lines_) line.reset();
  channels_ = {};
  held_count_ = queued_ = 0;
  last_key_ = -1;
  begun_ = 0;
}

void Notes::take_over(const Notes& before) noexcept {
  for (std::size_t voice = 0; voice < lines_.size(); ++voice) lines_[voice].take_over(before.lines_[voice], rested_);
  channels_ = before.channels_;
  held_ = before.held_;
  held_count_ = before.held_count_;
  begun_ = before.begun_;
  last_key_ = before.last_key_;
  queue_ = before.queue_;
  queued_ = before.queued_;
}

void Notes::catch_up(const WaitingNotes& waiting) noexcept {
  channels_ = waiting.channels();
  for (const WaitingNotes::Note& note : waiting.notes()) {
    const NoteEvent event{0, NoteEvent::Kind::kNoteOn, note.channel, note.key, note.velocity};
    press(event, 0);
    if (note.pedalled) lift(event);
  }
}

int Notes::sounding() const noexcept {
  return static_cast<int>(
      std::count_if(lines_.begin(), lines_.end(), [](const NoteLine& line) { return !line.idle(); }));
}

void Notes::process(const Input& events, float* out, int n) noexcept {
  run(
      n, [](int) {},
      [&](int first, int at, int count) {
        events.each(first, count, [&](const NoteEvent& event, int from_first) { queue(event, at + from_first); });
        const Ramp gain = smoothed().output_gain();
        for (int i = first; i < first + count; ++i, ++at) out[i] = rendered()[at] * gain(share(at));
      });
}

// A flood of events is answered up to a frame early rather than lost: a note off must come through.
void Notes::queue(const NoteEvent& event, int at) noexcept {
  if (queued_ < queue_.size()) {
    queue_[queued_++] = {event, at};
    return;
  }
  for (const Queued& waiting : queue_) apply(waiting.event, waiting.at);
  queue_[0] = {event, at};
  queued_ = 1;
}

void Notes::render(int, const FrameClock::Frame& frame, float* out) noexcept {
  for (const Queued& waiting : std::span(queue_.data(), queued_)) apply(waiting.event, waiting.at);
  queued_ = 0;
  limit_voices();

  const NoteSettings current = settings();
  std::array<NoteLine*, kVoices> all;
  std::size_t count = 0;
  for (NoteLine& line : lines_) {
    if (line.idle()) continue;
    line.listen(current, channels_[line.channel()]);
    all[count++] = &line;
  }
  const std::span lines(all.data(), count);
  const VoiceSettings voice = voice_settings(true);
  for (NoteLine* line : lines) line->voice().prepare(voice.morph);
  if (voice.morph.first) hear(lines, &Voice::first);
  if (voice.morph.second) hear(lines, &Voice::second);
  std::fill_n(out, frame.length, 0.0f);
  for (NoteLine* line : lines) line->play(voice, frame, out);
}

// What an instrument's network says of all lines.
void Notes::hear(std::span<NoteLine* const> lines, PerformerOf which) const noexcept {
  if (lines.empty()) return;
  std::array<Decoder::Pass, kVoices> passes;
  for (std::size_t i = 0; i < lines.size(); ++i) passes[i] = (lines[i]->voice().*which)().pass(lines[i]->features());
  (lines.front()->voice().*which)().instrument().decoder.step(std::span(passes.data(), lines.size()));
}

// The steps of either network that works, then the synthesizers'.
int Notes::steps_ahead() const noexcept {
  return kNetworkSteps * (static_cast<int>(morph().first) + static_cast<int>(morph().second)) + 1;
}

void Notes::work_ahead_step(int step) noexcept {
  if (step == 0) {
    const NoteSettings current = settings();
    for (NoteLine& line : lines_)
      if (!line.idle()) line.expect(current, channels_[line.channel()]);
  }
  if (step < steps_ahead() - 1) {
    const bool first = morph().first && step < kNetworkSteps;
    return ask_ahead(first ? PerformerOf(&Voice::first) : PerformerOf(&Voice::second), step % kNetworkSteps);
  }
  for (NoteLine& line : lines_)
    if (!line.idle()) line.voice().work_ahead(Voice::kSteps - 1);
}

// What needs no features, of all lines; then the answer to what lines expect to hear that will most likely be right.
void Notes::ask_ahead(PerformerOf which, int step) noexcept {
  std::array<Decoder::State*, kVoices> states;
  std::array<Decoder::Pass, kVoices> passes;
  std::size_t sounding = 0, expecting = 0;
  const Instrument* asked = nullptr;
  for (NoteLine& line : lines_) {
    if (line.idle()) continue;
    Performer& performer = (line.voice().*which)();
    asked = &performer.instrument();
    states[sounding++] = performer.state();
    if (line.foresees()) passes[expecting++] = performer.pass(line.expected());
  }
  if (!asked) return;
  if (step < Decoder::kHiddenParts) {
    asked->decoder.anticipate(std::span(states.data(), sounding), step);
  } else {
    asked->decoder.expect(std::span(passes.data(), expecting), step - Decoder::kHiddenParts);
  }
}

void Notes::apply(const NoteEvent& event, int late) noexcept {
  const auto concerns = [&](const NoteLine& line) {
    return event.channel == kAllChannels || event.channel == line.channel();
  };
  channels_.hear(event);
  switch (event.kind) {
    case NoteEvent::Kind::kNoteOn:
    case NoteEvent::Kind::kNoteOff:
      if (!event.has_note()) break;
      if (event.kind == NoteEvent::Kind::kNoteOn && event.value > 0.0f) {
        press(event, late);
      } else {
        lift(event);
      }
      break;
    case NoteEvent::Kind::kSustain:
      if (event.value < 0.5f) lift_pedal(event.channel);
      break;
    case NoteEvent::Kind::kAllNotesOff:
    case NoteEvent::Kind::kAllSoundOff:
      for (NoteLine& line : lines_) {
        if (!concerns(line)) continue;
        line.release();
        line.pedalled = false;
        if (event.kind == NoteEvent::Kind::kAllSoundOff) line.cut();
      }
      for (std::size_t i = held_count_; i-- > 0;)
        if (event.channel == kAllChannels || held_[i].channel == event.channel) forget(held_[i].channel, held_[i].key);
      break;
    default: break;  // of its channel alone
  }
}

void Notes::press(const NoteEvent& event, int late) noexcept {
  const float velocity = Channels::finite(event.value, 0.0f, 1.0f);
  const Held own{event.channel, event.key, velocity}, *down = slurs_with(event.channel), from = down ? *down : own;
  hold(own);
  NoteLine& line = line_for(from.channel, from.key);
  if (down && line.held() && (line.plays(from.channel, from.key) || parameters().on(Parameter::kLegato))) {
    line.slur(event.channel, event.key, velocity);
  } else {
    const bool glides = parameters()[Parameter::kGlide] > 0.0f && last_key_ >= 0;
    line.start(event.channel, event.key, velocity, static_cast<float>(glides ? last_key_ : event.key), late, rested_);
    line.order = ++begun_;
  }
  last_key_ = event.key;
}

void Notes::lift(const NoteEvent& event) noexcept {
  forget(event.channel, event.key);
  const Held* const back = slurs_with(event.channel);
  const bool sounds = back && std::any_of(lines_.begin(), lines_.end(), [&](const NoteLine& line) {
                        return line.held() && line.plays(back->channel, back->key);
                      });
  for (NoteLine& line : lines_) {
    if (!line.held() || !line.plays(event.channel, event.key)) continue;
    if (back && !sounds) {
      line.slur(back->channel, back->key, back->velocity);
      last_key_ = back->key;
    } else if (channels_[event.channel].sustain) {
      line.pedalled = true;
    } else {
      line.release();
    }
  }
}

void Notes::lift_pedal(int channel) noexcept {
  for (NoteLine& line : lines_) {
    if (!line.pedalled || (channel != kAllChannels && channel != line.channel())) continue;
    line.pedalled = false;
    line.release();
  }
}

void Notes::hold(const Held& note) noexcept {
  forget(note.channel, note.key);
  if (held_count_ == held_.size()) forget(held_[0].channel, held_[0].key);
  held_[held_count_++] = note;
}

void Notes::forget(int channel, int key) noexcept {
  const auto end = held_.begin() + static_cast<std::ptrdiff_t>(held_count_);
  held_count_ = static_cast<std::size_t>(
      std::remove_if(held_.begin(), end, [&](const Held& note) { return note.channel == channel && note.key == key; }) -
      held_.begin());
}

// The key that is down which a note of the channel slurs from, and back to; null where notes are for themselves.
const Notes::Held* Notes::slurs_with(int channel) const noexcept {
  const bool one_line = parameters().on(Parameter::kLegato);
  if (!one_line && !channels_[channel].legato) return nullptr;
  for (std::size_t i = held_count_; i-- > 0;)
    if (one_line || held_[i].channel == channel) return &held_[i];
  return nullptr;
}

std::size_t Notes::voices() const noexcept {
  return parameters().on(Parameter::kLegato) ? 1 : static_cast<std::size_t>(parameters()[Parameter::kVoices]);
}

// The line of the same key, or one that is free, or the one that will be missed least.
NoteLine& Notes::line_for(int channel, int key) noexcept {
  const std::span lines = std::span(lines_).first(voices());
  for (NoteLine& line : lines)
    if (!line.idle() && line.plays(channel, key)) return line;
  for (NoteLine& line : lines)
    if (line.idle()) return line;
  const auto missed = [](const NoteLine& line) {
    const int rank = !line.held() ? 0 : line.pedalled ? 1 : 2;
    return std::tuple(rank, rank == 0 ? line.features().loudness : 0.0f, line.order);
  };
  return *std::min_element(lines.begin(), lines.end(),
                           [&](const NoteLine& a, const NoteLine& b) { return missed(a) < missed(b); });
}

// Notes beyond a number of voices that was lowered under them are released.
void Notes::limit_voices() noexcept {
  for (NoteLine& line : std::span(lines_).subspan(voices())) line.release();
}

NoteSettings Notes::settings() const noexcept {
  const ParameterValues& values = parameters();
  NoteSettings settings;
  settings.envelope = {.attack = values[Parameter::kAttack],
                       .decay = values[Parameter::kDecay],
                       .sustain = values[Parameter::kSustain],
                       .release = values[Parameter::kRelease]};
  settings.semitones = smoothed().now().semitones;
  settings.glide = values[Parameter::kGlide];
  settings.vibrato_rate = values[Parameter::kVibratoRate];
  settings.vibrato_depth = values[Parameter::kVibratoDepth];
  settings.vibrato_delay = values[Parameter::kVibratoDelay];
  const TargetQuantiles quantiles = instruments().quantiles(morph().share);
  settings.softest = quantiles.loudness_db[kSoft];
  settings.loudest = quantiles.loudness_db[kLoud];
  settings.share = morph().share;
  settings.curve = values[Parameter::kVelocityCurve];
  return settings;
}

}  // namespace ddsp_rt
