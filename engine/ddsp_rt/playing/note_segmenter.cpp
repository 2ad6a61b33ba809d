// The line of notes that costs least, and what to say of it.
#include "ddsp_rt/playing/note_segmenter.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace ddsp_rt {
namespace {

// Costs of a path; those of one frame unless said otherwise.
constexpr float kStray = 0.35f;         // semitones from the note that cost 1
constexpr float kStrayMost = 6.0f;      // cost of any pitch far from the note
constexpr float kUnvoicedNote = 1.5f;   // of a note without a pitch
constexpr float kFaintNote = 3.0f;      // of a note that is not loud enough to be one
constexpr float kVoicedSilence = 2.5f;  // of silence while a pitch sounds
constexpr float kChange = 30.0f;        // once: to another note by a leap
constexpr float kGlide = 40.0f;         // once: to another note without one, as a wide vibrato would
constexpr float kOctaves = 20.0f;       // once, more: to an octave or a twelfth, where trackers slip
constexpr float kStruckChange = 15.0f;  // once: to another note soon after the loudness leapt up
constexpr float kBegin = 12.0f;         // once: from silence
constexpr float kEnd = 6.0f;            // once: to silence

constexpr float kLeap = 0.45f;       // semitones within kLeapFrames: more than vibrato moves
constexpr int kNearest = 3;          // quarter semitones that another note lies away, at least
constexpr float kDynamics = 40.0f;   // dB under the loud level where notes sound
constexpr float kForget = 0.01f;     // dB a frame by which the loud level sinks
constexpr float kFaintest = -80.0f;  // dB
constexpr float kRise = 7.0f;        // dB within kStrikeFrames: a note is struck
constexpr int kLeapFrames = 3;
constexpr int kReadLate = 9;        // frames by which the pitch may be read later than the loudness
constexpr int kYoung = 15;          // frames in which a note is not struck anew: its loudness is still rising
constexpr int kNextStrike = 16;     // frames from one to the next, at least
constexpr float kBendStep = 0.02f;  // semitones: less is not told
constexpr float kSwellStep = 0.5f;  // dB
constexpr int kOld = 1000;
constexpr float kLeast = 1.0f / 127.0f;

static_assert(kReadLate <= NoteSegmenter::kShortestDelay);

}  // namespace

NoteSegmenter::NoteSegmenter(SegmenterSettings settings)
    : settings_(settings), length_(static_cast<std::size_t>(settings.delay) + 1) {
  if (settings.delay < kShortestDelay || settings.delay > kLongestDelay)
    throw std::invalid_argument("a segmenter's delay is " + std::to_string(kShortestDelay) + " to " +
                                std::to_string(kLongestDelay) + " frames");
  if (!(settings.loudest > settings.softest))
    throw std::invalid_argument("velocity needs a softest level below its loudest");
  costs_.resize(kNotes + 1);
  before_.resize(kNotes + 1);
  lowest_.resize(kNotes);
  ages_.resize(kNotes);
  back_.resize(length_ * (kNotes + 1));
  past_.resize(length_);
  path_.resize(length_);
  reset();
}

void NoteSegmenter::reset() noexcept {
  std::fill(costs_.begin(), costs_.end(), kBegin);
  costs_[kSilence] = 0.0f;
  std::fill(ages_.begin(), ages_.end(), 1);
  std::fill(back_.begin(), back_.end(), static_cast<std::int16_t>(kSilence));
  std::fill(past_.begin(), past_.end(), Heard{});
  frame_ = -1;
  loud_ = kSilenceDb;
  recent_.fill(kSilenceDb);
  armed_ = true;
  since_struck_ = since_leap_ = kOld;
  key_ = -1;
  state_ = kSilence;
  again_ = false;
  told_bend_ = told_swell_ = 0.0f;
  count_ = 0;
}

const NoteSegmenter::Heard& NoteSegmenter::heard(int ago) const noexcept {
  return past_[static_cast<std::size_t>(frame_ - ago + static_cast<std::int64_t>(length_)) % length_];
}

