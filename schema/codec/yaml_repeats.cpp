#include "schema/codec/yaml_repeats.hpp"

#include "schema/codec/json_text.hpp"

#include <fmt/format.h>
#include <set>
#include <sstream>
#include <vector>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

namespace actord::schema {
namespace {

/// Follows a document, one level for each open map or list. A repeated key is reported at the line of its
/// value, as Go does.
class repeat_finder final : public YAML::EventHandler {
public:
  void OnDocumentStart(const YAML::Mark& /*where*/) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& where, YAML::anchor_t /*anchor*/) override { scalar(where, "null"); }
  void OnAlias(const YAML::Mark& where, YAML::anchor_t /*anchor*/) override { scalar(where, {}); }
  void OnScalar(const YAML::Mark& where, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                const std::string& value) override {
    scalar(where, value);
  }
  void OnSequenceStart(const YAML::Mark& where, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                       YAML::EmitterStyle::value /*style*/) override {
    value_begins(where);
    levels_.push_back({});
  }
  void OnSequenceEnd() override { levels_.pop_back(); }
  void OnMapStart(const YAML::Mark& where, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {
    value_begins(where);
    levels_.push_back({.is_map = true});
  }
  void OnMapEnd() override { levels_.pop_back(); }

  [[nodiscard]] std::string take() { return std::move(found_); }

private:
  struct level {
    bool is_map = false;
    bool at_value = false;
    std::string key{};
    std::set<std::string> keys{};
  };

  void scalar(const YAML::Mark& where, std::string_view text) {
    if (!levels_.empty() && levels_.back().is_map && !levels_.back().at_value) {
      levels_.back().key = text;
      levels_.back().at_value = true;
      return;
    }
    value_begins(where);
  }

  void value_begins(const YAML::Mark& where) {
    constexpr std::size_t most_bytes = 8192;
    if (levels_.empty() || !levels_.back().is_map) return;
    level& here = levels_.back();
    here.at_value = false;
    if (here.keys.insert(here.key).second || found_.size() > most_bytes) return;
    if (found_.empty()) found_ = "yaml: unmarshal errors:";
    std::string quoted;
    append_json_string(quoted, here.key);
    found_ += fmt::format("\n  line {}: key {} already set in map", where.line + 1, quoted);
  }

  std::vector<level> levels_;
  std::string found_;
};

} // namespace

std::string repeated_yaml_keys(std::string_view text) {
  repeat_finder finder;
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    parser.HandleNextDocument(finder);
  } catch (const YAML::Exception&) {
    return {}; // yaml_to_json says what is wrong
  }
  return finder.take();
}

} // namespace actord::schema
