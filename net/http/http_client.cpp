#include "net/http/http_client.hpp"

#include "net/http/curl_connection.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>

namespace actord::net {

namespace {

struct easy_release {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct list_release {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using easy_handle = std::unique_ptr<CURL, easy_release>;
using header_list = std::unique_ptr<curl_slist, list_release>;

/// One exchange as libcurl's callbacks see it.
struct exchange_state {
  client_answer answer;
  const std::function<bool(std::string_view)>* take = nullptr;
  const body_source* upload = nullptr;
  bool taker_is_done = false;
};

std::size_t on_header(char* text, std::size_t size, std::size_t count, void* context) {
  auto& answer = static_cast<exchange_state*>(context)->answer;
  std::string_view line(text, size * count);
  if (line.starts_with("HTTP/")) answer.headers.clear(); // an interim answer went before
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size * count;
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
  });
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.back() == '\r' || value.back() == '\n' || value.back() == ' '))
    value.remove_suffix(1);
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  answer.headers.emplace_back(std::move(name), value);
  return size * count;
}

class curl_http_client final : public http_client {
public:
  explicit curl_http_client(http_client_options options)
      : options_(std::move(options)), handle_(curl_easy_init()) {}

  [[nodiscard]] bool usable() const { return handle_ != nullptr; }

  result<client_answer> send(const client_request& request) override { return perform(request, nullptr); }

  result<client_answer> stream(const client_request& request,
                               const std::function<bool(std::string_view)>& take) override {
    return perform(request, &take);
  }

private:
  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* context) {
    auto& self = *static_cast<curl_http_client*>(context);
    const std::string_view piece(bytes, size * count);
    long code = 0;
    curl_easy_getinfo(self.handle_.get(), CURLINFO_RESPONSE_CODE, &code);
    if (self.state_.take == nullptr || code < 200 || code > 299) {
      self.state_.answer.body.append(piece);
      return piece.size();
    }
    if ((*self.state_.take)(piece)) return piece.size();
    self.state_.taker_is_done = true;
    return 0;
  }

  static std::size_t on_upload(char* into, std::size_t size, std::size_t count, void* context) {
    const auto& state = *static_cast<exchange_state*>(context);
    return (*state.upload)(std::span<char>(into, size * count));
  }

  template <class Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(handle_.get(), option, value);
  }

  header_list make_headers(const client_request& request) const {
    curl_slist* list = curl_slist_append(nullptr, "Expect:"); // never wait for "100 Continue"
    for (const auto& [name, value] : request.headers)
      list = curl_slist_append(list, (name + ": " + value).c_str());
    if (!options_.token.empty())
      list = curl_slist_append(list, ("Authorization: Bearer " + options_.token).c_str());
    return header_list(list);
  }

  void set_body(const client_request& request) {
    if (request.upload) {
      state_.upload = &request.upload;
      set(CURLOPT_UPLOAD, 1L);
      set(CURLOPT_READFUNCTION, on_upload);
      set(CURLOPT_READDATA, &state_);
      if (request.upload_length)
        set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(*request.upload_length));
    } else if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
      set(CURLOPT_POSTFIELDS, request.body.c_str());
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    }
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }

  result<client_answer> perform(const client_request& request,
                                const std::function<bool(std::string_view)>* take) {
    curl_easy_reset(handle_.get()); // keeps the connection
    state_ = {};
    state_.take = take;
    std::array<char, CURL_ERROR_SIZE> reason{};
    const std::string url = options_.base_url + request.target;
    const header_list headers = make_headers(request);
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_PROTOCOLS_STR, "https,http");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_ERRORBUFFER, reason.data());
    set(CURLOPT_HTTPHEADER, headers.get());
    set(CURLOPT_USERAGENT, options_.user_agent.c_str());
    set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(options_.connect_timeout_s));
    set(CURLOPT_TIMEOUT, static_cast<long>(request.timeout_s));
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    set(CURLOPT_HEADERFUNCTION, on_header);
    set(CURLOPT_HEADERDATA, &state_);
    set(CURLOPT_WRITEFUNCTION, on_body);
    set(CURLOPT_WRITEDATA, this);
    set_curl_identity(handle_.get(), options_);
    set_body(request);
    const CURLcode outcome = curl_easy_perform(handle_.get());
    long code = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &code);
    state_.answer.code = static_cast<int>(code);
    // A server may refuse an upload and close before it read all of it: its answer counts.
    const bool refused_early = code >= 400 && (outcome == CURLE_SEND_ERROR || outcome == CURLE_RECV_ERROR);
    if (outcome == CURLE_OK || state_.taker_is_done || refused_early) return std::move(state_.answer);
    const std::string detail = reason[0] != '\0' ? std::string(reason.data()) : curl_easy_strerror(outcome);
    return error{.kind = outcome == CURLE_OPERATION_TIMEDOUT ? error_kind::timeout : error_kind::unavailable,
                 .message = options_.base_url + ": " + detail};
  }

  const http_client_options options_;
  easy_handle handle_;
  exchange_state state_;
};

} // namespace

result<std::unique_ptr<http_client>> http_client::create(const http_client_options& options) {
  static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  auto client = std::make_unique<curl_http_client>(options);
  if (initialized != CURLE_OK || !client->usable()) {
    return error{.kind = error_kind::internal, .message = "libcurl cannot be initialized"};
  }
  return std::unique_ptr<http_client>(std::move(client));
}

} // namespace actord::net
