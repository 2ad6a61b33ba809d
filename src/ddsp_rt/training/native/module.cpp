// What training does on a CPU that PyTorch does slowly. Arrays are float32 and contiguous; shapes are checked here.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "gru_steps.h"

namespace nb = nanobind;
using namespace nb::literals;
using namespace ddsp_rt::training;

namespace {

template <std::size_t Dimensions>
using Input = nb::ndarray<const float, nb::ndim<Dimensions>, nb::c_contig, nb::device::cpu>;
template <std::size_t Dimensions>
using Output = nb::ndarray<float, nb::ndim<Dimensions>, nb::c_contig, nb::device::cpu>;

template <typename Array>
void check(const Array& array, std::initializer_list<std::size_t> shape, const char* name) {
  std::size_t axis = 0;
  for (const std::size_t size : shape)
    if (array.shape(axis++) != size) throw std::invalid_argument(std::string(name) + " has another shape");
}

GruShape shape_of(const Input<3>& of_hidden) {
  const GruShape shape{of_hidden.shape(0), of_hidden.shape(1), of_hidden.shape(2)};
  if (shape.hidden == 0 || shape.hidden % kColumns != 0)
    throw std::invalid_argument("the hidden size must be a multiple of 64");
  return shape;
}

// Sequences do not depend on each other: any number of threads gives the same bits.
template <typename Work>
void share(std::size_t batch, int threads, Work&& work) {
  const auto count = static_cast<std::size_t>(std::max(1, threads));
  std::vector<std::thread> others;
  for (std::size_t i = 1; i < count; ++i)
    others.emplace_back([&, i] { work(batch * i / count, batch * (i + 1) / count); });
  work(std::size_t{0}, batch / count);
  for (auto& other : others) other.join();
}

void forward(Input<3> driven, Input<2> weight, Input<1> bias, Output<3> gates, Output<3> inner, Output<3> fresh,
             Output<3> states, int threads) {
  const GruShape shape = shape_of(Input<3>(inner));
  const auto [frames, batch, hidden] = shape;
  check(driven, {frames, batch, 3 * hidden}, "driven");
  check(weight, {hidden, 3 * hidden}, "weight");
  check(bias, {hidden}, "bias");
  check(gates, {frames, batch, 2 * hidden}, "gates");
  check(fresh, {frames, batch, hidden}, "fresh");
  check(states, {frames + 1, batch, hidden}, "states");
  nb::gil_scoped_release release;
  const std::vector<float> blocks = in_column_blocks(weight.data(), shape.hidden, 3 * shape.hidden);
  share(shape.batch, threads, [&](std::size_t first, std::size_t last) {
    gru_forward(shape, first, last, driven.data(), blocks.data(), bias.data(), gates.data(), inner.data(), fresh.data(),
                states.data());
  });
}

void backward(Input<3> grad, Input<2> weight, Input<3> gates, Input<3> inner, Input<3> fresh, Input<3> states,
              Output<3> recurrent, Output<3> driven, Output<2> carry, int threads) {
  const GruShape shape = shape_of(grad);
  const auto [frames, batch, hidden] = shape;
  check(weight, {3 * hidden, hidden}, "weight");
  check(gates, {frames, batch, 2 * hidden}, "gates");
  for (const auto* array : {&inner, &fresh}) check(*array, {frames, batch, hidden}, "inner or fresh");
  check(states, {frames + 1, batch, hidden}, "states");
  for (const auto* array : {&recurrent, &driven}) check(*array, {frames, batch, 3 * hidden}, "recurrent or driven");
  check(carry, {batch, hidden}, "carry");
  nb::gil_scoped_release release;
  const std::vector<float> blocks = in_column_blocks(weight.data(), 3 * shape.hidden, shape.hidden);
  share(shape.batch, threads, [&](std::size_t first, std::size_t last) {
    gru_backward(shape, first, last, grad.data(), blocks.data(), gates.data(), inner.data(), fresh.data(),
                 states.data(), recurrent.data(), driven.data(), carry.data());
  });
}

}  // namespace

NB_MODULE(_training, m) {
  m.doc() = "What training does on a CPU that PyTorch does slowly.";
  m.def("gru_forward", &forward, "driven"_a, "weight"_a, "bias"_a, "gates"_a.noconvert(), "inner"_a.noconvert(),
        "fresh"_a.noconvert(), "states"_a.noconvert(), "threads"_a,
        "A gated recurrent unit over a sequence: writes gates, inner, fresh and states, whose first row is given.");
  m.def("gru_backward", &backward, "grad"_a, "weight"_a, "gates"_a, "inner"_a, "fresh"_a, "states"_a,
        "recurrent"_a.noconvert(), "driven"_a.noconvert(), "carry"_a.noconvert(), "threads"_a,
        "Its gradient: writes recurrent, driven and carry.");
}
