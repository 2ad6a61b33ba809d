# Faults in what plays, each of which the engine's tests must catch: `make mutants`.

# Pitch
plant(glide_twice_as_fast "-3.0f * kFrameMs / milliseconds" "-6.0f * kFrameMs / milliseconds")
plant(glide_starts_from_nowhere "started_ ? midi_ + (wanted - midi_) * share(milliseconds) : wanted"
  "midi_ + (wanted - midi_) * share(milliseconds)")
plant(transpose_ignored "targets_[Parameter::kTranspose]" "0.0f")
plant(fine_tune_ignored "targets_[Parameter::kFineTune] / 100.0f" "0.0f")
plant(octave_ignored "std::ldexp(features.f0, octave)" "features.f0")

# Level
plant(gains_step "(target - value) * kSmoothing" "target - value")
plant(input_gain_halved "targets_[Parameter::kInputGain] / 20.0f" "targets_[Parameter::kInputGain] / 40.0f")
plant(gain_of_power "std::pow(10.0f, value / 20.0f)" "std::pow(10.0f, value / 10.0f)")
plant(lowest_gain_does_not_mute "value <= info(parameter).minimum" "value < info(parameter).minimum")
plant(harmonic_gain_ignored "gate * settings.harmonic_gain" "gate")
plant(harmonic_gain_on_noise "gate * settings.noise_gain" "gate * settings.harmonic_gain")
plant(breath_ignored "targets_.gain(Parameter::kBreath)" "1.0f")
plant_text(breath_steps "approach(now_.breath, goal.breath)"
  "ddsp_rt::planted(\"breath_steps\") ? void(now_.breath = goal.breath) : approach(now_.breath, goal.breath)")
plant(consonants_keep_their_harmonics "controls.amplitude *= tone" "controls.amplitude")
plant(consonants_lose_their_loudness "whole / noise_power(controls)" "1.0f")
plant(hiss_as_dark_as_the_instrument "tilted(share * shift, bands_[b].tilt)" "1.0f")
plant(life_ignored "targets_[Parameter::kLife] / 100.0f" "0.0f")
plant(life_changes_the_level "std::sqrt(power / moved_power)" "1.0f")
plant(life_starts_still "std::copy(warm_.begin(), warm_.end(), processes_.begin())" "processes_.begin()")
plant_text(life_steps "approach(now_.life, goal.life)"
  "ddsp_rt::planted(\"life_steps\") ? void(now_.life = goal.life) : approach(now_.life, goal.life)")
plant(morph_ignored "parameters()[Parameter::kMorph] / 100.0f" "0.0f")
plant(morph_of_a_faint_tone_is_no_number "std::min(whole_a, whole_b) > kFaintest" "whole_a > 0.0f")
plant(morph_dips "std::sqrt(wanted * whole / power)" "1.0f")
plant(morph_in_amplitude "a * std::exp2(share * std::log2(b / a))" "a + share * (b - a)")
plant(morph_steps "now_.share + kSmoothing * way" "wanted")
plant(morph_is_heard_at_once "++listened_ <= kListens" "false")
plant(notes_completed_by_the_first_instrument "voice_.instruments().complete(features, settings.share)"
  "voice_.instruments().first()->complete(features)")
plant(rooms_dip_between "std::sqrt(wanted / both)" "1.0f")
plant(room_falls_silent_when_left "!first_.silent()" "false")
plant(fit_to_the_first_instrument_alone "between(a.loudness_db[i], b.loudness_db[i], share)" "a.loudness_db[i]")
plant_text(input_gain_steps "= sample * input(passed)"
  "= sample * input(ddsp_rt::planted(\"input_gain_steps\") ? 1.0f : passed)")
plant(dry_and_wet_swapped "output * (1.0f - wet)" "output * wet")
plant(dry_without_output_gain "output * (1.0f - wet)" "1.0f - wet")
plant(input_gain_in_the_dry_sound "sample * dry(passed)" "sample * input(passed) * dry(passed)")
plant(reverb_always_whole "parameters_.now().reverb" "1.0f")
plant(reverb_capped_at_one "targets_[Parameter::kReverb]" "std::min(1.0f, targets_[Parameter::kReverb])")
plant(reverb_gain_jumps "(gain - gain_) / static_cast<float>(n)" "0.0f")
plant(reverb_ramp_starts_a_sample_late
  "slope * static_cast<float>(done + i + 1)" "slope * static_cast<float>(done + i)")
