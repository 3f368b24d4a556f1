#include "actors/conversion/conversion_review.hpp"

#include "actors/webhooks/admission_review.hpp"
#include "schema/base/json_member.hpp"
#include "schema/codec/json_text.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/checks/field.hpp"
#include "schema/rules/kind_rules.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace actord::actors {
namespace {

constexpr std::string_view review_group = "apiextensions.k8s.io/";
constexpr std::size_t quoted_bytes_max = 256;

/// As Go prints the type of a decoded JSON value.
std::string_view go_type(const json& value) {
  switch (value.type()) {
  case json::value_t::object:
    return "map[string]interface {}";
  case json::value_t::array:
    return "[]interface {}";
  case json::value_t::string:
    return "string";
  case json::value_t::boolean:
    return "bool";
  case json::value_t::number_integer:
  case json::value_t::number_unsigned:
    return "int64";
  case json::value_t::number_float:
    return "float64";
  default:
    return "<nil>";
  }
}

/// "group/version, Kind=kind", as errors name a kind.
std::string printed_kind(std::string_view api_version, std::string_view kind) {
  return fmt::format("{}{}, Kind={}", api_version.find('/') == std::string_view::npos ? "/" : "", api_version,
                     kind);
}

/// An error with no reason: its status is carried along whole.
error plain_error(std::string message) {
  const json status = {{"kind", "Status"},    {"apiVersion", "v1"}, {"metadata", json::object()},
                       {"status", "Failure"}, {"message", message}, {"code", 500}};
  return error_of({.plain = {.kind = error_kind::internal, .message = std::move(message)},
                   .status = schema::json_text(status),
                   .code = 500},
                  {});
}

error about(const conversion_question& question, std::string_view what) {
  return plain_error(
      fmt::format("conversion webhook for {} {}", printed_kind(question.from, question.kind), what));
}

/// `response` of the review if it is an answer to this question and a success. The error is only the reason.
result<json> read_response(const conversion_question& question, std::string_view answer) {
  const auto wrong = [](std::string why) {
    return error{.kind = error_kind::internal, .message = std::move(why), .causes = {}, .subject = {}};
  };
  auto document = schema::parse_json(answer);
  if (!document) return wrong(document.error().message);
  if (!document->is_object())
    return wrong("couldn't get version/kind; json parse error: json: cannot unmarshal value into Go value of "
                 "type struct");
  const bool strict = question.review_version == "v1";
  const std::string wanted = std::string(review_group) + question.review_version;
  if (strict && (text_member(*document, "apiVersion") != wanted ||
                 text_member(*document, "kind") != "ConversionReview"))
    return wrong(
        fmt::format("expected webhook response of {}, got {}", printed_kind(wanted, "ConversionReview"),
                    printed_kind(text_member(*document, "apiVersion"), text_member(*document, "kind"))));
  const json& response = json_member(*document, {"response"});
  if (response.is_null()) return wrong("no response provided");
  if (!response.is_object()) return wrong("json: cannot unmarshal response into ConversionResponse");
  if (strict && text_member(response, "uid") != question.uid)
    return wrong(
        fmt::format("expected response.uid=\"{}\", got \"{}\"", question.uid, text_member(response, "uid")));
  const json& outcome = json_member(response, {"result"});
  if (text_member(outcome, "status") != "Success") {
    std::string message = text_member(outcome, "message");
    return wrong(!message.empty() ? std::move(message)
                                  : fmt::format("response.result.status was '{}', not 'Success'",
                                                text_member(outcome, "status")));
  }
  const json& objects = json_member(response, {"convertedObjects"});
  if (objects.is_null()) return json::array();
  if (!objects.is_array()) return wrong("json: cannot unmarshal convertedObjects into a list");
  return objects;
}

/// The first thing about a converted object that makes it another object. Empty: nothing.
std::string other_identity(const json& original, const json& converted) {
  const json& before = json_member(original, {"metadata"});
  const json& after = json_member(converted, {"metadata"});
  for (const auto& [name, word] :
       {std::pair("name", "name"), std::pair("namespace", "namespace"), std::pair("uid", "UID")})
    if (text_member(before, name) != text_member(after, name))
      return fmt::format("must have the same {}: {} != {}", word, text_member(before, name),
                         text_member(after, name));
  return {};
}

std::string complaints_about(const char* name, const json& labels) {
  schema::field_errors errors;
  const bool are_labels = std::string_view(name) == "labels";
  const schema::rules::field metadata = schema::rules::field(labels).named("metadata");
  if (are_labels)
    schema::rules::check_labels(metadata.named("labels").with(labels), errors);
  else
    schema::rules::check_annotations(metadata.named("annotation").with(labels), errors);
  if (errors.empty()) return {};
  std::vector<std::string> all;
  for (const auto& one : errors.causes()) all.push_back(fmt::format("{}: {}", one.field, one.message));
  return all.size() == 1 ? all.front() : fmt::format("[{}]", fmt::join(all, ", "));
}

/// Takes over labels or annotations that the webhook gave. The text says why they are none.
std::string take_texts(const char* name, const json& given, json& metadata) {
  const json& texts = json_member(given, {name});
  if (texts.is_null()) {
    metadata.erase(name);
    return {};
  }
  if (!texts.is_object())
    return fmt::format("invalid metadata.{} of type {} in converted object", name, go_type(texts));
  for (const auto& [key, value] : texts.items())
    if (!value.is_string())
      return fmt::format("metadata.{}[{}] must be a string, but is {} in converted object", name, key,
                         go_type(value));
  if (texts != json_member(metadata, {name}))
    if (std::string wrong = complaints_about(name, texts); !wrong.empty()) return wrong;
  metadata[name] = texts;
  return {};
}

/// Everything in metadata but labels and annotations is as it was, whatever the webhook says.
std::string restore_metadata(const json& original, json& converted) {
  const auto given = converted.find("metadata");
  if (given == converted.end()) return "missing metadata in converted object";
  if (!given->is_object())
    return fmt::format("invalid metadata of type {} in converted object", go_type(*given));
  json metadata = json_member(original, {"metadata"});
  if (!metadata.is_object()) metadata = json::object();
  for (const char* name : {"labels", "annotations"})
    if (std::string wrong = take_texts(name, *given, metadata); !wrong.empty()) return wrong;
  *given = std::move(metadata);
  return {};
}

/// Where in the answer an object stands, in the words of its complaints: a question about one object has
/// others than a question about many.
struct place {
  bool alone;
  std::size_t index;

