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

error malformed() {
  return {.kind = error_kind::bad_request, .message = "malformed message of another server"};
}

template <class Message, class Read>
auto decode(std::string_view bytes, Read&& read) {
  return read_flat<Message>(bytes, max_bytes, malformed(), std::forward<Read>(read));
}

unsigned words_for(const std::vector<std::string>& pieces) {
  std::size_t bytes = 1024;
  for (const std::string& each : pieces) bytes += each.size() + 2 * sizeof(capnp::word);
  return static_cast<unsigned>(bytes / sizeof(capnp::word));
}

void write_pieces(capnp::List<capnp::Data>::Builder list, const std::vector<std::string>& pieces) {
  for (unsigned i = 0; i < list.size(); ++i) list.set(i, data_of(pieces[i]));
}

/// As many as one batch may have, and one more where there are too many.
std::vector<std::string> read_pieces(capnp::List<capnp::Data>::Reader list) {
  std::vector<std::string> pieces;
  for (const auto each : list) {
    if (pieces.size() > forwarded_batch_max) break;
    pieces.push_back(text_of(each));
  }
  return pieces;
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
  root.setQuiet(request.quiet);
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

std::string encode_forwarded(const forwarded_batch& batch) {
  capnp::MallocMessageBuilder message(words_for(batch.requests));
  auto root = message.initRoot<wire::ForwardedBatch>();
  root.setNode(reader_of(batch.node));
  write_pieces(root.initRequests(static_cast<unsigned>(batch.requests.size())), batch.requests);
  return flat_bytes_of(message);
}

std::string encode_forwarded_answers(const std::vector<std::string>& answers) {
  capnp::MallocMessageBuilder message(words_for(answers));
  auto root = message.initRoot<wire::ForwardedAnswers>();
  write_pieces(root.initAnswers(static_cast<unsigned>(answers.size())), answers);
  return flat_bytes_of(message);
}

result<forwarded_batch> decode_forwarded_batch(std::string_view bytes) {
  auto batch = decode<wire::ForwardedBatch>(bytes, [](wire::ForwardedBatch::Reader root) {
    return forwarded_batch{text_of(root.getNode()), read_pieces(root.getRequests())};
  });
  if (batch && (batch->requests.empty() || batch->requests.size() > forwarded_batch_max)) return malformed();
  return batch;
}

result<std::vector<std::string>> decode_forwarded_answers(std::string_view bytes, std::size_t count) {
  auto answers = decode<wire::ForwardedAnswers>(
      bytes, [](wire::ForwardedAnswers::Reader root) { return read_pieces(root.getAnswers()); });
  if (answers && answers->size() != count) return malformed();
  return answers;
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
    request.quiet = root.getQuiet();
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
    return malformed();
  return answer;
}

} // namespace actord::net
