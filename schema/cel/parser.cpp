#include "schema/cel/parser.hpp"

#include "schema/cel/lexer.hpp"
#include "schema/cel/macros.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace actord::schema::cel {
namespace {

constexpr std::string_view wanted_at_start =
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, "
    "NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";
constexpr std::array<std::string_view, 17> reserved{
    "as",  "break", "const",   "continue",  "else",   "for", "function", "if",   "import",
    "let", "loop",  "package", "namespace", "return", "var", "void",     "while"};

/// Left to right, by how tightly they bind.
constexpr std::array<std::array<std::string_view, 7>, 3> operators{
    {{"<", "<=", ">=", ">", "==", "!=", "in"}, {"+", "-"}, {"*", "/", "%"}}};

class parser {
public:
  parser(std::string_view expression, std::vector<issue>& issues)
      : size_(expression.size()), issues_(issues), tokens_(tokens_of(expression, issues)) {}

  node_ref run() {
    node_ref all = ternary();
    if (all != nullptr && now().kind != token_kind::end) {
      const bool lone = tokens_[next_ + 1].kind == token_kind::end;
      all = fail(
          fmt::format("{} input '{}' expecting <EOF>", lone ? "extraneous" : "mismatched", shown(now())));
    }
    return issues_.empty() ? std::move(all) : nullptr;
  }

private:
  class deeper {
  public:
    explicit deeper(parser& of) : of_(of) { ++of_.depth_; }
    ~deeper() { --of_.depth_; }
    deeper(const deeper&) = delete;
    deeper& operator=(const deeper&) = delete;

  private:
    parser& of_;
  };

  [[nodiscard]] const token& now() const { return tokens_[next_]; }
  [[nodiscard]] bool is(std::string_view sign) const {
    return now().kind == token_kind::sign && now().seen == sign;
  }
  bool take(std::string_view sign) {
    if (!is(sign)) return false;
    ++next_;
    return true;
  }
  static std::string shown(const token& one) {
    return one.kind == token_kind::end ? "<EOF>" : std::string(one.seen);
  }

  /// Only the first mistake is told: what follows may only be its consequence.
  node_ref fail(const std::string& message) { return fail_at(now(), "Syntax error: " + message); }
  node_ref fail_at(const token& one, std::string message) {
    if (!failed_) {
      const bool before = one.kind == token_kind::end && size_ == 0;
      issues_.push_back({before ? -1 : static_cast<std::ptrdiff_t>(one.at), std::move(message)});
    }
    failed_ = true;
    return nullptr;
  }
  bool expect(std::string_view sign) {
    if (take(sign)) return true;
    fail(fmt::format("mismatched input '{}' expecting '{}'", shown(now()), sign));
    return false;
  }

  static node_ref make(node_kind kind, std::size_t at) {
    auto made = std::make_unique<node>();
    made->kind = kind;
    made->at = at;
    return made;
  }
  static void adopt(node& parent, node_ref child) {
    if (child != nullptr) parent.depth = std::max(parent.depth, child->depth + 1);
    parent.parts.push_back(std::move(child));
  }
  static node_ref call(std::string name, std::size_t at, node_ref first, node_ref second = nullptr) {
    node_ref made = make(node_kind::call, at);
    made->name = std::move(name);
    adopt(*made, std::move(first));
    if (second != nullptr) adopt(*made, std::move(second));
    return made;
  }

  bool too_deep() {
    if (depth_ <= most_depth) return false;
    fail_at(now(), fmt::format("expression recursion limit exceeded: {}", most_depth));
    return true;
  }

  /// What is built from left to right grows deep without brackets.
  node_ref bounded(node_ref made) {
    if (made == nullptr || made->depth <= most_tree_depth) return made;
    return fail_at(now(), fmt::format("expression recursion limit exceeded: {}", most_depth));
  }

  node_ref ternary() {
    const deeper one(*this);
    if (too_deep()) return nullptr;
    return bounded(choice());
  }

  node_ref choice() {
    node_ref condition = logical(node_kind::either);
    if (condition == nullptr || !is("?")) return condition;
    const std::size_t at = now().at;
    ++next_;
    node_ref made = make(node_kind::choice, at);
    adopt(*made, std::move(condition));
    adopt(*made, logical(node_kind::either));
    if (made->parts.back() == nullptr || !expect(":")) return nullptr;
    adopt(*made, ternary());
    return made->parts.back() == nullptr ? nullptr : std::move(made);
  }