  [[nodiscard]] std::string kind() const {
    return alone ? "invalid object at index 0" : fmt::format("invalid converted object at index {}", index);
  }
  [[nodiscard]] std::string identity() const { return alone ? "invalid object" : kind(); }
  [[nodiscard]] std::string metadata() const {
    return alone ? "invalid metadata" : fmt::format("invalid metadata in object at index {}", index);
  }
};

/// What is wrong with a converted object; its metadata is restored when nothing is.
std::string check_object(const conversion_question& question, const json& original, json& converted,
                         const place& where) {
  if (!converted.is_object())
    return fmt::format("{}: json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
                       where.kind(), go_type(converted));
  if (text_member(converted, "kind").empty())
    return fmt::format("{}: Object 'Kind' is missing in '{}'", where.kind(),
                       schema::json_text(converted).substr(0, quoted_bytes_max));
  if (text_member(converted, "apiVersion") != question.to)
    return fmt::format("{}: invalid groupVersion (expected {}, received {})", where.kind(), question.to,
                       text_member(converted, "apiVersion"));
  if (text_member(converted, "kind") != question.kind)
    return fmt::format("{}: invalid kind (expected {}, received {})", where.kind(), question.kind,
                       text_member(converted, "kind"));
  if (std::string other = other_identity(original, converted); !other.empty())
    return fmt::format("{}: {}", where.identity(), other);
  if (std::string wrong = restore_metadata(original, converted); !wrong.empty())
    return fmt::format("{}: {}", where.metadata(), wrong);
  return {};
}

} // namespace

std::string conversion_text(const conversion_question& question) {
  std::string out = fmt::format(
      R"({{"kind":"ConversionReview","apiVersion":"{}{}","request":{{"uid":"{}","desiredAPIVersion":"{}","objects":[)",
      review_group, question.review_version, question.uid, question.to);
  for (std::size_t i = 0; i < question.objects.size(); ++i) {
    if (i > 0) out += ',';
    schema::append_json_text(out, question.objects[i]);
  }
  out += "]}}";
  return out;
}

error conversion_failed(const conversion_question& question, std::string_view why) {
  return about(question, fmt::format("failed: {}", why));
}

result<std::vector<json>> read_conversion(const conversion_question& question, std::string_view answer) {
  auto given = read_response(question, answer);
  if (!given) return conversion_failed(question, given.error().message);
  const std::size_t wanted = question.objects.size();
  if (given->size() != wanted)
    return about(question, fmt::format("returned {} objects, expected {}", given->size(), wanted));
  std::vector<json> converted;
  converted.reserve(wanted);
  for (std::size_t i = 0; i < wanted; ++i) {
    json& object = (*given)[i];
    const std::string wrong = check_object(question, question.objects[i], object, {wanted == 1, i});
    if (!wrong.empty()) return about(question, "returned " + wrong);
    converted.push_back(std::move(object));
  }
  return converted;
}

} // namespace actord::actors
