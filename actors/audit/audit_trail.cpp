#include "actors/audit/audit_trail.hpp"

#include "runtime/files/file_tools.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::actors {
namespace {

constexpr std::size_t policy_max_bytes = 1U << 20U;
constexpr std::size_t id_max_bytes = 64;
constexpr std::size_t uri_max_bytes = 16 * 1024;
constexpr std::size_t agent_max_bytes = 1024;
constexpr std::size_t sources_max = 8;

bool is_address(std::string_view text) {
  return !text.empty() && text.size() <= 45 && std::ranges::all_of(text, [](char letter) {
    return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'f') ||
           (letter >= 'A' && letter <= 'F') || letter == ':' || letter == '.';
  });
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// Those that proxies name, then the one the connection came from.
std::vector<std::string> sources_of(const net::http_request& http) {
  std::vector<std::string> sources;
  std::string_view forwarded = http.header("x-forwarded-for");
  while (!forwarded.empty() && sources.size() + 1 < sources_max) {
    const std::size_t comma = std::min(forwarded.find(','), forwarded.size());
    if (const std::string_view one = trimmed(forwarded.substr(0, comma)); is_address(one))
      sources.emplace_back(one);
    forwarded.remove_prefix(std::min(comma + 1, forwarded.size()));
  }
  const std::string& remote = http.remote_address;
  std::string address = remote.substr(0, remote.rfind(':'));
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  if (std::ranges::find(sources, address) == sources.end()) sources.push_back(std::move(address));
  return sources;
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= id_max_bytes && std::ranges::all_of(text, [](char letter) {
    return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
           (letter >= 'A' && letter <= 'Z') || letter == '-' || letter == '_' || letter == '.';
  });
}

std::string lower(std::string text) {
  for (char& letter : text)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return text;
}

std::string_view content_type_in(const net::http_response& response) {
  const auto found =
      std::ranges::find(response.headers, "content-type", &std::pair<std::string, std::string>::first);
  return found == response.headers.end() ? std::string_view() : std::string_view(found->second);
}

/// Notes what goes out, and when a request ends without an answer.
class audited_exchange final : public net::http_exchange {
public:
  audited_exchange(net::exchange_handle inner, std::shared_ptr<audit_record> record)
      : inner_(std::move(inner)), record_(std::move(record)) {}
  ~audited_exchange() override {
    if (open_)
      record_->note(streams_ ? audit_stage::response_complete : audit_stage::panic, streams_ ? code_ : 500,
                    {}, {});
  }
  audited_exchange(const audited_exchange&) = delete;
  audited_exchange& operator=(const audited_exchange&) = delete;

  void respond(net::http_response response) override {
    open_ = false;
    mark(response);
    record_->note(audit_stage::response_complete, response.code, response.body, content_type_in(response));
    inner_->respond(std::move(response));
  }
  void begin(net::http_response head) override {
    mark(head);
    streams_ = true;
    code_ = head.code;
    record_->note(audit_stage::response_started, head.code, {}, {});
    inner_->begin(std::move(head));
  }
  void write(shared_bytes bytes) override { inner_->write(std::move(bytes)); }
  void write_all(std::span<shared_bytes> pieces) override { inner_->write_all(pieces); }
  void end() override {
    if (std::exchange(open_, false)) record_->note(audit_stage::response_complete, code_, {}, {});
    inner_->end();
  }
  [[nodiscard]] std::size_t pending_bytes() const override { return inner_->pending_bytes(); }
  void on_drained(std::function<void()> callback) override { inner_->on_drained(std::move(callback)); }
  void on_closed(std::function<void()> callback) override { inner_->on_closed(std::move(callback)); }
  net::upgraded_handle switch_protocols(std::vector<std::pair<std::string, std::string>> headers,
                                        net::upgraded_events events) override {
    headers.emplace_back("audit-id", record_->request().id);
    net::upgraded_handle stream = inner_->switch_protocols(std::move(headers), std::move(events));
    if (stream == nullptr) return stream;
    streams_ = true;
    code_ = 101;
    record_->note(audit_stage::response_started, code_, {}, {});
    return stream;
  }
  [[nodiscard]] bool can_switch_protocols() const override { return inner_->can_switch_protocols(); }

private:
  void mark(net::http_response& response) const {
    response.headers.emplace_back("audit-id", record_->request().id);
  }

  net::exchange_handle inner_;
  std::shared_ptr<audit_record> record_;
  bool open_ = true;
  bool streams_ = false;
  int code_ = 200;
};

} // namespace

