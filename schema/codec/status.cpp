#include "schema/codec/status.hpp"

#include "schema/codec/json_text.hpp"

namespace actord::schema {
namespace {

constexpr std::string_view head = R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":)";

/// Appends members to an object, with commas where they belong and nothing for empty values.
class member_writer {
public:
  explicit member_writer(std::string& out) : out_(out) {}

  void text(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    begin(name);
    append_json_string(out_, value);
  }
  void number(std::string_view name, int value) {
    if (value == 0) return;
    begin(name);
    out_ += std::to_string(value);
  }
  void begin(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    append_json_string(out_, name);
    out_ += ':';
  }

private:
  std::string& out_;
  bool first_ = true;
};

void append_causes(std::string& out, const std::vector<error_cause>& causes) {
  out += '[';
  for (const error_cause& cause : causes) {
    if (&cause != &causes.front()) out += ',';
    out += '{';
    member_writer members(out);
    members.text("reason", cause.reason);
    members.text("message", cause.message);
    members.text("field", cause.field);
    out += '}';
  }
  out += ']';
}

void append_details(std::string& out, const error_subject& subject, const std::vector<error_cause>& causes,
                    int retry_after_s) {
  out += ",\"details\":{";
  member_writer members(out);
  members.text("name", subject.name);
  members.text("group", subject.group);
  members.text("kind", subject.kind);
  members.text("uid", subject.uid);
  if (!causes.empty()) {
    members.begin("causes");
    append_causes(out, causes);
  }
  members.number("retryAfterSeconds", retry_after_s);
  out += '}';
}

} // namespace

std::string status_text(const error& failure) {
  std::string out(head);
  out += R"("Failure","message":)";
  append_json_string(out, failure.message);
  out += ",\"reason\":";
  append_json_string(out, status_reason(failure.kind));
  if (failure.subject || !failure.causes.empty() || failure.retry_after_s != 0)
    append_details(out, failure.subject.value_or(error_subject{}), failure.causes, failure.retry_after_s);
  out += ",\"code\":";
  out += std::to_string(http_code(failure.kind));
  return out += '}';
}

std::string success_status_text(const error_subject& deleted) {
  std::string out(head);
  out += "\"Success\"";
  append_details(out, deleted, {}, 0);
  return out += '}';
}

} // namespace actord::schema