plant(tail_ends_at_60_db "std::abs(sample) >= kFloor" "std::abs(sample) >= 10.0f * kFloor")
plant(room_rings_on_after_reset "rooms_.reset()" "void()")
plant(parameters_ramp_after_reset "now_ = before_ = wanted()" "now_")

# Tone
plant(brightness_about_500_hz "static_cast<float>(b) * spacing / kPivot" "static_cast<float>(b) * spacing / 500.0f")
plant(brightness_per_two_octaves "(20.0f * std::log10(2.0f))" "(40.0f * std::log10(2.0f))")
plant(brightness_spares_the_noise "static_cast<float>(b) * spacing / kPivot" "1.0f")
plant(consonants_fade_as_notes_do "features.periodicity < kNearly" "false")

# Gate
plant(gate_parameter_ignored "instruments_.gate_db(morph().share) + now.gate"
  "instruments_.gate_db(morph().share)")
plant(gate_without_hysteresis "open_ ? threshold_ - kHysteresis : threshold_" "threshold_")
plant(gate_of_the_fit_ignored "!noise_gate_.next(features_, fitting().gate_db, smoothed().now().gate)" "false")
plant(noise_gate_without_hysteresis "closes + kOpensAbove" "closes")
plant(noise_gate_cuts_notes "threshold_db <= kSilenceDb || frame.periodicity >= kVoicedPeriodicity"
      "threshold_db <= kSilenceDb")
plant(gate_shuts_at_once "steps_ > 0" "(steps_ = 0) != 0")

# Control door
plant(control_level_3_db_off "instruments().quantiles(morph().share).loudness_db[kLoud] + relative"
  "instruments().quantiles(morph().share).loudness_db[kLoud] + relative + 3.0f")
