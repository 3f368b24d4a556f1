#include "schema/base/json.hpp"
#include "schema/cel/program.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <fstream>

using namespace actord;
using namespace actord::schema::cel;

namespace {

const json& object() {
  static const json made = json::parse(R"({
    "metadata": {"name": "web", "labels": {"app": "web"}},
    "spec": {"replicas": 3, "ratio": 0.5, "nothing": null, "template": {"spec": {"containers": [
      {"name": "a", "image": "nginx:1"}, {"name": "b", "image": "redis"}]}}}})");
  return made;
}

/// `typed`: a structure whose members are known.
class typed_members : public structure_members {
public:
  [[nodiscard]] std::optional<member_type> find(std::string_view name) const override {
    if (name == "count") return member_type{simple(type_kind::integer), "count"};
    if (name == "names") return member_type{names_, "names"};
    if (name == "dashed__dash__name") return member_type{simple(type_kind::string), "dashed-name"};
    if (name == "since") return member_type{simple(type_kind::timestamp), "since"};
    if (name == "tags") return member_type{tags_, "tags"};
    if (name == "ratio") return member_type{simple(type_kind::floating), "ratio"};
    return std::nullopt;
  }

private:
  type_ref names_ = list_of(simple(type_kind::string));
  type_ref tags_ = [] {
    type made = *list_of(simple(type_kind::string));
    made.form = list_form::set;
    return std::make_shared<const type>(made);
  }();
};

const type_ref& typed_type() {
  static const type_ref made = structure_of("example", std::make_shared<typed_members>());
  return made;
}

const json& typed() {
  static const json made = json::parse(
      R"({"count": 2, "names": ["x"], "dashed-name": "d", "since": "2024-01-01T00:00:00Z", "tags": ["a", "b"], "ratio": 2})");
  return made;
}

environment names() {
  environment all;
  all.declare("object", simple(type_kind::dynamic)).declare("typed", typed_type());
  return all;
}

std::string shown(const value& from) {
  if (from.failed()) return "error: " + from.message();
  if (const auto* name = from.as<type_name>()) return "type(" + name->name + ")";
  const auto made = to_json(from);
  return made ? made->dump(-1, ' ', true, json::error_handler_t::replace) : "a " + from.type_text();
}

std::string outcome(const std::string& expression, std::uint64_t limit = most_cost) {
  const auto made = program::compile(expression, names());
  if (!made) return "refused: " + made.error().message;
  const std::vector<value> variables{value::from_json(object()),
                                     value::from_json(typed(), typed_type().get())};
  spending cost(limit);
  return shown(made->evaluate(variables, cost));
}

std::vector<std::pair<std::string, std::string>> rows_of(const std::string& file) {
  std::vector<std::pair<std::string, std::string>> rows;
  std::ifstream from(std::string(TEST_DATA_DIR "/expressions/") + file);
  for (std::string line; std::getline(from, line);) {
    const auto arrow = line.rfind(" => ");
    if (line.starts_with('#') || arrow == std::string::npos) continue;
    rows.emplace_back(line.substr(0, arrow), line.substr(arrow + 4));
  }
  return rows;
}

void check_values(const std::string& file, std::size_t at_least) {
  const auto rows = rows_of(file);
  BOOST_REQUIRE_GE(rows.size(), at_least);
  for (const auto& [expression, expected] : rows) {
    const std::string found = outcome(expression);
    if (expected == "refused")
      BOOST_CHECK_MESSAGE(found.starts_with("refused: "), expression << " gave " << found);
    else
      BOOST_CHECK_MESSAGE(found == expected,
                          expression << "\n  gave     " << found << "\n  expected " << expected);
  }
}

std::string replaced(std::string in, const std::string& what, const std::string& with) {
  for (auto at = in.find(what); at != std::string::npos; at = in.find(what, at + with.size()))
    in.replace(at, what.size(), with);
  return in;
}

} // namespace

BOOST_AUTO_TEST_SUITE(expressions)

BOOST_AUTO_TEST_CASE(the_language) { check_values("language.txt", 150); }

BOOST_AUTO_TEST_CASE(the_libraries) { check_values("libraries.txt", 75); }

BOOST_AUTO_TEST_CASE(what_is_refused_and_where) {
  const auto rows = rows_of("refused.txt");
  BOOST_REQUIRE_GE(rows.size(), 20U);
  for (const auto& [expression, expected] : rows)
    BOOST_CHECK_EQUAL(outcome(expression), "refused: compilation failed: " + replaced(expected, "\\n", "\n"));
}

BOOST_AUTO_TEST_CASE(an_empty_expression_is_refused_before_its_first_place) {
  BOOST_CHECK_EQUAL(outcome(""),
                    "refused: compilation failed: ERROR: <input>:1:0: Syntax error: mismatched input "
                    "'<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', "
                    "NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}");
}

BOOST_AUTO_TEST_CASE(a_place_is_told_by_line_and_character) {
  BOOST_CHECK_EQUAL(
      outcome("1 +\n  nobody"),
      "refused: compilation failed: ERROR: <input>:2:3: undeclared reference to 'nobody' (in container "
      "'')\n |   nobody\n | ..^");
  // A wide character is underlined with wide dots.
  BOOST_CHECK_EQUAL(
      outcome("'\u00e9' + nobody"),
      "refused: compilation failed: ERROR: <input>:1:7: undeclared reference to 'nobody' (in container "
      "'')\n | '\u00e9' + nobody\n | .\uff0e....^");
}

