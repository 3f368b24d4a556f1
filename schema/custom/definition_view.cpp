#include "schema/custom/definition_view.hpp"

#include "schema/view/read.hpp"

namespace actord::schema {
namespace {

definition_names parse_names(const read::value& names) {
  return {names["plural"].text(),   names["singular"].text(),    names["kind"].text(),
          names["listKind"].text(), names["shortNames"].texts(), names["categories"].texts()};
}

std::vector<std::string> parse_served(const read::value& versions) {
  std::vector<std::string> served;
  versions.each([&](const read::value& version) {
    if (version["served"].flag()) served.push_back(version["name"].text());
  });
  return served;
}

} // namespace

definition_view parse_definition(std::string_view canonical_text) {
  const read::value object = read::document(canonical_text);
  return {parse_meta(object),
          object["spec"]["group"].text(),
          parse_names(object["spec"]["names"]),
          parse_names(object["status"]["acceptedNames"]),
          object["status"]["conditions"].list(parse_condition),
          parse_served(object["spec"]["versions"])};
}

} // namespace actord::schema