void NoteSegmenter::step(const Features& features) noexcept {
  ++frame_;
  const float loudness = std::isfinite(features.loudness) ? features.loudness : kSilenceDb;
  loud_ = std::max(loudness, loud_ - kForget);
  Heard& now = past_[static_cast<std::size_t>(frame_) % length_];
  now.pitch = midi_from_hz(features.f0);
  now.loudness = loudness;
  now.voiced = features.periodicity >= kVoicedPeriodicity && features.outside == 0 && std::isfinite(now.pitch);
  now.sounding = loudness > std::max(kFaintest, loud_ - kDynamics);
  const Heard& earlier = heard(kLeapFrames);
  const bool leaps = !now.voiced || !earlier.voiced || std::abs(now.pitch - earlier.pitch) > kLeap;
  since_leap_ = leaps ? 0 : std::min(since_leap_ + 1, kOld);
  listen(loudness);
  advance(now);
  trace();
  if (frame_ < settings_.delay) return;
  const int state = path_.back();
  const bool moved = state != kSilence && (state_ == kSilence || std::abs(state - state_) >= kNearest);
  if (state == kSilence) {
    end();
  } else if (moved || again_) {
    begin(state);
  } else {
    go_on();
  }
}

// Notices a rise that is steep and high, once.
void NoteSegmenter::listen(float loudness) noexcept {
  const float rise = loudness - *std::min_element(recent_.begin(), recent_.end());
  std::rotate(recent_.begin(), recent_.begin() + 1, recent_.end());
  recent_.back() = loudness;
  since_struck_ = std::min(since_struck_ + 1, kOld);
  if (rise < 0.5f * kRise) armed_ = true;
  if (!armed_ || rise < kRise || since_struck_ < kNextStrike) return;
  armed_ = false;
  since_struck_ = 0;
}

void NoteSegmenter::advance(const Heard& heard) noexcept {
  const bool struck = since_struck_ == kReadLate;  // and by now the pitch would have moved, if it did
  costs_.swap(before_);
  const float* const before = before_.data();
  std::int16_t* const back = back_.data() + static_cast<std::size_t>(frame_) % length_ * (kNotes + 1);
  for (int i = 0; i < kNotes; ++i) {
    const auto at = static_cast<std::size_t>(i);
    lowest_[at] = static_cast<std::int16_t>(i > 0 && before[lowest_[at - 1]] <= before[i] ? lowest_[at - 1] : i);
  }
  const int best = lowest_[kNotes - 1];
  const float change = since_struck_ <= kReadLate ? kStruckChange : since_leap_ <= kLeapFrames ? kChange : kGlide;
  const float from_silence = before[kSilence] + kBegin;
  int above = -1;  // the best note of i + kNearest and up
  for (int i = kNotes - 1; i >= 0; --i) {
    const int next = i + kNearest;
    if (next < kNotes && (above < 0 || before[next] < before[above])) above = next;
    const int below = i >= kNearest ? lowest_[static_cast<std::size_t>(i - kNearest)] : -1;
    const int other = above < 0 || (below >= 0 && before[below] < before[above]) ? below : above;
    const auto at = static_cast<std::size_t>(i);
    float cost = before[i];
    int from = i;
    const auto consider = [&](float price, int source) {
      if (price < cost) {
        cost = price;
        from = source;
      }
    };
    const int leap = (std::abs(other - i) + kStepsPerSemitone / 2) / kStepsPerSemitone;
    const float slip = leap == 12 || leap == 19 || leap == 24 ? kOctaves : 0.0f;
    consider(before[other] + change + slip, other);
    consider(from_silence, kSilence);
    const bool anew = from == i && struck && ages_[at] > kYoung + kReadLate;
    if (anew) from |= kStruck;
    float frame = heard.sounding ? 0.0f : kFaintNote;
    if (heard.voiced) {
      const float stray =
          std::abs(heard.pitch - static_cast<float>(kLowest) - static_cast<float>(i) / kStepsPerSemitone) / kStray;
      frame += std::min(stray, kStrayMost);
    } else {
      frame += kUnvoicedNote;
    }
    costs_[at] = cost + frame;
    ages_[at] = from == i ? std::min(ages_[at] + 1, kOld) : anew ? kReadLate : 1;
    back[i] = static_cast<std::int16_t>(from);
  }
  const float end = before[best] + (heard.voiced && heard.sounding ? kGlide : kEnd);
  const bool ends = end < before[kSilence];
  back[kSilence] = static_cast<std::int16_t>(ends ? best : kSilence);
  costs_[kSilence] = (ends ? end : before[kSilence]) + (heard.voiced && heard.sounding ? kVoicedSilence : 0.0f);
  const float least = *std::min_element(costs_.begin(), costs_.end());
  for (float& cost : costs_) cost -= least;
}

