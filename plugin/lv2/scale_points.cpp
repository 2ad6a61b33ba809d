// JUCE 7 writes into an LV2's description what a parameter's steps are called, each at a share from 0 to 1 whatever the
// range. This puts them where they are: scale_points DSP.ttl, once JUCE has written it.
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

namespace {

constexpr const char* kPoint = "rdf:value ";

/// The number that follows the first `label` in `text`; `otherwise` without one.
double number(const std::string& text, const std::string& label, double otherwise) {
  const std::size_t at = text.find(label);
  return at == std::string::npos ? otherwise : std::stod(text.substr(at + label.size()));
}

/// A parameter's description, with its steps, which are whole numbers, in its unit.
std::string in_units(const std::string& parameter) {
  const double minimum = number(parameter, "lv2:minimum ", 0.0), maximum = number(parameter, "lv2:maximum ", 1.0);
  const std::size_t last = parameter.rfind(kPoint);
  if (last == std::string::npos || number(parameter.substr(last), kPoint, 0.0) != 1.0) return parameter;  // it is done
  std::string out;
  std::size_t done = 0;
  for (std::size_t at; (at = parameter.find(kPoint, done)) != std::string::npos; done = parameter.find(' ', at)) {
    at += std::string(kPoint).size();
    out += parameter.substr(done, at - done);
    out += std::to_string(std::lround(minimum + std::stod(parameter.substr(at)) * (maximum - minimum)));
  }
  return out + parameter.substr(done);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string file = argc == 2 ? argv[1] : "";
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  in.close();
  if (text.empty()) {
    std::fprintf(stderr, "usage: scale_points DSP.ttl, as JUCE has written it\n");
    return 2;
  }
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  for (std::size_t from = 0; from < text.size();) {  // descriptions end with an empty line
    const std::size_t gap = text.find("\n\n", from);
    const std::size_t end = gap == std::string::npos ? text.size() : gap + 2;
    out << in_units(text.substr(from, end - from));
    from = end;
  }
  out.close();
  if (!out) std::fprintf(stderr, "%s: it cannot be written\n", file.c_str());
  return out ? 0 : 1;
}
