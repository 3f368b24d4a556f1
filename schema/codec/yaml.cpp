#include "schema/codec/decode.hpp"
#include "schema/codec/json_text.hpp"

#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <optional>
#include <sstream>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace actord::schema {
namespace {

constexpr std::size_t nodes_max = 100'000;
constexpr std::size_t text_max = std::size_t{16} << 20U;

/// Thrown out of the parser's callbacks and caught where the parser is called.
struct refused {
  YAML::Mark where;
  std::string message;
};

std::optional<bool> plain_boolean(std::string_view text) {
  for (const std::string_view word : {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})
    if (text == word) return true;
  for (const std::string_view word : {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})
    if (text == word) return false;
  return std::nullopt;
}

bool plain_null(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

std::optional<std::string> plain_integer(std::string_view text) {
  std::string digits;
  for (const char c : text)
    if (c != '_') digits += c;
  std::string_view rest = digits;
  const bool negative = !rest.empty() && rest.front() == '-';
  if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) rest.remove_prefix(1);
  int base = 10;
  if (rest.starts_with("0x")) base = 16;
  if (rest.starts_with("0b")) base = 2;
  if (rest.starts_with("0o")) base = 8;
  if (base != 10) {
    rest.remove_prefix(2);
  } else if (rest.size() > 1 && rest.front() == '0') {
    base = 8; // YAML 1.1
  }
  std::uint64_t value = 0;
  const auto end = std::from_chars(rest.data(), rest.data() + rest.size(), value, base);
  if (rest.empty() || end.ec != std::errc() || end.ptr != rest.data() + rest.size()) return std::nullopt;
  return fmt::format("{}{}", negative ? "-" : "", value);
}

std::optional<std::string> plain_float(std::string_view text) {
  if (text.find_first_not_of("0123456789.eE+-") != std::string_view::npos) return std::nullopt;
  if (text.find_first_of("0123456789") == std::string_view::npos) return std::nullopt;
  std::string_view rest = text;
  if (rest.front() == '+') rest.remove_prefix(1);
  double value = 0;
  const auto end = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (end.ec != std::errc() || end.ptr != rest.data() + rest.size() || !std::isfinite(value))
    return std::nullopt;
  return json_text(json(value));
}

/// The numbers that JSON has no form for.
bool is_no_json_number(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  for (const std::string_view word : {".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"})
    if (text == word) return true;
  return false;
}

/// A plain (unquoted) scalar as JSON.
std::string plain_scalar(std::string_view text) {
  if (plain_null(text)) return "null";
  if (const auto word = plain_boolean(text)) return *word ? "true" : "false";
  if (auto number = plain_integer(text)) return *number;
  if (auto number = plain_float(text)) return *number;
  std::string quoted;
  append_json_string(quoted, text);
  return quoted;
}

/// Writes JSON as the parser meets nodes. Nothing is built, so a bomb of aliases costs no more than its
/// budget.
class json_writer final : public YAML::EventHandler {
public:
  void OnDocumentStart(const YAML::Mark& /*where*/) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& where, YAML::anchor_t anchor) override {
    scalar(where, "null", anchor, "null");
  }

  void OnAlias(const YAML::Mark& where, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end() || !found->second.is_complete) throw refused{where, "anchor contains itself"};
    const anchored target = found->second;
    if (target.is_map && expects_key()) throw refused{where, "an alias cannot be a map's key"};
    count_nodes(where, target.nodes);
    const std::string copy = out_.substr(target.begin, target.size);
    scalar(where, copy, YAML::NullAnchor, copy);
  }

  void OnScalar(const YAML::Mark& where, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (tag != "?" && tag != "!" && !tag.empty() && tag != "tag:yaml.org,2002:str")
      throw refused{where, "tags are not supported: " + tag};
    std::string key;
    append_json_string(key, value);
    const bool is_plain = tag == "?" || tag.empty();
    if (is_plain && value == "<<" && expects_key()) throw refused{where, "merge keys are not supported"};
    if (is_plain && !expects_key() && is_no_json_number(value))
      throw refused{where, "json: unsupported value: " + value};
    scalar(where, is_plain ? plain_scalar(value) : key, anchor, key);
  }

  void OnSequenceStart(const YAML::Mark& where, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(where, tag, anchor, '[');
  }
  void OnSequenceEnd() override { close(']'); }
  void OnMapStart(const YAML::Mark& where, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(where, tag, anchor, '{');
  }
  void OnMapEnd() override { close('}'); }

  [[nodiscard]] std::string take() { return out_.empty() ? "null" : std::move(out_); }