// The best path back to the frame that is to be told.
void NoteSegmenter::trace() noexcept {
  int state = static_cast<int>(std::min_element(costs_.begin(), costs_.end()) - costs_.begin());
  again_ = false;
  for (std::size_t ago = 0; ago < length_; ++ago) {
    path_[ago] = state;
    const std::size_t row =
        static_cast<std::size_t>(frame_ + static_cast<std::int64_t>(length_) - static_cast<std::int64_t>(ago)) %
        length_;
    const std::int16_t from = back_[row * (kNotes + 1) + static_cast<std::size_t>(state)];
    if (static_cast<int>(ago) == settings_.delay - kReadLate) again_ = (from & kStruck) != 0;
    state = from & (kStruck - 1);
  }
}

void NoteSegmenter::say(NoteEvent::Kind kind, int key, float value) noexcept {
  events_[static_cast<std::size_t>(count_++)] = {.kind = kind, .key = key, .value = value};
}

void NoteSegmenter::begin(int state) noexcept {
  const int before = key_;
  const int key = kLowest + (state + kStepsPerSemitone / 2) / kStepsPerSemitone;
  if (before == key) end();
  float loudest = heard(settings_.delay).loudness;
  for (int ago = settings_.delay - 1; ago >= 0 && path_[static_cast<std::size_t>(ago)] == state; --ago)
    loudest = std::max(loudest, heard(ago).loudness);
  const float touch = std::clamp((loudest - settings_.softest) / (settings_.loudest - settings_.softest), 0.0f, 1.0f);
  velocity_db_ = settings_.softest + (settings_.loudest - settings_.softest) * touch;
  key_ = key;
  state_ = state;
  told_bend_ = 1e9f;
  go_on();
  say(NoteEvent::Kind::kNoteOn, key, (1.0f + 126.0f * touch) * kLeast);
  if (before >= 0 && before != key) say(NoteEvent::Kind::kNoteOff, before, 0.0f);
}

void NoteSegmenter::end() noexcept {
  if (key_ >= 0) say(NoteEvent::Kind::kNoteOff, key_, 0.0f);
  key_ = -1;
  state_ = kSilence;
}

void NoteSegmenter::go_on() noexcept {
  const Heard& now = heard(settings_.delay);
  const float bend = now.pitch - static_cast<float>(key_);
  if (now.voiced && std::abs(bend) <= kFarthestBend && std::abs(bend - told_bend_) >= kBendStep) {
    say(NoteEvent::Kind::kBend, key_, bend);
    told_bend_ = bend;
  } else if (told_bend_ > kFarthestBend) {
    say(NoteEvent::Kind::kBend, key_, 0.0f);
    told_bend_ = 0.0f;
  }
  const float swell = std::clamp(now.loudness - velocity_db_, -60.0f, kPressureDb);
  if (std::abs(swell - told_swell_) < kSwellStep) return;
  if (swell > 0.0f || told_swell_ > 0.0f) say(NoteEvent::Kind::kPressure, key_, std::max(swell, 0.0f) / kPressureDb);
  if (swell < 0.0f || told_swell_ < 0.0f)
    say(NoteEvent::Kind::kExpression, key_, std::pow(10.0f, std::min(swell, 0.0f) / 40.0f));
  told_swell_ = swell;
}

}  // namespace ddsp_rt
