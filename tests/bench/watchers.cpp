#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <fstream>
#include <memory>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

/// Many watchers over TLS, on one thread of epoll. Prints name=value:
///   bench_watchers PORT TOKEN PID idle COUNT [CERTIFICATE KEY]
///       memory of the daemon PID for each idle watcher; with a client certificate (PEM files) each
///   bench_watchers PORT TOKEN PID events COUNT RATE S [json|protobuf] [http1|http2]
///       RATE creates a second for S seconds, seen by COUNT watchers in that form over that protocol: events
///       a second, time from the request that wrote to its answer and to the watcher's event (every tenth
///       watcher), processor time an event of both sides, the creates' included

namespace {

using clock_type = std::chrono::steady_clock;
constexpr const char* collection = "/api/v1/namespaces/default/configmaps";
constexpr std::size_t sampled = 10; ///< one watcher of so many looks at every event's time
/// Before an event's time: in JSON, and in a message, where a tag and a length stand between.
constexpr std::string_view json_stamp = R"("stamp":")";
constexpr std::string_view protobuf_stamp = "stamp\x12";
constexpr std::size_t writers = 16;

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "bench_watchers: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1); // NOLINT(concurrency-mt-unsafe)
}

long long now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(clock_type::now().time_since_epoch()).count();
}

double resident_kib(int pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("RssAnon:")) return std::strtod(line.c_str() + 8, nullptr);
  return 0;
}

/// Processor time of a process so far, to its 10 ms.
double used_us(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  long long user = 0;
  long long system = 0;
  std::sscanf(line.c_str() + line.rfind(')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld",
              &user, &system);
  return static_cast<double>(user + system) * 1e6 / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

/// A blocking handshake, then non-blocking reads.
class channel {
public:
  channel(SSL_CTX* context, std::uint16_t port, bool http2 = false) {
    fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd_ < 0 || ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) die("connect");
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ssl_ = SSL_new(context);
    SSL_set_fd(ssl_, fd_);
    if (http2) SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>("\x02h2"), 3);
    if (SSL_connect(ssl_) != 1) die("TLS handshake");
    ::fcntl(fd_, F_SETFL, ::fcntl(fd_, F_GETFL) | O_NONBLOCK);
  }
  ~channel() {
    SSL_free(ssl_);
    ::close(fd_);
  }
  channel(const channel&) = delete;
  channel& operator=(const channel&) = delete;

  void send(const std::string& request) {
    if (SSL_write(ssl_, request.data(), static_cast<int>(request.size())) != static_cast<int>(request.size()))
      die("write");
  }
  /// Hands out what has come; false when nothing has.
  std::string_view read(std::string& buffer) {
    const int got = SSL_read(ssl_, buffer.data(), static_cast<int>(buffer.size()));
    if (got > 0) return {buffer.data(), static_cast<std::size_t>(got)};
    if (SSL_get_error(ssl_, got) != SSL_ERROR_WANT_READ) die("the daemon closed the connection");
    return {};
  }
  /// False: the next `read` would only learn from the kernel that there is nothing.
  [[nodiscard]] bool has_more() const { return SSL_has_pending(ssl_) == 1; }
  [[nodiscard]] int fd() const { return fd_; }

  long long asked_ns = 0; ///< a writer's create

private:
  int fd_ = -1;
  SSL* ssl_ = nullptr;
};

/// How watchers ask and what comes back.
struct watch_form {
  bool protobuf = false;
  bool http2 = false;
};

/// Takes the protocol's framing off: chunks after a head, or frames of the only stream there is.
class unframer {
public:
  explicit unframer(bool http2) : at_(http2 ? place::frame_head : place::head) {}

  template <class Take>
  void read(std::string_view bytes, Take take) {
    while (!bytes.empty()) {
      if (at_ == place::payload) {
        const std::size_t count = std::min(left_, bytes.size());
        if (is_data_) take(bytes.substr(0, count));
        bytes.remove_prefix(count);
        left_ -= count;
        if (left_ == 0) at_ = behind_;
        continue;
      }
      step(bytes.front());
      bytes.remove_prefix(1);
    }
  }

private:
  enum class place { head, chunk_size, chunk_end, payload, frame_head };

