#pragma once

#include "runtime/files/file_tools.hpp"

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace actord::test_support {

/// A directory that is gone, with all that is mounted in it, when the test is over.
class temporary_directory {
public:
  temporary_directory() {
    std::string name = "/tmp/actord-test-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = name;
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  ~temporary_directory() {
    static_cast<void>(runtime::unmount_below(path_));
    static_cast<void>(runtime::remove_tree(path_));
  }

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

private:
  std::string path_;
};

} // namespace actord::test_support
