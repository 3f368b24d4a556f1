#include "schema/codec/decode_custom.hpp"

#include "schema/custom/custom_kind.hpp"
#include "schema/write/repeated_fields.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace actord::schema {
namespace {

error reason(std::string message) { return {.kind = error_kind::bad_request, .message = std::move(message)}; }

} // namespace

result<void> check_custom_kind(const named_kind& sent, const body_kind& expected, std::string_view text) {
  if (sent.kind.empty()) return reason(fmt::format("Object 'Kind' is missing in '{}'", text));
  if (sent.group == expected.group && sent.version == expected.version) return {};
  error other =
      reason(fmt::format("the API version in the data ({}) does not match the expected API version ({})",
                         sent.group.empty() ? sent.version : fmt::format("{}/{}", sent.group, sent.version),
                         fmt::format("{}/{}", expected.group, expected.version)));
  other.causes.push_back({"", "", "apiVersion"});
  return other;
}

result<decoded> decode_custom(const body_kind& expected, json tree, std::string_view text,
                              field_validation validation) {
  decoded done;
  if (validation != field_validation::ignore && !text.empty()) done.warnings = repeated_fields(text);
  auto complaints = custom::take_object(*expected.custom, tree, validation);
  if (!complaints) return std::move(complaints).error();
  done.warnings.insert(done.warnings.end(), complaints->begin(), complaints->end());
  done.object = std::move(tree);
  if (validation == field_validation::strict && !done.warnings.empty())
    return reason(fmt::format("strict decoding error: {}", fmt::join(done.warnings, ", ")));
  return done;
}

} // namespace actord::schema
