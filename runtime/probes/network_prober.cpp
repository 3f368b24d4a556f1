#include "runtime/probes/probe.hpp"

#include <curl/curl.h>

#include <atomic>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace actord::runtime {
namespace {

constexpr int most_redirects = 10;
constexpr std::size_t body_limit_bytes = 10'240;
constexpr const char* user_agent = "kube-probe/1.36";

using header_list = std::unique_ptr<curl_slist, void (*)(curl_slist*)>;

std::string bracketed(const std::string& address) {
  return address.find(':') == std::string::npos ? address : "[" + address + "]";
}

std::string url_of(const http_probe& what) {
  const bool slash = what.path.starts_with('/');
  return std::string(what.tls ? "https://" : "http://") + bracketed(what.address) + ":" +
         std::to_string(what.port) + (slash ? "" : "/") + what.path;
}

std::string part_of(const std::string& url, CURLUPart part) {
  const std::unique_ptr<CURLU, void (*)(CURLU*)> parsed(curl_url(), curl_url_cleanup);
  char* text = nullptr;
  if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK ||
      curl_url_get(parsed.get(), part, &text, 0) != CURLUE_OK)
    return {};
  std::string value = text;
  curl_free(text);
  return value;
}

/// One probe on its way.
struct attempt {
  std::unique_ptr<CURL, void (*)(CURL*)> handle{curl_easy_init(), curl_easy_cleanup};
  header_list headers{nullptr, curl_slist_free_all};
  std::string url;
  std::string host;
  bool is_http = false;
  int redirects = 0;
  steady_time deadline;
  std::string body;
  bool body_cut = false;
  std::function<void(probe_outcome)> done;
};

std::size_t keep_body(char* data, std::size_t size, std::size_t count, void* into) {
  auto* probe = static_cast<attempt*>(into);
  const std::size_t room = body_limit_bytes - probe->body.size();
  probe->body.append(data, std::min(room, size * count));
  if (size * count <= room) return size * count;
  // The answer has been judged by its first part; an endless body must not keep us.
  probe->body_cut = true;
  return 0;
}

void set_common_options(attempt& probe) {
  CURL* handle = probe.handle.get();
  curl_easy_setopt(handle, CURLOPT_PRIVATE, &probe);
  curl_easy_setopt(handle, CURLOPT_URL, probe.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROXY, "");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
}

void set_http_options(attempt& probe, const http_probe& what) {
  CURL* handle = probe.handle.get();
  bool has_agent = false;
  curl_slist* list = nullptr;
  for (const auto& [name, value] : what.headers) {
    has_agent |= curl_strequal(name.c_str(), "User-Agent") != 0;
    // curl's way to say "with no value" instead of "remove".
    list = curl_slist_append(list, (name + (value.empty() ? ";" : ": " + value)).c_str());
  }
  if (!what.host.empty()) list = curl_slist_append(list, ("Host: " + what.host).c_str());
  list = curl_slist_append(list, "Connection: close");
  probe.headers.reset(list);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, list);
  if (!has_agent) curl_easy_setopt(handle, CURLOPT_USERAGENT, user_agent);
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 0L);
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 0L);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, keep_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &probe);
}

/// libcurl's multi interface on one thread: hundreds of probes wait there without a thread each.
class curl_prober final : public network_prober {
public:
  curl_prober() : multi_(curl_multi_init(), curl_multi_cleanup), thread_([this] { run(); }) {}
  curl_prober(const curl_prober&) = delete;
  curl_prober& operator=(const curl_prober&) = delete;
  ~curl_prober() override {
    stopping_ = true;
    curl_multi_wakeup(multi_.get());
    thread_.join();
    const probe_outcome given_up{probe_verdict::failure, "the node is shutting down"};
    for (auto& [handle, probe] : running_) {
      curl_multi_remove_handle(multi_.get(), handle);
      probe->done(given_up);
    }
    for (auto& probe : waiting_) probe->done(given_up);
  }

  void probe(const http_probe& what, std::chrono::milliseconds timeout,
             std::function<void(probe_outcome)> done) override {
    auto fresh = std::make_unique<attempt>();
    fresh->is_http = true;
    fresh->url = url_of(what);
    fresh->host = part_of(fresh->url, CURLUPART_HOST);
    fresh->done = std::move(done);
    set_common_options(*fresh);
    set_http_options(*fresh, what);
    begin(std::move(fresh), timeout);
  }

