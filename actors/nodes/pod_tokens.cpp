#include "actors/nodes/pod_tokens.hpp"

#include "actors/nodes/node_writer.hpp"
#include "schema/base/json.hpp"

#include <fmt/format.h>
#include <future>
#include <utility>

namespace actord::actors {
namespace {

/// Answers are complete at once: nothing of this is streamed.
class token_exchange final : public net::http_exchange {
public:
  explicit token_exchange(std::promise<result<std::string>> answer) : answer_(std::move(answer)) {}
  ~token_exchange() override { settle(error{.kind = error_kind::unavailable, .message = "nobody answered"}); }
  token_exchange(const token_exchange&) = delete;
  token_exchange& operator=(const token_exchange&) = delete;

  void respond(net::http_response response) override {
    const json document = response.body == nullptr ? json() : json::parse(*response.body, nullptr, false);
    if (!document.is_object())
      return settle(error{.kind = error_kind::internal, .message = "the answer is no JSON object"});
    if (response.code >= 300)
      return settle(error{.kind = error_kind::internal, .message = document.value("message", "refused")});
    settle(document.value("/status/token"_json_pointer, std::string()));
  }
  void begin(net::http_response head) override { respond(std::move(head)); }
  void write(shared_bytes) override {}
  void end() override {}
  [[nodiscard]] std::size_t pending_bytes() const override { return 0; }
  void on_drained(std::function<void()>) override {}
  void on_closed(std::function<void()>) override {}

private:
  void settle(result<std::string> answer) {
    if (!std::exchange(settled_, true)) answer_.set_value(std::move(answer));
  }

  std::promise<result<std::string>> answer_;
  bool settled_ = false;
};

} // namespace

result<std::string> ask_for_pod_token(node_writer& writer, const pod_token_order& order) {
  json spec = {{"expirationSeconds", order.expiration_s},
               {"boundObjectRef",
                {{"kind", "Pod"}, {"apiVersion", "v1"}, {"name", order.pod}, {"uid", order.pod_uid}}}};
  if (!order.audience.empty()) spec["audiences"] = json::array({order.audience});
  net::http_request request;
  request.method = "POST";
  request.path = fmt::format("/api/v1/namespaces/{}/serviceaccounts/{}/token", order.space, order.account);
  request.headers = {
      {"content-type", "application/json"}, {"accept", "application/json"}, {"user-agent", "actord"}};
  request.body =
      json{{"apiVersion", "authentication.k8s.io/v1"}, {"kind", "TokenRequest"}, {"spec", std::move(spec)}}
          .dump();
  std::promise<result<std::string>> promise;
  auto answer = promise.get_future();
  writer.ask(std::move(request), std::make_shared<token_exchange>(std::move(promise)));
  return answer.get();
}

} // namespace actord::actors