BOOST_AUTO_TEST_CASE(members_have_the_types_their_schema_says) {
  BOOST_CHECK_EQUAL(outcome("typed.count + 1"), "3");
  BOOST_CHECK_EQUAL(outcome("typed.dashed__dash__name"), "\"d\"");
  BOOST_CHECK_EQUAL(outcome("typed.since.getFullYear()"), "2024");
  BOOST_CHECK_EQUAL(outcome("typed.since - duration('1h')"), "\"2023-12-31T23:00:00Z\"");
  // A whole number where the schema says number.
  BOOST_CHECK_EQUAL(outcome("typed.ratio / 4.0"), "0.5");
  // A set has no order and holds nothing twice.
  BOOST_CHECK_EQUAL(outcome("typed.tags == ['b', 'a'] || typed.tags == typed.tags"), "true");
  BOOST_CHECK_EQUAL(outcome("typed.tags + ['b', 'c']"), R"(["a","b","c"])");
}

BOOST_AUTO_TEST_CASE(an_evaluation_ends_when_its_cost_is_spent) {
  const std::string limit = "error: operation cancelled: actual cost limit exceeded";
  BOOST_CHECK_EQUAL(outcome("[1,2,3].all(x, x > 0)", 5), limit);
  const std::string ten = "[0,1,2,3,4,5,6,7,8,9]";
  std::string nested = "true";
  for (const char* name : {"a", "b", "c", "d", "e", "f", "g"})
    nested = ten + ".all(" + name + ", " + nested + ")";
  BOOST_CHECK_EQUAL(outcome(nested), limit);
  // What costs much is not hidden behind an operator that does without it.
  BOOST_CHECK_EQUAL(outcome(nested + " || true"), limit);
  std::string doubled = "'0123456789abcdef'";
  for (int i = 0; i < 40; ++i) doubled = "[" + doubled + "].map(s, s + s)[0]";
  BOOST_CHECK_EQUAL(outcome(doubled), limit);
}

BOOST_AUTO_TEST_CASE(what_is_small_but_holds_much_costs_what_it_holds) {
  const std::string limit = "error: operation cancelled: actual cost limit exceeded";
  // Ten of ten of ten ...: thirty levels of one list.
  std::string many = "[1]";
  for (int i = 0; i < 30; ++i) many += ".map(x, [x, x, x, x, x, x, x, x, x, x])";
  BOOST_CHECK_EQUAL(outcome("[" + many + "].all(L, L == L)"), limit);
  BOOST_CHECK_EQUAL(outcome("[" + many + "].all(L, L[0] in L)"), limit);
  BOOST_CHECK_EQUAL(outcome("[" + many + "].all(L, L.indexOf(L[0]) == 0)"), limit);
  BOOST_CHECK_EQUAL(outcome("[" + many + "].all(L, sets.contains(L, L))"), limit);
  BOOST_CHECK_EQUAL(outcome("[" + many + "].all(L, '%s'.format([dyn(L)]) == '')"), limit);
}

BOOST_AUTO_TEST_CASE(depth_and_length_are_bounded) {
  const auto brackets = [](int depth) { return std::string(depth, '(') + "1" + std::string(depth, ')'); };
  BOOST_CHECK_EQUAL(outcome(brackets(200)), "1");
  BOOST_CHECK(outcome(brackets(300)).find("expression recursion limit exceeded: 250") != std::string::npos);
  BOOST_CHECK(outcome(std::string(50'000, '(')).find("recursion limit") != std::string::npos);
  BOOST_CHECK(outcome(std::string(50'000, '[')).find("recursion limit") != std::string::npos);
  std::string chain = "1";
  for (int i = 0; i < 400; ++i) chain += "+1";
  BOOST_CHECK_EQUAL(outcome(chain), "401");
  for (int i = 0; i < 20'000; ++i) chain += "+1";
  BOOST_CHECK(outcome(chain).find("recursion limit") != std::string::npos);
  std::string members = "object";
  for (int i = 0; i < 20'000; ++i) members += ".a";
  BOOST_CHECK(outcome(members).find("recursion limit") != std::string::npos);
  // `&&` does not nest.
  std::string both = "true";
  for (int i = 0; i < 5'000; ++i) both += "&&true";
  BOOST_CHECK_EQUAL(outcome(both), "true");
  BOOST_CHECK(outcome(std::string(200'000, ' ') + "1").find("exceeds limit") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(any_text_is_either_compiled_or_refused) {
  // Pieces of expressions in an order that a seed makes up: nothing may end the process.
  const std::vector<std::string> pieces{
      "object", ".",     "spec", "[",  "]", "(",  ")",  "{",    "}",   "'a'", "1",    "+",   "==", "&&",
      "||",     "?",     ":",    "!",  "-", ",",  "x",  "has",  "all", "in",  "map",  "b'",  "\"", "1u",
      "1.5",    "typed", ".?",   "[?", " ", "\\", "\n", "\xff", "//",  "'''", "null", "size"};
  std::uint64_t state = 42;
  std::size_t compiled = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string expression;
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    const auto length = (state >> 60U) + 1;
    for (std::uint64_t i = 0; i < length; ++i) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      expression += pieces[(state >> 33U) % pieces.size()];
    }
    const std::string found = outcome(expression);
    if (!found.starts_with("refused: ")) ++compiled;
  }
  BOOST_CHECK_GT(compiled, 100U);
}

BOOST_AUTO_TEST_SUITE_END()
