#include "net/calls/https_caller.hpp"

#include "net/http/curl_connection.hpp"
#include "net/http/http_client.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <deque>
#include <fmt/format.h>
#include <map>
#include <mutex>
#include <thread>

namespace actord::net {
namespace {

using steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds longest_rest{1000};
/// Idle connections kept for further calls.
constexpr long connections_kept = 32;

struct easy_release {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct multi_release {
  void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};
struct list_release {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

struct waiting_call {
  https_call what;
  https_caller::answer_taker done;
  steady::time_point until;
};

/// A call as libcurl's callbacks see it. Stays where it is.
struct running_call {
  explicit running_call(waiting_call of) : call(std::move(of)), handle(curl_easy_init()) {}

  waiting_call call;
  std::unique_ptr<CURL, easy_release> handle;
  std::unique_ptr<curl_slist, list_release> headers;
  std::unique_ptr<curl_slist, list_release> connect_to;
  std::array<char, CURL_ERROR_SIZE> reason{};
  std::size_t bytes_max = 0;
  std::string body;
  bool too_large = false;
};

error failure(error_kind kind, const https_call& call, std::string_view why) {
  return {.kind = kind, .message = fmt::format("Post \"{}\": {}", call.url, why)};
}

/// "HOST" and "HOST:PORT" of an address.
std::string authority_of(const std::string& url) {
  const std::size_t begin = std::min(url.find("://"), url.size() - 3) + 3;
  return url.substr(begin, std::min(url.find_first_of("/?#", begin), url.size()) - begin);
}

error error_of(CURLcode outcome, const running_call& running, std::size_t bytes_max) {
  const https_call& call = running.call.what;
  const std::string detail = running.reason[0] != '\0' ? running.reason.data() : curl_easy_strerror(outcome);
  const std::string to = call.connect_to.empty() ? authority_of(call.url) : call.connect_to;
  if (running.too_large)
    return failure(error_kind::unavailable, call,
                   fmt::format("the answer is longer than {} bytes", bytes_max));
  switch (outcome) {
  case CURLE_OPERATION_TIMEDOUT:
    return failure(error_kind::timeout, call, "context deadline exceeded");
  case CURLE_COULDNT_RESOLVE_HOST:
    return failure(error_kind::unavailable, call, fmt::format("dial tcp: lookup {}: no such host", to));
  case CURLE_COULDNT_CONNECT: {
    long number = 0;
    curl_easy_getinfo(running.handle.get(), CURLINFO_OS_ERRNO, &number);
    const std::string why = number == ECONNREFUSED ? "connection refused" : detail;
    return failure(error_kind::unavailable, call, fmt::format("dial tcp {}: connect: {}", to, why));
  }
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CACERT_BADFILE:
    return failure(error_kind::unavailable, call,
                   fmt::format("tls: failed to verify certificate: x509: {}", detail));
  case CURLE_GOT_NOTHING:
    return failure(error_kind::unavailable, call, "EOF");
  default:
    return failure(error_kind::unavailable, call, detail);
  }
}

std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* context) {
  auto& running = *static_cast<running_call*>(context);
  if (running.body.size() + size * count > running.bytes_max) {
    running.too_large = true;
    return 0;
  }
  running.body.append(bytes, size * count);
  return size * count;
}

class curl_caller final : public https_caller {
public:
  explicit curl_caller(https_caller_limits limits) : limits_(limits) {
    static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (initialized == CURLE_OK) multi_.reset(curl_multi_init());
    if (multi_) curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, connections_kept);
  }
  ~curl_caller() override { stop(); }
  curl_caller(const curl_caller&) = delete;
  curl_caller& operator=(const curl_caller&) = delete;

  void call(https_call what, answer_taker done) override {
    error refused;
    {
      const std::lock_guard lock(mutex_);
      if (multi_ && !stopping_ && waiting_.size() < limits_.waiting_max) {
        const auto until = steady::now() + what.timeout;
        waiting_.push_back({std::move(what), std::move(done), until});
        if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
        curl_multi_wakeup(multi_.get());
        return;
      }
      refused = stopping_ || !multi_
                    ? failure(error_kind::unavailable, what, "the server is stopping")
                    : failure(error_kind::too_many_requests, what, "too many calls wait for their turn");
    }
    done(refused);
  }