  void probe(const tcp_probe& what, std::chrono::milliseconds timeout,
             std::function<void(probe_outcome)> done) override {
    auto fresh = std::make_unique<attempt>();
    fresh->url = "http://" + bracketed(what.address) + ":" + std::to_string(what.port) + "/";
    fresh->host = bracketed(what.address) + ":" + std::to_string(what.port);
    fresh->done = std::move(done);
    set_common_options(*fresh);
    curl_easy_setopt(fresh->handle.get(), CURLOPT_CONNECT_ONLY, 1L);
    begin(std::move(fresh), timeout);
  }

private:
  void begin(std::unique_ptr<attempt> fresh, std::chrono::milliseconds timeout) {
    fresh->deadline = system_clock_source().steady_now() + timeout;
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(fresh));
    }
    curl_multi_wakeup(multi_.get());
  }

  void run() {
    while (!stopping_) {
      admit();
      int running = 0;
      curl_multi_perform(multi_.get(), &running);
      reap();
      int ready = 0;
      curl_multi_poll(multi_.get(), nullptr, 0, 60'000, &ready);
    }
  }

  void admit() {
    std::vector<std::unique_ptr<attempt>> fresh;
    {
      const std::lock_guard lock(mutex_);
      fresh.swap(waiting_);
    }
    for (auto& probe : fresh) launch(std::move(probe));
  }

  void launch(std::unique_ptr<attempt> probe) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(probe->deadline - system_clock_source().steady_now());
    // 0 would mean "no limit" to curl.
    curl_easy_setopt(probe->handle.get(), CURLOPT_TIMEOUT_MS,
                     static_cast<long>(std::max<std::int64_t>(1, left.count())));
    CURL* handle = probe->handle.get();
    curl_multi_add_handle(multi_.get(), handle);
    running_.emplace(handle, std::move(probe));
  }

  void reap() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      const auto found = running_.find(message->easy_handle);
      std::unique_ptr<attempt> probe = std::move(found->second);
      running_.erase(found);
      curl_multi_remove_handle(multi_.get(), probe->handle.get());
      finish(std::move(probe), code);
    }
  }

  void finish(std::unique_ptr<attempt> probe, CURLcode code) {
    if (!probe->is_http) {
      if (code == CURLE_OK) return probe->done({probe_verdict::success, {}});
      return probe->done({probe_verdict::failure, "dial tcp " + probe->host + ": " + reason(code)});
    }
    const bool answered = code == CURLE_OK || probe->body_cut;
    if (!answered)
      return probe->done({probe_verdict::failure, "Get \"" + probe->url + "\": " + reason(code)});
    long status = 0;
    curl_easy_getinfo(probe->handle.get(), CURLINFO_RESPONSE_CODE, &status);
    char* redirect = nullptr;
    curl_easy_getinfo(probe->handle.get(), CURLINFO_REDIRECT_URL, &redirect);
    if (redirect != nullptr) return follow(std::move(probe), redirect);
    if (status >= 200 && status < 400) return probe->done({probe_verdict::success, probe->body});
    probe->done({probe_verdict::failure, "HTTP probe failed with statuscode: " + std::to_string(status)});
  }

  void follow(std::unique_ptr<attempt> probe, const std::string& target) {
    // The rule of the kubelet: the pod answered, where it points to is not what is being probed.
    if (part_of(target, CURLUPART_HOST) != probe->host)
      return probe->done(
          {probe_verdict::success, "Probe terminated redirects, Response body: " + probe->body});
    if (++probe->redirects >= most_redirects)
      return probe->done({probe_verdict::failure, "Get \"" + target + "\": stopped after 10 redirects"});
    probe->url = target;
    probe->body.clear();
    probe->body_cut = false;
    curl_easy_setopt(probe->handle.get(), CURLOPT_URL, probe->url.c_str());
    launch(std::move(probe));
  }

  static std::string reason(CURLcode code) {
    if (code == CURLE_OPERATION_TIMEDOUT) return "context deadline exceeded";
    if (code == CURLE_COULDNT_CONNECT) return "connect: connection refused";
    return curl_easy_strerror(code);
  }

  std::unique_ptr<CURLM, CURLMcode (*)(CURLM*)> multi_;
  std::map<CURL*, std::unique_ptr<attempt>> running_; ///< of the thread
  std::mutex mutex_;
  std::vector<std::unique_ptr<attempt>> waiting_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_; ///< last: it uses all of the above
};

} // namespace

std::unique_ptr<network_prober> make_network_prober() {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  ALWAYS(ready);
  return std::make_unique<curl_prober>();
}

} // namespace actord::runtime