  void step(char letter) {
    switch (at_) {
    case place::head:
      matched_ = letter == "\r\n\r\n"[matched_] ? matched_ + 1 : letter == '\r' ? 1 : 0;
      if (matched_ == 4) at_ = place::chunk_size;
      return;
    case place::chunk_size:
      if (letter == '\n') return begin(true, place::chunk_end);
      if (letter != '\r')
        size_ =
            size_ * 16 + static_cast<std::size_t>(letter <= '9' ? letter - '0' : (letter | 0x20) - 'a' + 10);
      return;
    case place::chunk_end:
      if (letter == '\n') at_ = place::chunk_size;
      return;
    case place::frame_head:
      if (matched_ < 3) size_ = size_ << 8U | static_cast<unsigned char>(letter);
      if (matched_ == 3) is_data_ = letter == 0;
      if (++matched_ == 9) begin(is_data_, place::frame_head);
      return;
    case place::payload:
      return;
    }
  }
  void begin(bool is_data, place behind) {
    is_data_ = is_data;
    behind_ = behind;
    left_ = std::exchange(size_, 0);
    matched_ = 0;
    at_ = left_ > 0 ? place::payload : behind;
  }

  place at_;
  place behind_ = place::head;
  std::size_t matched_ = 0;
  std::size_t size_ = 0;
  std::size_t left_ = 0;
  bool is_data_ = false;
};

/// Counts whole events: lines of JSON, or messages behind their length of four bytes.
class event_counter {
public:
  std::size_t count(std::string_view bytes, bool protobuf) {
    std::size_t whole = 0;
    if (!protobuf) {
      for (std::size_t at = bytes.find('\n'); at != std::string_view::npos; at = bytes.find('\n', at + 1))
        ++whole;
      return whole;
    }
    while (!bytes.empty()) {
      if (length_bytes_ < 4) {
        left_ = left_ << 8U | static_cast<unsigned char>(bytes.front());
        ++length_bytes_;
        bytes.remove_prefix(1);
        continue;
      }
      const std::size_t some = std::min(left_, bytes.size());
      bytes.remove_prefix(some);
      left_ -= some;
      if (left_ > 0) break;
      length_bytes_ = 0;
      ++whole;
    }
    return whole;
  }

private:
  std::size_t length_bytes_ = 0;
  std::size_t left_ = 0;
};

struct watcher {
  std::unique_ptr<channel> link;
  unframer frames{false};
  event_counter counter;
  std::size_t events = 0;
  std::string tail; ///< of a sampled watcher: an unfinished event
};

/// HTTP/2 without compression: a window that no run fills, and one request.
std::string http2_watch(const std::string& path, const std::string& token, std::string_view accept) {
  const auto frame = [](char type, char flags, char stream, std::string_view payload) {
    std::string bytes{static_cast<char>(payload.size() >> 16U),
                      static_cast<char>(payload.size() >> 8U & 0xffU),
                      static_cast<char>(payload.size() & 0xffU),
                      type,
                      flags,
                      0,
                      0,
                      0,
                      stream};
    return bytes.append(payload);
  };
  const auto text = [](std::string_view of) { // RFC 7541 5.1 and 5.2
    std::string bytes;
    if (of.size() < 127) {
      bytes.push_back(static_cast<char>(of.size()));
    } else {
      bytes.push_back(127);
      std::size_t more = of.size() - 127;
      for (; more >= 128; more >>= 7U) bytes.push_back(static_cast<char>(more % 128 + 128));
      bytes.push_back(static_cast<char>(more));
    }
    return bytes.append(of);
  };
  std::string block = "\x82\x87"; // GET, https
  block.append(1, '\x04').append(text(path)).append(1, '\x01').append(text("localhost"));
  block.append(1, '\0').append(text("authorization")).append(text("Bearer " + token));
  block.append(1, '\0').append(text("accept")).append(text(accept));
  const std::string window("\x7f\xff\x00\x00", 4);
  return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, std::string("\0\x04", 2) + window) +
         frame(8, 0, 0, window) + frame(1, 5, 1, block);
}

std::string get_request(const std::string& path, const std::string& token, std::string_view accept) {
  return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token +
         "\r\nAccept: " + std::string(accept) + "\r\n\r\n";
}

std::string create_request(const std::string& token, const std::string& name) {
  const std::string body = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name +
                           R"("},"data":{"stamp":")" + std::to_string(now_ns()) + R"(","filler":")" +
                           std::string(850, 'x') + R"("}})";
  return std::string("POST ") + collection +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer " + token +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class bench {
