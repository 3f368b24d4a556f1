#include "cli/client/api_client.hpp"

#include "net/http/query.hpp"
#include "schema/base/json.hpp"

namespace actord::cli {

namespace {

constexpr error_kind all_kinds[] = {error_kind::bad_request,
                                    error_kind::unauthorized,
                                    error_kind::forbidden,
                                    error_kind::not_found,
                                    error_kind::method_not_allowed,
                                    error_kind::not_acceptable,
                                    error_kind::already_exists,
                                    error_kind::conflict,
                                    error_kind::gone,
                                    error_kind::expired,
                                    error_kind::too_large,
                                    error_kind::unsupported_media_type,
                                    error_kind::invalid,
                                    error_kind::too_many_requests,
                                    error_kind::internal,
                                    error_kind::unavailable,
                                    error_kind::timeout};

std::string text_at(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// By the reason when the server gave one, else by the code.
error_kind kind_of(const std::string& reason, int code) {
  for (const error_kind kind : all_kinds) {
    if (!reason.empty() && status_reason(kind) == reason) return kind;
  }
  for (const error_kind kind : all_kinds) {
    if (http_code(kind) == code) return kind;
  }
  return error_kind::internal;
}

std::vector<std::string> warnings_of(const net::client_answer& answer) {
  std::vector<std::string> warnings;
  for (const auto& [name, value] : answer.headers) {
    if (name != "warning") continue;
    const std::size_t open = value.find('"'); // 299 - "text"
    const std::size_t close = value.rfind('"');
    if (open < close) warnings.push_back(value.substr(open + 1, close - open - 1));
  }
  return warnings;
}

result<api_answer> answer_of(const result<net::client_answer>& received) {
  if (!received) return received.error();
  if (received->code < 200 || received->code > 299) return error_of(*received);
  api_answer answer{.code = received->code,
                    .body = json::parse(received->body, nullptr, false),
                    .warnings = warnings_of(*received)};
  if (answer.body.is_discarded()) {
    return error{.kind = error_kind::internal, .message = "the server's answer is not JSON"};
  }
  return answer;
}

} // namespace

std::string query_text(const query_list& parameters) {
  std::string text;
  for (const auto& [name, value] : parameters) {
    text += text.empty() ? "?" : "&";
    text += net::percent_encode(name) + "=" + net::percent_encode(value);
  }
  return text;
}

result<api_answer> api_client::get(const std::string& target, const std::string& accept) {
  return answer_of(transport_->send({.method = "GET", .target = target, .headers = {{"Accept", accept}}}));
}

result<api_answer> api_client::write(const std::string& method, const std::string& target, const json& body,
                                     const std::string& content_type) {
  return answer_of(
      transport_->send({.method = method,
                        .target = target,
                        .headers = {{"Accept", "application/json"}, {"Content-Type", content_type}},
                        .body = body.is_null() ? std::string() : body.dump()}));
}

result<void> api_client::bytes(const std::string& target, const std::function<bool(std::string_view)>& take) {
  const auto answer =
      transport_->stream({.method = "GET", .target = target, .headers = {{"Accept", "*/*"}}}, take);
  if (!answer) return answer.error();
  if (answer->code < 200 || answer->code > 299) return error_of(*answer);
  return {};
}

result<void> api_client::lines(const std::string& target, const std::string& accept,
                               const std::function<bool(std::string_view)>& take) {
  std::string rest;
  const auto cut_lines = [&rest, &take](std::string_view piece) {
    rest.append(piece);
    std::size_t from = 0;
    for (std::size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n', from)) {
      if (!take(std::string_view(rest).substr(from, end - from))) return false;
      from = end + 1;
    }
    rest.erase(0, from);
    return true;
  };
  const auto answer =
      transport_->stream({.method = "GET", .target = target, .headers = {{"Accept", accept}}}, cut_lines);
  if (!answer) return answer.error();
  if (answer->code < 200 || answer->code > 299) return error_of(*answer);
  return {};
}

result<api_answer> api_client::upload(const std::string& target, const std::string& content_type,
                                      net::body_source source, std::optional<std::uint64_t> length) {
  return answer_of(
      transport_->send({.method = "POST",
                        .target = target,
                        .headers = {{"Accept", "application/json"}, {"Content-Type", content_type}},
                        .upload = std::move(source),
                        .upload_length = length}));
}

error error_of(const net::client_answer& answer) {
  const json status = json::parse(answer.body, nullptr, false);
  if (!status.is_object() || text_at(status, "kind") != "Status") {
    std::string text = answer.body.substr(0, 300);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return error{.kind = kind_of("", answer.code),
                 .message =
                     text.empty() ? "the server answered with code " + std::to_string(answer.code) : text};
  }
  error failure{.kind = kind_of(text_at(status, "reason"), answer.code),
                .message = text_at(status, "message")};
  const json details = status.value("details", json::object());
  for (const json& cause : details.value("causes", json::array())) {
    failure.causes.push_back({text_at(cause, "reason"), text_at(cause, "message"), text_at(cause, "field")});
  }
  failure.subject = error_subject{.group = text_at(details, "group"),
                                  .kind = text_at(details, "kind"),
                                  .name = text_at(details, "name"),
                                  .uid = text_at(details, "uid")};
  return failure;
}

std::string describe_error(const error& failure) {
  if (!failure.subject) return "error: " + failure.message;
  if (failure.kind == error_kind::invalid && !failure.causes.empty())
    return "The request is invalid: " + failure.message;
  return "Error from server (" + std::string(status_reason(failure.kind)) + "): " + failure.message;
}

} // namespace actord::cli