  /// `a || b || c`, whose parts are `&&`s.
  node_ref logical(node_kind kind) {
    const auto part = [&] { return kind == node_kind::either ? logical(node_kind::both) : binary(0); };
    const std::string_view sign = kind == node_kind::either ? "||" : "&&";
    node_ref first = part();
    if (first == nullptr || !is(sign)) return first;
    node_ref made = make(kind, now().at);
    adopt(*made, std::move(first));
    while (take(sign)) {
      node_ref next = part();
      if (next == nullptr) return nullptr;
      adopt(*made, std::move(next));
    }
    return made;
  }

  node_ref binary(std::size_t level) {
    if (level == operators.size()) return unary();
    node_ref left = binary(level + 1);
    while (left != nullptr && now().kind == token_kind::sign) {
      const auto& here = operators.at(level);
      const auto found = std::ranges::find(here, now().seen);
      if (found == here.end() || now().seen.empty()) break;
      const std::size_t at = now().at;
      const std::string name = *found == "in" ? "@in" : fmt::format("_{}_", *found);
      ++next_;
      node_ref right = binary(level + 1);
      if (right == nullptr) return nullptr;
      left = bounded(call(name, at, std::move(left), std::move(right)));
    }
    return left;
  }

  node_ref unary() {
    if (!is("!") && !is("-")) return member();
    const std::string_view sign = now().seen;
    const std::size_t at = now().at;
    std::size_t count = 0;
    for (; is(sign); ++next_) ++count;
    const bool negative = sign == "-" && count % 2 == 1;
    if (count == 1 && negative && is_number()) return member(true, at);
    node_ref inner = member();
    // Two of them cancel each other.
    if (inner == nullptr || count % 2 == 0) return inner;
    return call(sign == "!" ? "!_" : "-_", at, std::move(inner));
  }

  [[nodiscard]] bool is_number() const {
    return now().kind == token_kind::literal &&
           (now().held.as<std::int64_t>() != nullptr || now().held.as<std::uint64_t>() != nullptr ||
            now().held.as<double>() != nullptr);
  }

  node_ref member(bool negated = false, std::size_t sign_at = 0) {
    node_ref operand = negated ? literal(true, sign_at) : primary();
    while (operand != nullptr && (is(".") || is("["))) {
      operand = bounded(is(".") ? after_dot(std::move(operand)) : index(std::move(operand)));
    }
    return operand;
  }

  node_ref after_dot(node_ref operand) {
    const std::size_t dot = now().at;
    ++next_;
    const bool optional = take("?");
    if (now().kind != token_kind::identifier)
      return fail(
          fmt::format("{} '{}' expecting IDENTIFIER",
                      now().kind == token_kind::end ? "no viable alternative at input" : "mismatched input",
                      now().kind == token_kind::end ? "." : shown(now())));
    std::string name(now().seen);
    ++next_;
    if (!optional && is("(")) {
      node_ref made = make(node_kind::call, now().at);
      made->name = std::move(name);
      made->has_receiver = true;
      adopt(*made, std::move(operand));
      if (!arguments(*made)) return nullptr;
      return expanded(std::move(made));
    }
    node_ref made = make(node_kind::member, dot);
    made->name = std::move(name);
    made->optional = optional;
    adopt(*made, std::move(operand));
    return made;
  }

  node_ref index(node_ref operand) {
    const std::size_t at = now().at;
    ++next_;
    const bool optional = take("?");
    node_ref key = ternary();
    if (key == nullptr || !expect("]")) return nullptr;
    return call(optional ? "_[?_]" : "_[_]", at, std::move(operand), std::move(key));
  }

  bool arguments(node& made) {
    ++next_; // (
    if (take(")")) return true;
    do {
      adopt(made, ternary());
      if (made.parts.back() == nullptr) return false;
    } while (take(","));
    return expect(")");
  }

  node_ref expanded(node_ref made) {
    std::string complaint;
    std::size_t at = 0;
    if (expand_macro(*made, complaint, at)) return made;
    issues_.push_back({static_cast<std::ptrdiff_t>(at), complaint});
    failed_ = true;
    return nullptr;
  }

  node_ref literal(bool negated, std::size_t at) {
    const token& one = now();
    if (one.kind == token_kind::bad_literal) return fail_at(one, one.complaint);
    node_ref made = make(node_kind::literal, at);
    made->held = one.held;
    const bool plain = !one.seen.ends_with('u') && !one.seen.ends_with('U');
    if (const auto* number = one.held.as<std::int64_t>(); number != nullptr && negated) made->held = -*number;
    if (const auto* number = one.held.as<double>(); number != nullptr && negated) made->held = -*number;
    if (one.held.as<std::uint64_t>() != nullptr && plain) {
      if (!negated) return fail_at(one, "invalid int literal");
      made->held = INT64_MIN;
    } else if (one.held.as<std::uint64_t>() != nullptr && negated) {
      ++next_;
      return call("-_", at, std::move(made));
    }
    ++next_;
    return made;
  }