public:
  bench(std::uint16_t port, std::string token, int pid) : port_(port), token_(std::move(token)), pid_(pid) {
    SSL_CTX_set_verify(context_, SSL_VERIFY_NONE, nullptr);
    expect(poll_, EPOLLIN, crowd_, this);
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }

  void show_certificate(const char* certificate, const char* key) {
    if (SSL_CTX_use_certificate_file(context_, certificate, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(context_, key, SSL_FILETYPE_PEM) != 1)
      die("client certificate");
  }

  void use(watch_form form) { form_ = form; }

  void open(std::size_t count) {
    const std::string from = current_version();
    watchers_.resize(count);
    for (watcher& one : watchers_) {
      one.link = std::make_unique<channel>(context_, port_, form_.http2);
      one.frames = unframer(form_.http2);
      const std::string path = std::string(collection) + "?watch=1&resourceVersion=" + from;
      const std::string_view accept =
          form_.protobuf ? "application/vnd.kubernetes.protobuf;stream=watch" : "application/json";
      one.link->send(form_.http2 ? http2_watch(path, token_, accept) : get_request(path, token_, accept));
      expect(is_sampled(one) ? poll_ : crowd_, EPOLLIN, one.link->fd(), &one);
    }
    drain(std::chrono::seconds(2)); // response heads
    for (watcher& one : watchers_) one.events = 0;
    latencies_ns_.clear();
  }

  void idle(std::size_t count) {
    SSL_CTX_set_mode(context_, SSL_MODE_RELEASE_BUFFERS);
    const double before = resident_kib(pid_);
    open(count);
    const double grown = resident_kib(pid_) - before;
    std::printf("kib_each=%.1f\n", grown / static_cast<double>(count));
  }

  void events(std::size_t count, double rate, int seconds) {
    // As many records at once as there are: this side runs on the daemon's processors.
    SSL_CTX_set_read_ahead(context_, 1);
    SSL_CTX_set_default_read_buffer_len(context_, buffer_.size());
    open(count);
    std::vector<std::unique_ptr<channel>> links;
    std::deque<channel*> idle;
    for (std::size_t i = 0; i < writers; ++i) {
      links.push_back(std::make_unique<channel>(context_, port_));
      idle.push_back(links.back().get());
      expect(answers_, EPOLLIN, links.back()->fd(), links.back().get());
    }
    expect(poll_, EPOLLIN, answers_, nullptr);
    const std::string prefix = "w" + std::to_string(::getpid()) + "-";
    const auto began = clock_type::now();
    const auto end = began + std::chrono::seconds(seconds);
    std::size_t sent = 0;
    const double daemon_before = used_us(pid_);
    const double own_before = used_us(::getpid());
    while (clock_type::now() < end) {
      const double elapsed = std::chrono::duration<double>(clock_type::now() - began).count();
      while (!idle.empty() && static_cast<double>(sent) < elapsed * rate) {
        idle.front()->asked_ns = now_ns();
        idle.front()->send(create_request(token_, prefix + std::to_string(sent++)));
        idle.pop_front();
      }
      if (poll_once(1)) take_answers(idle);
    }
    while (total() < sent * count && clock_type::now() < end + std::chrono::seconds(10))
      if (poll_once(10)) take_answers(idle);
    const double took = std::chrono::duration<double>(clock_type::now() - began).count();
    const auto at = [](std::vector<long long>& all, double part) {
      if (all.empty()) return 0.0;
      const auto place = static_cast<std::ptrdiff_t>(part * static_cast<double>(all.size() - 1));
      std::nth_element(all.begin(), all.begin() + place, all.end());
      return static_cast<double>(all[static_cast<std::size_t>(place)]) / 1e6;
    };
    const auto each = [&](double us) { return us / static_cast<double>(total()); };
    std::printf("creates_per_s=%.0f events_per_s=%.0f p50_ms=%.1f p99_ms=%.1f create_p50_ms=%.1f "
                "create_p99_ms=%.1f arrived=%zu missing=%zu "
                "daemon_us=%.2f client_us=%.2f\n",
                static_cast<double>(sent) / took, static_cast<double>(total()) / took, at(latencies_ns_, 0.5),
                at(latencies_ns_, 0.99), at(answers_ns_, 0.5), at(answers_ns_, 0.99), total(),
                sent * count - total(), each(used_us(pid_) - daemon_before),
                each(used_us(::getpid()) - own_before));
  }

private:
  [[nodiscard]] std::size_t total() const {
    std::size_t sum = 0;
    for (const watcher& one : watchers_) sum += one.events;
    return sum;
  }

  /// Of the collection: watchers see what comes after it.
  std::string current_version() {
    constexpr std::string_view member = "\"resourceVersion\":\"";
    channel link(context_, port_);
    link.send(get_request(std::string(collection) + "?limit=1", token_, "application/json"));
    std::string answer;
    std::size_t at = std::string::npos;
    while (at == std::string::npos || answer.find('"', at + member.size()) == std::string::npos) {
      answer += link.read(buffer_);
      at = answer.find(member);
    }
    at += member.size();
    return answer.substr(at, answer.find('"', at) - at);
  }

  void count(watcher& one, std::string_view bytes) {
    const bool sampled_one = is_sampled(one);
    one.frames.read(bytes, [&](std::string_view payload) {
      one.events += one.counter.count(payload, form_.protobuf);
      if (sampled_one) one.tail.append(payload);
    });
    if (!sampled_one) return;
    const std::string_view key = form_.protobuf ? protobuf_stamp : json_stamp;
    const std::size_t between = form_.protobuf ? 1 : 0;
    std::size_t from = 0;
    const long long now = now_ns();
    for (;;) {
      const std::size_t at = one.tail.find(key, from);
      if (at == std::string::npos || one.tail.size() - at < 64) break;
      from = at + key.size() + between;
      latencies_ns_.push_back(now - std::strtoll(one.tail.c_str() + from, nullptr, 10));
    }
    one.tail.erase(0, std::max(from, one.tail.size() - std::min<std::size_t>(one.tail.size(), 128)));
  }

  static void expect(int poll, std::uint32_t what, int fd, void* whose) {
    epoll_event event{.events = what, .data = {.ptr = whose}};
    if (::epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl");
  }

  /// Whose create was answered may send the next.
  void take_answers(std::deque<channel*>& idle) {
    epoll_event ready[writers];
    const int got = ::epoll_wait(answers_, ready, writers, 0);
    for (int i = 0; i < got; ++i) {
      auto* one = static_cast<channel*>(ready[i].data.ptr);
      const std::string_view answer = one->read(buffer_);
      if (answer.empty()) continue;
      if (answer.substr(9, 3) != "201") die("create refused: " + std::string(answer.substr(0, 200)));
      answers_ns_.push_back(now_ns() - one->asked_ns);
      idle.push_back(one);
    }
  }

  /// True when a create was answered.
  /// Timed watchers and writers are clients of their own, which would not stand behind the decryption of all
  /// others: they come first, the crowd a few at a time. True when answers to writers have come.
  bool poll_once(int wait_ms) {
    constexpr int crowd_at_once = 8;
    const bool answered = read_ready(poll_, 256, wait_ms);
    read_ready(crowd_, crowd_at_once, 0);
    return answered;
  }

  bool read_ready(int poll, int at_once, int wait_ms) {
    epoll_event ready[256];
    const int got = ::epoll_wait(poll, ready, at_once, wait_ms);
    bool answered = false;
    for (int i = 0; i < got; ++i) {
      if (ready[i].data.ptr == nullptr) {
        answered = true;
        continue;
      }
      if (ready[i].data.ptr == this) continue;
      auto& one = *static_cast<watcher*>(ready[i].data.ptr);
      for (;;) {
        const std::string_view bytes = one.link->read(buffer_);
        if (bytes.empty()) break;
        count(one, bytes);
        if (!one.link->has_more()) break;
      }
    }
    return answered;
  }

  [[nodiscard]] bool is_sampled(const watcher& one) const {
    return static_cast<std::size_t>(&one - watchers_.data()) % sampled == 0;
  }

  void drain(std::chrono::seconds quiet) {
    const auto end = clock_type::now() + quiet;
    while (clock_type::now() < end) poll_once(50);
  }

  std::uint16_t port_;
  std::string token_;
  int pid_;
  watch_form form_;
  SSL_CTX* context_ = SSL_CTX_new(TLS_client_method());
  int poll_ = ::epoll_create1(EPOLL_CLOEXEC);    ///< timed watchers, `answers_` as null, `crowd_` as this
  int answers_ = ::epoll_create1(EPOLL_CLOEXEC); ///< writers
  int crowd_ = ::epoll_create1(EPOLL_CLOEXEC);   ///< watchers that are only counted
  std::string buffer_ = std::string(64U << 10U, '\0');
  std::vector<watcher> watchers_;
  std::vector<long long> latencies_ns_;
  std::vector<long long> answers_ns_; ///< of creates, from the request to the answer
};

} // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fprintf(stderr, "usage: bench_watchers PORT TOKEN PID idle COUNT [CERTIFICATE KEY] | "
                         "events COUNT RATE SECONDS [json|protobuf] [http1|http2]\n");
    return 2;
  }
  bench run(static_cast<std::uint16_t>(std::strtoul(argv[1], nullptr, 10)), argv[2],
            static_cast<int>(std::strtol(argv[3], nullptr, 10)));
  const std::size_t count = std::strtoull(argv[5], nullptr, 10);
  if (std::string_view(argv[4]) == "idle") {
    if (argc == 8) run.show_certificate(argv[6], argv[7]);
    run.idle(count);
  } else if (argc >= 8) {
    run.use({.protobuf = argc > 8 && std::string_view(argv[8]) == "protobuf",
             .http2 = argc > 9 && std::string_view(argv[9]) == "http2"});
    run.events(count, std::strtod(argv[6], nullptr), static_cast<int>(std::strtol(argv[7], nullptr, 10)));
  }
  return 0;
}
