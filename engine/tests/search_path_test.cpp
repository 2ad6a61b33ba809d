// The instrument search: order of folders, names and paths, and a message that says what there is.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <pwd.h>
#include <unistd.h>

#include "ddsp_rt/instrument/instrument.h"
#include "ddsp_rt/instrument/search_path.h"

namespace {

namespace fs = std::filesystem;
using namespace ddsp_rt;

/// Sets an environment variable and puts the old value back.
class Environment {
 public:
  Environment(std::string name, const std::string& value) : name_(std::move(name)) {
    if (const char* old = std::getenv(name_.c_str())) old_ = old;
    setenv(name_.c_str(), value.c_str(), 1);
  }
  ~Environment() { old_ ? setenv(name_.c_str(), old_->c_str(), 1) : unsetenv(name_.c_str()); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  std::string name_;
  std::optional<std::string> old_;
};

struct Folder {
  const fs::path path = fs::temp_directory_path() / ("ddsp_rt_search_" + std::to_string(getpid()));
  ~Folder() { fs::remove_all(path); }
  void put(const std::string& name) const {
    fs::create_directories((path / name).parent_path());
    std::ofstream(path / name) << "x";
  }
};

std::string message(const std::string& name, const fs::path& shipped) {
  try {
    return "found " + find_instrument(name, shipped).string();
  } catch (const InstrumentError& error) {
    return error.what();
  }
}

TEST_CASE("instruments are found in the order that is promised") {
  const Folder folder;
  const fs::path &root = folder.path, shipped = root / "shipped";
  folder.put("one/violin.ddsp");
  folder.put("two/violin.ddsp");
  folder.put("two/flute.ddsp");
  folder.put("data/ddsp-rt/instruments/flute.ddsp");
  folder.put("data/ddsp-rt/instruments/horn.ddsp");
  folder.put("shipped/horn.ddsp");
  folder.put("shipped/cello.ddsp");
  folder.put("shipped/card.md");
  fs::create_directories(shipped / "folder.ddsp");
  const Environment path("DDSP_RT_PATH", (root / "one").string() + "::/nowhere:" + (root / "two").string());
#if !defined(__APPLE__)
  const Environment data("XDG_DATA_HOME", (root / "data").string());
#endif

  CHECK(find_instrument("violin", shipped) == root / "one/violin.ddsp");
  CHECK(find_instrument("flute", shipped) == root / "two/flute.ddsp");
  CHECK(find_instrument("cello", shipped) == root / "shipped/cello.ddsp");
  CHECK(find_instrument((root / "two/violin.ddsp").string(), shipped) == root / "two/violin.ddsp");
#if !defined(__APPLE__)
  CHECK(find_instrument("horn", shipped) == root / "data/ddsp-rt/instruments/horn.ddsp");
  const std::vector<fs::path> all{root / "shipped/cello.ddsp", root / "two/flute.ddsp",
                                  root / "data/ddsp-rt/instruments/horn.ddsp", root / "one/violin.ddsp"};
  CHECK(list_instruments(shipped) == all);
  CHECK(message("tuba", shipped) == "no instrument 'tuba'; there are cello, flute, horn, violin");
#endif
  CHECK(message("tuba.ddsp", shipped) == "tuba.ddsp: no such instrument file");
  CHECK(message("here/tuba", shipped) == "here/tuba: no such instrument file");
  CHECK(message("", shipped).starts_with("no instrument ''"));
}

TEST_CASE("a damaged, foreign or hidden file does not hide a good instrument") {
  const Folder folder;
  const fs::path &root = folder.path, shipped = root / "shipped", good = shipped / "violin.ddsp";
  folder.put("one/violin.ddsp");  // no instrument
  folder.put("one/._violin.ddsp");
  folder.put("one/._flute.ddsp");
  folder.put("shipped/horn.ddsp");
  fs::copy_file(DDSP_RT_TEST_DATA "/golden.ddsp", good);
  fs::copy_file(DDSP_RT_TEST_DATA "/golden.ddsp", shipped / "Viola.DDSP");
  const Environment path("DDSP_RT_PATH", (root / "one").string()), data("XDG_DATA_HOME", "/nowhere"), home("HOME", "/");

  CHECK(find_instrument("violin", shipped) == good);
  CHECK(find_instrument("violin.ddsp", shipped) == good);
  CHECK(find_instrument("Viola", shipped) == shipped / "Viola.DDSP");
  CHECK(find_instrument("horn", shipped) == shipped / "horn.ddsp");  // there is no better one; loading it says why
  CHECK(list_instruments(shipped) == std::vector<fs::path>{shipped / "Viola.DDSP", shipped / "horn.ddsp", good});

  const fs::path before = fs::current_path();
  fs::current_path(root);
  folder.put("violin");  // notes about it
  folder.put("horn");
  CHECK(find_instrument("violin", shipped) == good);
  CHECK(find_instrument("horn", shipped) == "horn");
  CHECK(message("violin/", shipped) == "violin/: no such instrument file");
  fs::current_path(before);
}

TEST_CASE("a tilde in the search path is the user's home") {
  const Folder folder;
  folder.put("mine/violin.ddsp");
  const Environment data("XDG_DATA_HOME", "/nowhere");
  {
    const Environment home("HOME", folder.path.string()), path("DDSP_RT_PATH", "~/mine");
    CHECK(find_instrument("violin") == folder.path / "mine/violin.ddsp");
  }
  const Environment home("HOME", ""), path("DDSP_RT_PATH", "~/mine:~"), none("XDG_DATA_HOME", "");
  CHECK(instrument_folders().empty());
}

#if !defined(_WIN32)
TEST_CASE("a tilde with a name is that user's home, and nobody's where there is no such user") {
  const Environment home("HOME", "/nowhere"), data("XDG_DATA_HOME", "/data");
  {
    const Environment path("DDSP_RT_PATH", "~root/mine:~root");
    const auto folders = instrument_folders();
    REQUIRE(folders.size() == 3);
    CHECK(folders[0] == std::filesystem::path(getpwnam("root")->pw_dir) / "mine");
    CHECK(folders[1].lexically_normal() == std::filesystem::path(getpwnam("root")->pw_dir) / "");
  }
  const Environment path("DDSP_RT_PATH", "~no-such-user-here/mine");
  CHECK(instrument_folders() == std::vector<std::filesystem::path>{"/data/ddsp-rt/instruments"});
}
#endif

TEST_CASE("no folder at all is no error, only no instrument") {
  const Environment path("DDSP_RT_PATH", ""), data("XDG_DATA_HOME", "/nowhere"), home("HOME", "/nowhere");
  CHECK(list_instruments().empty());
  CHECK(message("violin", {}) == "no instrument 'violin'; there are none");
}

}  // namespace