void audit_record::authorized(bool allowed, std::string reason) {
  annotations_ = {allowed ? "allow" : "forbid", std::move(reason), {}};
}

void audit_record::annotate(std::map<std::string, std::string> notes) {
  annotations_.more = std::move(notes);
}

void audit_record::note(audit_stage stage, int code, shared_bytes body, std::string_view content_type) {
  const audit_decision& decision = request_->decision;
  if (!decision.shows(stage)) return;
  // A body is kept for what is shown of it: all, why it failed, or what a create was named.
  const bool keeps = body && (decision.level == audit_level::request_response || code >= 400 ||
                              (request_->verb == "create" && request_->name.empty()));
  log_->add({request_, stage, clock_.wall_now(), code, keeps ? std::move(body) : shared_bytes(),
             std::string(content_type),
             stage == audit_stage::request_received ? audit_annotations{} : annotations_});
}

void audit_trail::begin(api_request& request, const request_route& route,
                        const caller_identity* credentials) const {
  auto noted = std::make_shared<audit_request>();
  const auto* resource = std::get_if<resource_route>(&route);
  if (resource != nullptr) {
    noted->type = resource->type;
    noted->space = resource->space;
    noted->name = resource->name;
    if (resource->subresource != nullptr) noted->subresource = resource->subresource->name;
    noted->verb = api_verb(request.http.method, *resource, request.query.flag("watch"));
  }
  if (noted->verb.empty()) noted->verb = lower(request.http.method);
  const caller_identity& speaks_for = request.caller;
  noted->decision =
      policy_.decide({.user = speaks_for.user,
                      .groups = speaks_for.groups,
                      .verb = noted->verb,
                      .about_resource = resource != nullptr,
                      .group = resource == nullptr ? std::string_view() : resource->type->group,
                      .resource = resource == nullptr ? std::string_view() : resource->type->plural,
                      .subresource = noted->subresource,
                      .space = noted->space,
                      .name = noted->name,
                      .path = request.http.path});
  if (noted->decision.level == audit_level::none) return;
  // What a server that joins is handed are the cluster's keys.
  if (request.http.path.starts_with("/apis/actord.dev/v1/joins"))
    noted->decision.level = audit_level::metadata;
  if (resource != nullptr && holds_secrets(*resource->type, noted->subresource))
    noted->decision.level = audit_level::metadata;
  const std::string_view given = request.http.header("audit-id");
  noted->id = is_id(given) ? std::string(given) : new_uuid(random_);
  noted->uri = request.http.path + (request.http.query.empty() ? "" : "?" + request.http.query);
  if (noted->uri.size() > uri_max_bytes) noted->uri.resize(uri_max_bytes);
  if (credentials != nullptr) {
    noted->user = *credentials;
    if (credentials->user != speaks_for.user || credentials->groups != speaks_for.groups)
      noted->impersonated = speaks_for;
  }
  noted->source_addresses = sources_of(request.http);
  noted->user_agent = request.http.header("user-agent").substr(0, agent_max_bytes);
  if (noted->decision.level >= audit_level::request) {
    noted->body = request.http.body;
    noted->content_type = request.http.header("content-type");
  }
  noted->received = clock_.wall_now();
  request.audit = std::make_shared<audit_record>(log_, std::move(noted), clock_);
  request.audit->note(audit_stage::request_received, 0, {}, {});
  request.exchange = std::make_shared<audited_exchange>(request.exchange, request.audit);
}

result<std::shared_ptr<const audit_trail>> open_audit(const audit_options& options, random_source& random,
                                                      const clock_source& clock) {
  if (options.policy_file.empty() && options.log_path.empty()) return std::shared_ptr<const audit_trail>();
  if (options.policy_file.empty() || options.log_path.empty())
    return error{error_kind::bad_request, "--audit-policy-file and --audit-log-path need each other"};
  auto text = runtime::read_file(options.policy_file, policy_max_bytes);
  if (!text) return text.error();
  if (!text->has_value())
    return error{error_kind::not_found, options.policy_file + ": there is no such file"};
  auto policy = audit_policy::parse(**text, options.policy_file);
  if (!policy) return policy.error();
  auto log = audit_log::open({.path = options.log_path, .limits = options.limits}, clock);
  if (!log) return log.error();
  return std::shared_ptr<const audit_trail>(std::make_shared<audit_trail>(
      std::shared_ptr<audit_log>(std::move(*log)), std::move(*policy), random, clock));
}

} // namespace actord::actors
