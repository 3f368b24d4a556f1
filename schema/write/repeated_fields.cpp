#include "schema/write/repeated_fields.hpp"

#include "schema/base/json.hpp"

#include <algorithm>
#include <set>

namespace actord::schema {
namespace {

/// Follows a parser through a text, with the place it is at: one level for each open object or list.
class repetition_finder final : public nlohmann::json_sax<json> {
public:
  bool null() override { return value(); }
  bool boolean(bool) override { return value(); }
  bool number_integer(number_integer_t) override { return value(); }
  bool number_unsigned(number_unsigned_t) override { return value(); }
  bool number_float(number_float_t, const string_t&) override { return value(); }
  bool string(string_t&) override { return value(); }
  bool binary(binary_t&) override { return value(); }

  bool start_object(std::size_t) override { return open(false); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(true); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t, const std::string&, const json::exception&) override { return false; }

  bool key(string_t& name) override {
    levels_.back().name = name;
    if (levels_.back().names.insert(name).second) return true;
    std::string text = "duplicate field \"" + place() + "\"";
    if (std::ranges::find(found_, text) == found_.end()) found_.push_back(std::move(text));
    return true;
  }

  std::vector<std::string> take() { return std::move(found_); }

private:
  struct level {
    bool list = false;
    std::size_t index = 0;
    std::string name;
    std::set<std::string> names;
  };

  bool open(bool list) {
    levels_.push_back({list, 0, {}, {}});
    return true;
  }
  bool close() {
    levels_.pop_back();
    return value();
  }
  bool value() {
    if (!levels_.empty() && levels_.back().list) ++levels_.back().index;
    return true;
  }

  [[nodiscard]] std::string place() const {
    std::string path;
    for (const level& one : levels_) {
      if (one.list) {
        path += "[" + std::to_string(one.index) + "]";
        continue;
      }
      if (!path.empty()) path += '.';
      path += one.name;
    }
    return path;
  }

  std::vector<level> levels_;
  std::vector<std::string> found_;
};

} // namespace

std::vector<std::string> repeated_fields(std::string_view text) {
  repetition_finder finder;
  (void)json::sax_parse(text, &finder);
  return finder.take();
}

} // namespace actord::schema