  void stop() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      if (multi_) curl_multi_wakeup(multi_.get());
    }
    if (thread_.joinable()) thread_.join();
  }

private:
  void run() {
    while (take_waiting()) {
      int active = 0;
      curl_multi_perform(multi_.get(), &active);
      if (finish_done()) continue; // the next in line
      curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(rest().count()), nullptr);
    }
    for (auto& [handle, running] : running_) {
      curl_multi_remove_handle(multi_.get(), handle);
      running->call.done(failure(error_kind::unavailable, running->call.what, "the server is stopping"));
    }
    running_.clear();
  }

  /// Begins what may begin and gives up what waited too long. False once all must end.
  bool take_waiting() {
    std::vector<waiting_call> late;
    std::vector<waiting_call> next;
    bool stopping = false;
    {
      const std::lock_guard lock(mutex_);
      stopping = stopping_;
      const auto now = steady::now();
      while (!waiting_.empty() && (stopping || waiting_.front().until <= now ||
                                   running_.size() + next.size() < limits_.calls_max)) {
        auto& into = stopping || waiting_.front().until <= now ? late : next;
        into.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
      }
    }
    for (waiting_call& call : late)
      call.done(stopping ? failure(error_kind::unavailable, call.what, "the server is stopping")
                         : failure(error_kind::timeout, call.what, "context deadline exceeded"));
    for (waiting_call& call : next) begin(std::move(call));
    return !stopping;
  }

  milliseconds rest() {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return longest_rest;
    const auto left = std::chrono::ceil<milliseconds>(waiting_.front().until - steady::now());
    return std::clamp(left, milliseconds(1), longest_rest);
  }

  void begin(waiting_call call) {
    auto running = std::make_unique<running_call>(std::move(call));
    CURL* const handle = running->handle.get();
    const https_call& what = running->call.what;
    const auto left = std::chrono::ceil<milliseconds>(running->call.until - steady::now());
    const auto set = [handle](CURLoption option, auto value) { curl_easy_setopt(handle, option, value); };
    if (handle == nullptr)
      return running->call.done(failure(error_kind::unavailable, what, "libcurl cannot be initialized"));
    running->bytes_max = limits_.answer_bytes_max;
    curl_slist* headers = curl_slist_append(nullptr, "Expect:"); // never wait for "100 Continue"
    headers = curl_slist_append(headers, "Content-Type: application/json");
    headers = curl_slist_append(headers, "Accept: application/json, */*");
    running->headers.reset(headers);
    set(CURLOPT_URL, what.url.c_str());
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_PROTOCOLS_STR, "https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_NOPROXY, "*");
    set(CURLOPT_ERRORBUFFER, running->reason.data());
    set(CURLOPT_HTTPHEADER, running->headers.get());
    set(CURLOPT_USERAGENT, "actord-admission");
    set(CURLOPT_TIMEOUT_MS, std::max(1L, static_cast<long>(left.count())));
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    set(CURLOPT_POSTFIELDS, what.body.data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(what.body.size()));
    set(CURLOPT_WRITEFUNCTION, on_body);
    set(CURLOPT_WRITEDATA, running.get());
    if (!what.connect_to.empty()) {
      running->connect_to.reset(curl_slist_append(nullptr, ("::" + what.connect_to).c_str()));
      set(CURLOPT_CONNECT_TO, running->connect_to.get());
    }
    http_client_options identity;
    identity.authority_pem = what.authority_pem;
    set_curl_identity(handle, identity);
    curl_multi_add_handle(multi_.get(), handle);
    running_.emplace(handle, std::move(running));
  }

  /// Whether any call ended.
  bool finish_done() {
    bool any = false;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      any = true;
      const CURLcode outcome = message->data.result;
      const auto found = running_.find(message->easy_handle);
      const std::unique_ptr<running_call> running = std::move(found->second);
      running_.erase(found);
      long code = 0;
      curl_easy_getinfo(running->handle.get(), CURLINFO_RESPONSE_CODE, &code);
      curl_multi_remove_handle(multi_.get(), running->handle.get());
      if (outcome == CURLE_OK)
        running->call.done(https_answer{static_cast<int>(code), std::move(running->body)});
      else
        running->call.done(error_of(outcome, *running, limits_.answer_bytes_max));
    }
    return any;
  }

  const https_caller_limits limits_;
  std::unique_ptr<CURLM, multi_release> multi_;
  std::map<CURL*, std::unique_ptr<running_call>> running_; ///< the thread's own
  std::mutex mutex_;
  std::deque<waiting_call> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace

std::unique_ptr<https_caller> https_caller::create(https_caller_limits limits) {
  return std::make_unique<curl_caller>(limits);
}

} // namespace actord::net