private:
  struct anchored {
    std::size_t begin = 0;
    std::size_t size = 0;
    std::size_t nodes = 0;
    bool is_complete = false;
    bool is_map = false;
  };
  struct container {
    char bracket;
    std::size_t items = 0; ///< of a map: keys and values
    YAML::anchor_t anchor = YAML::NullAnchor;
    std::size_t nodes_before = 0;
  };

  [[nodiscard]] bool expects_key() const {
    return !open_.empty() && open_.back().bracket == '{' && open_.back().items % 2 == 0;
  }

  void count_nodes(const YAML::Mark& where, std::size_t more) {
    nodes_ += more;
    if (nodes_ > nodes_max || out_.size() > text_max)
      throw refused{where, "document contains excessive aliasing"};
  }

  /// The separator in front of the next node.
  void begin_node() {
    if (open_.empty()) return;
    container& parent = open_.back();
    if (parent.bracket == '{' && parent.items % 2 == 1)
      out_ += ':';
    else if (parent.items > 0)
      out_ += ',';
    ++parent.items;
  }

  void scalar(const YAML::Mark& where, std::string_view text, YAML::anchor_t anchor, std::string_view key) {
    count_nodes(where, 1);
    const bool is_key = expects_key();
    begin_node();
    const std::size_t begin = out_.size();
    if (!is_key) {
      out_ += text;
    } else if (key.starts_with('"')) {
      out_ += key;
    } else {
      append_json_string(out_, key); // a number or word that came by an alias
    }
    if (anchor != YAML::NullAnchor) anchors_[anchor] = {begin, out_.size() - begin, 1, true, false};
  }

  void open(const YAML::Mark& where, const std::string& tag, YAML::anchor_t anchor, char bracket) {
    if (tag != "?" && tag != "!" && !tag.empty()) throw refused{where, "tags are not supported: " + tag};
    if (expects_key()) throw refused{where, "a map's key must be a scalar"};
    if (open_.size() >= json_depth_max) throw refused{where, "exceeded max depth"};
    count_nodes(where, 1);
    begin_node();
    if (anchor != YAML::NullAnchor) anchors_[anchor] = {out_.size(), 0, 0, false, true};
    open_.push_back({bracket, 0, anchor, nodes_});
    out_ += bracket;
  }

  void close(char bracket) {
    out_ += bracket;
    const container done = open_.back();
    open_.pop_back();
    if (done.anchor == YAML::NullAnchor) return;
    anchored& target = anchors_[done.anchor];
    target.size = out_.size() - target.begin;
    target.nodes = nodes_ - done.nodes_before + 1;
    target.is_complete = true;
  }

  std::string out_;
  std::vector<container> open_;
  std::map<YAML::anchor_t, anchored> anchors_;
  std::size_t nodes_ = 0;
};

error broken(const YAML::Mark& where, std::string_view message) {
  if (where.line < 0) return {.kind = error_kind::bad_request, .message = fmt::format("yaml: {}", message)};
  return {.kind = error_kind::bad_request,
          .message = fmt::format("yaml: line {}: {}", where.line + 1, message)};
}

/// YAML 1.2 5.1 allows tabs and line breaks only; the parser lets all pass.
std::optional<YAML::Mark> find_control(std::string_view text) {
  YAML::Mark where;
  for (const char letter : text) {
    const auto code = static_cast<unsigned char>(letter);
    if ((code < 0x20 && letter != '\t' && letter != '\n' && letter != '\r') || code == 0x7F) return where;
    if (letter == '\n') ++where.line;
  }
  return std::nullopt;
}

/// Whether brackets open without end. The parser reads a whole flow before it reports any of it, in a time
/// that grows faster than the text. Brackets in block scalars count too, hence a limit that no text reaches.
bool opens_too_deep(std::string_view text) {
  constexpr std::size_t limit = 10'000;
  std::size_t depth = 0;
  for (const char letter : text) {
    if (letter == '[' || letter == '{') {
      if (++depth > limit) return true;
    } else if ((letter == ']' || letter == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

} // namespace

result<std::string> yaml_to_json(std::string_view text) {
  if (const auto where = find_control(text)) return broken(*where, "control characters are not allowed");
  if (opens_too_deep(text)) return broken(YAML::Mark::null_mark(), "exceeded max depth");
  json_writer writer;
  try {
    std::string source(text);
    // A quoted text that nothing closes ends, for the parser, with the last line: the mark makes it a fault.
    if (source.ends_with('\n')) source += "...\n";
    std::istringstream in(source);
    YAML::Parser parser(in);
    if (!parser.HandleNextDocument(writer)) return std::string("null");
  } catch (const refused& problem) {
    return broken(problem.where, problem.message);
  } catch (const YAML::Exception& problem) {
    return broken(problem.mark, problem.msg);
  }
  return writer.take();
}

} // namespace actord::schema