plant(linear_level_is_power "20.0f * std::log10(level)" "10.0f * std::log10(level)")
plant(modulator_half_as_deep "depth(passed) * modulator" "0.5f * depth(passed) * modulator")
plant_text(ratio_steps "depth{ratio_before_, ratio_now_ - ratio_before_}"
  "depth = ddsp_rt::planted(\"ratio_steps\") ? Ramp{ratio_now_, 0.0f}
                                            : Ramp{ratio_before_, ratio_now_ - ratio_before_}")
plant(modulator_may_be_nan "std::isfinite(modulator)" "true")
plant(rest_forgets_the_pitch "sounds ? std::clamp(f0, kLowestF0, kHighestF0) : f0_"
  "sounds ? std::clamp(f0, kLowestF0, kHighestF0) : 3.0f * f0_")
plant(level_in_db_ignored "parameters().on(Parameter::kLevelInDb)" "false")

# Learning and following
plant(auto_fit_always_on "parameters().on(Parameter::kAutoFit)" "true")
plant(auto_fit_ignored "parameters().on(Parameter::kAutoFit)" "false")
plant(mean_z_ignored "parameters().on(Parameter::kMeanZ)" "false")
plant(octave_follows_mid_note "unpitched_ == kPause" "true")
plant(octave_changes_between_tongued_notes "unpitched_ + 1" "unpitched_ + 3")
plant_text(fit_counts_silence "|| frame.loudness < kNothing"
  "|| (!ddsp_rt::planted(\"fit_counts_silence\") && frame.loudness < kNothing)")
plant_text(fit_counts_breath "frame.periodicity < kVoicedPeriodicity ||"
  "(!ddsp_rt::planted(\"fit_counts_breath\") && frame.periodicity < kVoicedPeriodicity) ||")
plant(following_twice_as_fast "fitting_.loudness.approach(wanted.loudness, kFollowStep)"
  "fitting_.loudness.approach(wanted.loudness, 2.0f * kFollowStep)")
plant(following_never_forgets "learning_ ? 1.0f : kGrowth" "1.0f")
plant(loudness_fit_ignored "fitted.loudness = loudness(features.loudness)" "fitted.loudness = features.loudness")
plant(fast_loudness_is_not_fitted "fitted.fast_loudness = loudness(features.fast_loudness)"
  "fitted.fast_loudness = features.fast_loudness")
plant(following_leaves_the_balance "nearer(fitting_.balance_db, wanted.balance_db, kFollowStep)" "fitting_.balance_db")
plant(noise_floor_from_breath "variance > kSteady * kSteady" "false")

# Change of instrument
plant_text(swap_without_warm_up "warm_up_(rate / 10)"
  "warm_up_(ddsp_rt::planted(\"swap_without_warm_up\") ? 0 : rate / 10)")
plant(swap_fades_linearly "old_[at] * std::cos(angle) + new_[at] * std::sin(angle)"
  "old_[at] * (1.0f - share) + new_[at] * share")
plant(swap_forgets_parameters "taken.set(values_)" "void()")
plant(parameter_misses_the_next "change(*next_)" "void()")
plant(bypass_fades_linearly "out[i] * std::cos(angle) + dry * std::sin(angle)"
  "out[i] * (1.0f - through_) + dry * through_")
plant(swap_keeps_the_old_fit "!learning_ && fitter_.sounding() > 0.0f" "false")
plant_text(swap_begins_the_vibrato_anew "now_ = before.now_;"
  "now_ = before.now_; if (ddsp_rt::planted(\"swap_begins_the_vibrato_anew\")) now_.vibrato_phase = 0.0;")
plant_text(swap_begins_the_delay_anew "now_ = before.now_;"
  "now_ = before.now_; if (ddsp_rt::planted(\"swap_begins_the_delay_anew\")) now_.frames = 0;")
plant_text(swap_forgets_the_swell "now_ = before.now_;"
  "now_ = before.now_; if (ddsp_rt::planted(\"swap_forgets_the_swell\")) now_.swell = 0.0f;")
plant(swap_forgets_the_keys_below "held_count_ = before.held_count_" "held_count_")
plant(swap_forgets_where_to_glide_from "last_key_ = before.last_key_" "last_key_")
plant(swap_forgets_who_is_oldest "order = before.order" "order")
plant(another_rate_ends_learning "other.learning()" "false")

# Notes
plant(bend_ignored "course.pitch + channel.bend" "course.pitch")
plant(glide_between_keys_ignored "glides ? last_key_ : event.key" "event.key")
plant(vibrato_twice_as_fast "static_cast<double>(settings.vibrato_rate) / kFrameRate"
  "2.0 * static_cast<double>(settings.vibrato_rate) / kFrameRate")
plant(vibrato_depth_from_end_to_end "settings.vibrato_depth * std::min(1.0f, since / kVibratoOnset)"
  "0.5f * settings.vibrato_depth * std::min(1.0f, since / kVibratoOnset)")
plant(vibrato_at_once "static_cast<float>(course.frames) * kFrameMs - settings.vibrato_delay"
  "static_cast<float>(course.frames) * kFrameMs")
plant(attack_too_slow "step(-kAttackFrom, shape.attack)" "step(-0.8f * kAttackFrom, shape.attack)")
plant(decay_too_fast "std::max(-shape.sustain, 1.0f)" "2.0f * std::max(-shape.sustain, 1.0f)")
plant(release_too_slow "step(kReleaseBy, shape.release)" "step(40.0f, shape.release)")
plant(struck_again_at_full_level "std::clamp(db_, kAttackFrom, kStruckAgain)" "db_")
plant(struck_again_glides "leaps_ || target > kLeap * increment_" "target > kLeap * increment_")
plant(cut_forgets_its_level "now_.envelope.cut()" "now_.envelope.reset()")
plant(footswitch_ignored "channels_[channel].legato" "false")
plant(footswitch_slurs_every_channel "one_line || held_[i].channel == channel" "true")
plant(velocity_uneven "std::clamp((127.0f * course.velocity - 1.0f) / 126.0f, 0.0f, 1.0f)"
  "course.velocity * course.velocity")
plant(velocity_curve_ignored "std::exp2(2.0f * settings.curve)" "1.0f")
plant(pressure_halved "kPressureDb * channel.pressure" "0.5f * kPressureDb * channel.pressure")
plant(expression_halved "40.0f * std::log10(std::max(channel.expression, 1e-3f))"
  "20.0f * std::log10(std::max(channel.expression, 1e-3f))")
plant(timbre_ignored "now_.timbre - 0.5f" "0.0f")
plant(swell_jumps "course.fresh ? 1.0f : kSmoothing" "1.0f")
plant_text(onset_on_the_frame "const float* now = line_.data() + longest_ - late_;"
  "const float* now = line_.data() + longest_ - (ddsp_rt::planted(\"onset_on_the_frame\") ? 0 : late_);")
plant(delay_fades_with_a_corner "passed * passed * (3.0f - 2.0f * passed)" "passed")
plant(expected_answers_are_always_taken "!sound_alike(pass.state->expected, *pass.features)" "false")
plant(movement_is_foreseen "sound_alike(features_, expected_)" "true")
plant(voices_share_a_seed "static_cast<std::uint32_t>(voice + 1)" "std::uint32_t{1}")
plant(voices_ignored "static_cast<std::size_t>(parameters()[Parameter::kVoices])" "std::size_t{kVoices}")
plant(the_newest_is_stolen "missed(a) < missed(b)" "missed(b) < missed(a)")
plant(the_oldest_of_the_released_is_stolen "rank == 0 ? line.features().loudness : 0.0f" "0.0f")
plant(a_pedalled_note_is_as_good_as_a_held_one "line.pedalled ? 1 : 2" "2")
plant(all_notes_off_keeps_the_keys "event.channel == kAllChannels || held_[i].channel == event.channel" "false")
plant(back_to_a_key_glides_from_elsewhere "last_key_ = back->key" "last_key_")
plant(slur_jumps_in_velocity "(velocity_ - course.velocity) * kSmoothing" "velocity_ - course.velocity")
plant(slur_attacks_again "down && line.held()" "false")
plant(pedal_ignored "channels_[event.channel].sustain" "false")
plant(pedal_lifts_every_channel "channel != kAllChannels && channel != line.channel()" "false")
plant(own_manner_ignored "set_initial(parameter, *value)" "void()")
plant(settings_lost_at_a_change "asked_ = other.asked_" "asked_")
plant(keys_before_the_instrument_lost "waiting_.hear(in, n)" "void()")
plant(pedal_before_the_instrument_ignored "same(note) && !channels_[note.channel].sustain" "same(note)")
plant_text(velocity_before_the_instrument_lost "{event.channel, event.key, event.value, false}"
  "{event.channel, event.key, ddsp_rt::planted(\"velocity_before_the_instrument_lost\") ? 1.0f : event.value, false}")
plant(events_out_of_order "std::clamp(event.offset, at, std::max(samples_ - 1, 0))"
  "std::clamp(event.offset, 0, std::max(samples_ - 1, 0))")
plant_text(flood_loses_events "for (const Queued& waiting : queue_)"
  "if (!ddsp_rt::planted(\"flood_loses_events\")) for (const Queued& waiting : queue_)")
plant(wheel_ignored "state.pressure[1] = share(value)" "0.0f")
plant(pressure_of_the_key_s_number "(status & 0xf0) == 0xa0 ? second : first" "first")
plant_text(expression_is_volume "case 11: express(2)"
  "case 11: express(ddsp_rt::planted(\"expression_is_volume\") ? 1 : 2)")

# Segmenter
plant(vibrato_parts_notes "since_struck_ <= kReadLate" "true")
plant(slips_are_notes "leap == 12 || leap == 19 || leap == 24 ? kOctaves : 0.0f" "-kChange")
plant(struck_notes_unheard "rise < kRise" "true")
plant(a_swell_strikes "rise < kRise" "rise < 1.0f")
plant(consonants_part_nothing "frame += kUnvoicedNote" "frame += -1.0f")
plant(bends_from_the_wrong_key "now.pitch - static_cast<float>(key_)" "now.pitch - static_cast<float>(key_) + 0.5f")
plant(expression_of_power "std::min(swell, 0.0f) / 40.0f" "std::min(swell, 0.0f) / 20.0f")
plant(a_note_never_ends "say(NoteEvent::Kind::kNoteOff, key_, 0.0f)" "void()")

# What a reset, a rest or a change leaves behind
plant_text(glide_goes_on_after_reset "glide_.reset();
  ratio_before_" "if (!ddsp_rt::planted(\"glide_goes_on_after_reset\")) glide_.reset();
  ratio_before_")
plant_text(rest_remembers_the_pitch_after_reset "f0_ = kDefaultF0;
}" "if (!ddsp_rt::planted(\"rest_remembers_the_pitch_after_reset\")) f0_ = kDefaultF0;
}")
plant_text(last_key_stays_after_reset "last_key_ = -1;
  begun_" "if (!ddsp_rt::planted(\"last_key_stays_after_reset\")) last_key_ = -1;
  begun_")
plant_text(decimator_phase_stays_after_reset "phase_ = position_ = 0;
  if (low_pass_)" "if (!ddsp_rt::planted(\"decimator_phase_stays_after_reset\")) phase_ = position_ = 0;
  if (low_pass_)")
plant(voicing_stays_after_reset "breath_.reset()" "void()")
plant(life_goes_on_after_reset "life_.reset()" "void()")
plant_text(second_room_rings_on_after_reset "if (second_) second_->reset();
  started_" "if (second_ && !ddsp_rt::planted(\"second_room_rings_on_after_reset\")) second_->reset();
  started_")
plant(second_goes_on_where_it_rested "morph.second && !morph_.second" "false")
plant_text(second_swap_is_at_once "next_ = std::move(taken);
      elapsed_ = 0;" "next_ = std::move(taken);
      if (!ddsp_rt::planted(\"second_swap_is_at_once\")) elapsed_ = 0;")
plant_text(another_rate_forgets_what_waits "waiting_ = other.waiting_;"
  "if (!ddsp_rt::planted(\"another_rate_forgets_what_waits\")) waiting_ = other.waiting_;")
plant(loader_forgets_the_range "request.range.value_or(range_)" "request.range.value_or(Range{})")
plant_text(a_fit_by_hand_is_forgotten_in_a_swap "fitter_.reset();
  learning_ = false;" "if (!ddsp_rt::planted(\"a_fit_by_hand_is_forgotten_in_a_swap\")) fitter_.reset();
  learning_ = false;")
plant(meter_falls_too_fast "std::pow(0.1f, 1.0f / static_cast<float>(rate))"
  "std::pow(0.01f, 1.0f / static_cast<float>(rate))")

# What is bounded or told apart
plant(fit_beyond_the_loudest "std::min(offset, target.loudness_db.back() - loud())" "offset")
plant(balance_without_bounds
  "std::clamp(*target.balance_db - balance_.quantile(0.5f), -kFarthestBalance, kFarthestBalance)"
  "*target.balance_db - balance_.quantile(0.5f)")
plant(balance_of_old_weighs_for_ever "balance_.scale(1.0f / weight_)" "void()")
plant(stray_low_notes_count "std::max(pitch[0], pitch[1] - 4.0f)" "pitch[0]")
plant_text(octaves_down_first "{0, 1, -1, 2, -2, 3, -3, 4, -4}"
  "(ddsp_rt::planted(\"octaves_down_first\") ? std::array{0, -1, 1, -2, 2, -3, 3, -4, 4}
                                                   : std::array{0, 1, -1, 2, -2, 3, -3, 4, -4})")
plant(a_fade_is_noise "std::abs(first.mean() - second.mean()) > kLevel" "false")
plant(modulator_without_limit "std::clamp(modulation_[static_cast<std::size_t>(from)], -limit, limit)"
  "modulation_[static_cast<std::size_t>(from)]")
plant(modulated_harmonics_fold "std::max(stretch, std::abs(1.0 + static_cast<double>(deviation[i])))" "stretch")
plant(modulated_glide_starts_a_sample_late "frequency.slope * (i + 1)" "frequency.slope * i")
plant(leaps_down_glide "increment_ > kLeap * target" "false")

# How notes move and end
plant(stolen_voices_glide "voice_.leap()" "void()")
plant(lines_stop_before_they_rang_out "rung_out_ = silent && voice_.silent()" "rung_out_ = now_.envelope.over()")
plant(attack_skips_its_first_frame "!first_ || shape.attack < kFrame" "true")
plant(raised_sustain_is_not_followed "std::min(shape.sustain, db_ + by)" "db_")
plant(timbre_jumps "(channel.timbre - course.timbre) * share" "channel.timbre - course.timbre")
plant_text(bend_of_all_channels_ignored "channel == kAllChannels) {
      for" "channel == kAllChannels) {
      if (!ddsp_rt::planted(\"bend_of_all_channels_ignored\")) for")