  node_ref primary() {
    const token& one = now();
    if (one.kind == token_kind::literal || one.kind == token_kind::bad_literal) return literal(false, one.at);
    if (one.kind == token_kind::identifier) return name();
    if (take("(")) {
      node_ref inner = ternary();
      if (inner == nullptr || !expect(")")) return nullptr;
      return inner;
    }
    if (is("[")) return list();
    if (is("{")) return map();
    if (is(".") && tokens_[next_ + 1].kind == token_kind::identifier) {
      ++next_;
      return name();
    }
    const bool lone = one.kind != token_kind::end && tokens_[next_ + 1].kind != token_kind::end;
    return fail(fmt::format("{} input '{}' expecting {}", lone ? "extraneous" : "mismatched", shown(one),
                            wanted_at_start));
  }

  node_ref name() {
    const token& one = now();
    if (const std::size_t brace = structure_brace()) return structure(brace);
    if (std::ranges::find(reserved, one.seen) != reserved.end())
      return fail_at(one, fmt::format("Syntax error: reserved identifier: {}", one.seen));
    ++next_;
    if (is("(")) {
      node_ref made = make(node_kind::call, now().at);
      made->name = one.seen;
      if (!arguments(*made)) return nullptr;
      return expanded(std::move(made));
    }
    node_ref made = make(node_kind::identifier, one.at);
    made->name = one.seen;
    return made;
  }

  /// Where `Name.Of.Type{` has its brace; 0 when this is no such thing.
  [[nodiscard]] std::size_t structure_brace() const {
    std::size_t at = next_;
    while (tokens_[at].kind == token_kind::identifier) {
      const token& after = tokens_[at + 1];
      if (after.kind != token_kind::sign) return 0;
      if (after.seen == "{") return at + 1;
      if (after.seen != ".") return 0;
      at += 2;
    }
    return 0;
  }

  node_ref structure(std::size_t brace) {
    node_ref made = make(node_kind::structure, tokens_[brace].at);
    for (; next_ < brace; ++next_) made->name += now().seen;
    ++next_;
    while (!is("}")) {
      made->optional_parts.push_back(take("?"));
      if (now().kind != token_kind::identifier)
        return fail(fmt::format("mismatched input '{}' expecting IDENTIFIER", shown(now())));
      adopt(*made, make(node_kind::literal, now().at));
      made->parts.back()->held = value::of(std::string(now().seen));
      ++next_;
      if (!expect(":")) return nullptr;
      adopt(*made, ternary());
      if (made->parts.back() == nullptr) return nullptr;
      if (!take(",")) break;
    }
    return expect("}") ? std::move(made) : nullptr;
  }

  node_ref list() {
    node_ref made = make(node_kind::list, now().at);
    ++next_;
    while (!is("]")) {
      made->optional_parts.push_back(take("?"));
      adopt(*made, ternary());
      if (made->parts.back() == nullptr) return nullptr;
      if (!take(",")) break;
    }
    return expect("]") ? std::move(made) : nullptr;
  }

  node_ref map() {
    node_ref made = make(node_kind::map, now().at);
    ++next_;
    while (!is("}")) {
      made->optional_parts.push_back(take("?"));
      adopt(*made, ternary());
      if (made->parts.back() == nullptr || !expect(":")) return nullptr;
      adopt(*made, ternary());
      if (made->parts.back() == nullptr) return nullptr;
      if (!take(",")) break;
    }
    return expect("}") ? std::move(made) : nullptr;
  }

  std::size_t size_;
  std::vector<issue>& issues_;
  std::vector<token> tokens_;
  std::size_t next_ = 0;
  std::size_t depth_ = 0;
  bool failed_ = false;
};

} // namespace

node_ref parse(std::string_view expression, std::vector<issue>& issues) {
  if (expression.size() > most_expression_bytes) {
    issues.push_back({0, fmt::format("expression code point size exceeds limit: size: {}, limit {}",
                                     character_count(expression), most_expression_bytes)});
    return nullptr;
  }
  return parser(expression, issues).run();
}

} // namespace actord::schema::cel
