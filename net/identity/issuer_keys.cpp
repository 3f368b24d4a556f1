#include "net/identity/issuer_keys.hpp"

#include "net/http/http_client.hpp"
#include "schema/base/json.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <spdlog/spdlog.h>
#include <stop_token>
#include <thread>

namespace actord::net {
namespace {

using std::chrono::seconds;
using steady = std::chrono::steady_clock;

constexpr std::size_t document_bytes_max = 1024 * 1024;
constexpr int fetch_timeout_s = 5;
constexpr seconds first_pause{1};
constexpr seconds longest_pause{30};
constexpr seconds lifetime{3600};
/// Between fetches that strangers' tokens may cause.
constexpr seconds between_renewals{10};
constexpr std::size_t waiting_max = 256;

error provider_error(std::string message) {
  return {.kind = error_kind::unavailable, .message = std::move(message), .causes = {}, .subject = {}};
}

/// "https://host:port" and "/path".
std::pair<std::string, std::string> split_url(const std::string& url) {
  const std::size_t host = url.find("://");
  const std::size_t path = host == std::string::npos ? std::string::npos : url.find('/', host + 3);
  if (path == std::string::npos) return {url, "/"};
  return {url.substr(0, path), url.substr(path)};
}

result<std::string> fetch_text(const issuer_options& options, const std::string& url) {
  const auto [base, target] = split_url(url);
  http_client_options with;
  with.base_url = base;
  with.authority_pem = options.authority_pem;
  with.user_agent = "actord";
  with.connect_timeout_s = fetch_timeout_s;
  auto client = http_client::create(with);
  if (!client) return client.error();
  std::string text;
  const auto answer =
      (*client)->stream({.target = target, .timeout_s = fetch_timeout_s}, [&](std::string_view piece) {
        text.append(piece);
        return text.size() <= document_bytes_max;
      });
  if (!answer) return answer.error();
  if (answer->code != 200) return provider_error(url + " answered " + std::to_string(answer->code));
  if (text.size() > document_bytes_max) return provider_error(url + " answered with more than 1 MiB");
  return text;
}

result<std::vector<web_key>> fetch_keys(const issuer_options& options) {
  std::string address = options.url;
  while (address.ends_with('/')) address.pop_back();
  const std::string& discovery = options.discovery_url;
  const auto document =
      fetch_text(options, discovery.empty() ? address + "/.well-known/openid-configuration" : discovery);
  if (!document) return document.error();
  const auto keys_address = keys_address_of(*document, options.url);
  if (!keys_address) return keys_address.error();
  const auto set = fetch_text(options, *keys_address);
  if (!set) return set.error();
  return web_key::from_set(*set);
}

class fetching_keys final : public issuer_keys {
public:
  explicit fetching_keys(issuer_options options)
      : options_(std::move(options)), thread_([this](const std::stop_token& stop) { run(stop); }) {}
  ~fetching_keys() override { stop(); }
  fetching_keys(const fetching_keys&) = delete;
  fetching_keys& operator=(const fetching_keys&) = delete;

  [[nodiscard]] key_list current() const override {
    const std::lock_guard lock(mutex_);
    return keys_;
  }

  bool renew(std::function<void()> done) override {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= waiting_max) return false;
    // Just fetched, or a provider that does not answer: waiting would not help.
    const bool fetched_before = fetched_ != steady::time_point{};
    if (fetched_before && (!keys_ || steady::now() - fetched_ < between_renewals)) return false;
    waiting_.push_back(std::move(done));
    changed_.notify_all();
    return true;
  }

  void stop() override {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
    std::vector<std::function<void()>> dropped; // ends after the lock: what is dropped may own a lot
    const std::lock_guard lock(mutex_);
    dropped.swap(waiting_);
  }

private:
  void run(const std::stop_token& stop) {
    seconds pause = first_pause;
    while (!stop.stop_requested()) {
      auto keys = fetch_keys(options_);
      const bool good = keys.has_value();
      if (!good) spdlog::warn("cannot fetch the keys of {}: {}", options_.url, keys.error().message);
      take(stop, std::move(keys));
      wait(stop, good ? lifetime : pause);
      pause = good ? first_pause : std::min(longest_pause, pause * 2);
    }
  }

  void take(const std::stop_token& stop, result<std::vector<web_key>> keys) {
    std::vector<std::function<void()>> told;
    {
      const std::lock_guard lock(mutex_);
      if (keys) keys_ = std::make_shared<const std::vector<web_key>>(std::move(*keys));
      fetched_ = steady::now();
      told.swap(waiting_);
    }
    if (stop.stop_requested()) return;
    for (const auto& each : told) each();
  }

  /// Until the time is over, or somebody asks for newer keys than the good ones there are.
  void wait(const std::stop_token& stop, seconds time) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, time, [this] { return !waiting_.empty() && keys_ != nullptr; });
  }

  const issuer_options options_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  key_list keys_;
  steady::time_point fetched_{};
  std::vector<std::function<void()>> waiting_;
  std::jthread thread_; ///< last: it uses all of the above
};

} // namespace

std::unique_ptr<issuer_keys> issuer_keys::start(issuer_options options) {
  return std::make_unique<fetching_keys>(std::move(options));
}

result<std::string> keys_address_of(std::string_view document, std::string_view issuer_url) {
  const json parsed = json::parse(document, nullptr, false);
  const auto text = [&](const char* member) {
    const auto found = parsed.find(member);
    return found != parsed.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (!parsed.is_object()) return provider_error("the discovery document is not a JSON object");
  if (text("issuer") != issuer_url)
    return provider_error("the discovery document is of another issuer: \"" + text("issuer") + "\"");
  std::string address = text("jwks_uri");
  if (!address.starts_with("https://")) return provider_error("jwks_uri is not an https address");
  return address;
}

} // namespace actord::net
