#include "net/peer/forwarding.hpp"

#include "net/peer/flat_message.hpp"
#include "schema/forward.capnp.h"

#include <algorithm>
#include <array>

namespace actord::net {
namespace {

namespace wire = actord::schema::wire;

constexpr std::size_t max_bytes = 8U << 20U;

bool travels(std::string_view header) {
  static constexpr std::array<std::string_view, 10> stays{"authorization",
                                                          "cookie",
                                                          "proxy-authorization",
                                                          "connection",
                                                          "keep-alive",
                                                          "transfer-encoding",
                                                          "te",
                                                          "trailer",
                                                          "upgrade",
                                                          "content-length"};
  return std::ranges::find(stays, header) == stays.end();
}

template <class List>
void write_headers(List list, const std::vector<std::pair<std::string, std::string>>& headers) {
  unsigned at = 0;
  for (const auto& [name, value] : headers) {
    if (!travels(name)) continue;
    list[at].setName(reader_of(name));
    list[at++].setValue(data_of(value));
  }
}

unsigned travelling(const std::vector<std::pair<std::string, std::string>>& headers) {
  return static_cast<unsigned>(
      std::ranges::count_if(headers, [](const auto& header) { return travels(header.first); }));
}

std::vector<std::pair<std::string, std::string>> read_headers(capnp::List<wire::NameValue>::Reader list) {
  std::vector<std::pair<std::string, std::string>> headers;
  for (const auto header : list) headers.emplace_back(text_of(header.getName()), text_of(header.getValue()));
  return headers;
}

template <class Message, class Read>
auto decode(std::string_view bytes, Read&& read) {
  return read_flat<Message>(
      bytes, max_bytes, {.kind = error_kind::bad_request, .message = "malformed message of another server"},
      std::forward<Read>(read));
}

} // namespace

std::string encode_forwarded(const forwarded_request& request) {
  capnp::MallocMessageBuilder message(static_cast<unsigned>(request.http.body.size() / sizeof(capnp::word)) +
                                      512);
  auto root = message.initRoot<wire::ForwardedRequest>();
  root.setRequestId(reader_of(request.request_id));
  root.setAgain(request.again);
  root.setCounted(request.counted);
  root.setUser(reader_of(request.user));
  root.setUid(reader_of(request.uid));
  auto groups = root.initGroups(static_cast<unsigned>(request.groups.size()));
  for (unsigned i = 0; i < groups.size(); ++i) groups.set(i, reader_of(request.groups[i]));
  auto extra = root.initExtra(static_cast<unsigned>(request.extra.size()));
  for (unsigned i = 0; i < extra.size(); ++i) {
    const auto& [name, values] = request.extra[i];
    extra[i].setName(reader_of(name));
    auto list = extra[i].initValues(static_cast<unsigned>(values.size()));
    for (unsigned j = 0; j < list.size(); ++j) list.set(j, reader_of(values[j]));
  }
  root.setMethod(reader_of(request.http.method));
  root.setPath(reader_of(request.http.path));
  root.setQuery(reader_of(request.http.query));
  write_headers(root.initHeaders(travelling(request.http.headers)), request.http.headers);
  root.setBody(data_of(request.http.body));
  root.setRemoteAddress(reader_of(request.http.remote_address));
  return flat_bytes_of(message);
}

std::string encode_forwarded(const forwarded_answer& answer) {
  const auto* answered = std::get_if<forwarded_answer::answered>(&answer.what);
  const std::size_t body =
      answered == nullptr || answered->response.body == nullptr ? 0 : answered->response.body->size();
  capnp::MallocMessageBuilder message(static_cast<unsigned>(body / sizeof(capnp::word)) + 256);
  auto root = message.initRoot<wire::ForwardedAnswer>();
  if (std::holds_alternative<forwarded_answer::not_leading>(answer.what)) root.setNotLeading();
  if (std::holds_alternative<forwarded_answer::leader_lost>(answer.what)) root.setLeaderLost();
  if (answered != nullptr) {
    auto out = root.initAnswered();
    out.setCode(static_cast<std::uint16_t>(answered->response.code));
    write_headers(out.initHeaders(travelling(answered->response.headers)), answered->response.headers);
    if (body > 0) out.setBody(data_of(*answered->response.body));
    out.setApplied(answered->applied.value);
  }
  return flat_bytes_of(message);
}

result<forwarded_request> decode_forwarded_request(std::string_view bytes) {
  return decode<wire::ForwardedRequest>(bytes, [](wire::ForwardedRequest::Reader root) {
    forwarded_request request;
    request.request_id = text_of(root.getRequestId());
    request.again = root.getAgain();
    request.counted = root.getCounted();
    request.user = text_of(root.getUser());
    request.uid = text_of(root.getUid());
    for (const auto group : root.getGroups()) request.groups.push_back(text_of(group));
    for (const auto extra : root.getExtra()) {
      std::vector<std::string> values;
      for (const auto value : extra.getValues()) values.push_back(text_of(value));
      request.extra.emplace_back(text_of(extra.getName()), std::move(values));
    }
    request.http.method = text_of(root.getMethod());
    request.http.path = text_of(root.getPath());
    request.http.query = text_of(root.getQuery());
    request.http.headers = read_headers(root.getHeaders());
    request.http.body = text_of(root.getBody());
    request.http.remote_address = text_of(root.getRemoteAddress());
    return request;
  });
}

result<forwarded_answer> decode_forwarded_answer(std::string_view bytes) {
  auto answer = decode<wire::ForwardedAnswer>(bytes, [](wire::ForwardedAnswer::Reader root) {
    forwarded_answer read{forwarded_answer::leader_lost{}};
    if (root.isNotLeading()) read.what = forwarded_answer::not_leading{};
    if (root.isAnswered()) {
      const auto in = root.getAnswered();
      forwarded_answer::answered answered;
      answered.response.code = in.getCode();
      answered.response.headers = read_headers(in.getHeaders());
      if (in.getBody().size() > 0) answered.response.body = share_bytes(text_of(in.getBody()));
      answered.applied = revision{in.getApplied()};
      read.what = std::move(answered);
    }
    return read;
  });
  if (!answer) return answer;
  const auto* answered = std::get_if<forwarded_answer::answered>(&answer->what);
  if (answered != nullptr && (answered->response.code < 200 || answered->response.code > 599))
    return error{.kind = error_kind::bad_request, .message = "malformed message of another server"};
  return answer;
}

} // namespace actord::net
