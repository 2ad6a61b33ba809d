// Which parameters are tested through which door, so that one without a test is found.
#pragma once

#include <doctest/doctest.h>

#include <initializer_list>
#include <utility>
#include <vector>

#include "ddsp_rt/playing/parameters.h"

namespace coverage {

enum class Door { audio, control, notes };  // NOLINT(readability-identifier-naming): words in COVERS
using enum Door;

inline std::vector<std::pair<ddsp_rt::Parameter, Door>>& covered() {
  static std::vector<std::pair<ddsp_rt::Parameter, Door>> all;
  return all;
}

struct Covers {
  Covers(ddsp_rt::Parameter parameter, std::initializer_list<Door> doors) {
    for (const Door door : doors) covered().emplace_back(parameter, door);
  }
};

}  // namespace coverage

/// Stands before a test that fails when the parameter loses its effect: COVERS(kTranspose, {coverage::audio});
#define COVERS(parameter, ...) \
  static const coverage::Covers DOCTEST_ANONYMOUS(covers_)(ddsp_rt::Parameter::parameter, __VA_ARGS__)
