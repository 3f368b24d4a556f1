#include "net/http/request_parser.hpp"

#include "net/http/response_head.hpp"

#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>
#include <limits>

namespace actord::net {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::size_t headers_max = 200;
constexpr std::uint64_t chunk_limit_bytes = std::uint64_t{1} << 40U;
constexpr std::size_t chunk_line_limit_bytes = std::size_t{16} * 1024;

std::string lower_case(beast::string_view text) {
  std::string lower(text.data(), text.size());
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
  });
  return lower;
}

/// Beast replaces a fold by a space; two servers that read it differently can be played off against each
/// other.
bool has_folded_line(std::string_view head) {
  for (std::size_t end = head.find('\n'); end != std::string_view::npos; end = head.find('\n', end + 1)) {
    if (end + 1 < head.size() && (head[end + 1] == ' ' || head[end + 1] == '\t')) return true;
  }
  return false;
}

bool is_number(beast::string_view text) {
  return !text.empty() && text.size() <= 19 &&
         std::all_of(text.begin(), text.end(), [](char digit) { return digit >= '0' && digit <= '9'; });
}

request_fault fault_of(const beast::error_code& code) {
  if (code == http::error::header_limit) return {431, "the request's headers are too large"};
  if (code == http::error::bad_version) return {400, "unsupported or malformed HTTP version"};
  return {400, "malformed HTTP request: " + code.message()};
}

} // namespace

class request_parser::machine final : public http::basic_parser<true> {
public:
  explicit machine(std::size_t header_limit_bytes) : head_left_(header_limit_bytes) {
    header_limit(static_cast<std::uint32_t>(header_limit_bytes));
    body_limit(
        std::numeric_limits<std::uint64_t>::max()); // the session limits it; Boost 1.74 takes none for 0
    eager(false);
  }

  std::size_t step(std::string_view input) {
    body_piece_ = {};
    if (fault_ || is_done()) return 0;
    const bool in_head = !is_header_done();
    beast::error_code code;
    const std::size_t used = put(boost::asio::const_buffer(input.data(), input.size()), code);
    if (fault_) return used;
    if (code && code != http::error::need_more) {
      fault_ = fault_of(code);
      return used;
    }
    if (in_head) {
      check_head(input, used);
    } else if (used == 0 && input.size() > chunk_line_limit_bytes) {
      fault_ = {400, "chunk header too long"};
    }
    return used;
  }

  http_request request_;
  std::optional<request_fault> fault_;
  std::string_view body_piece_;
  bool expects_continue_ = false;
  bool http_1_1_ = false;

private:
  void check_head(std::string_view input, std::size_t used) {
    if (has_folded_line(input.substr(0, used))) {
      fault_ = {400, "folded header lines are not supported"};
      return;
    }
    const std::size_t present = is_header_done() ? used : input.size();
    if (present > head_left_) {
      fault_ = {431, "the request's headers are too large"};
    } else {
      head_left_ -= used;
    }
  }

  void refuse(int code, std::string message, beast::error_code& failure) {
    fault_ = {code, std::move(message)};
    failure = http::error::bad_field;
  }

  void on_request_impl(http::verb, beast::string_view method, beast::string_view target, int version,
                       beast::error_code& failure) override {
    http_1_1_ = version == 11;
    request_.method.assign(method.data(), method.size());
    request_.headers.reserve(12); // more than clients of this API send
    if (target.empty() || (target.front() != '/' && target != "*")) {
      return refuse(400, "the request target must be a path", failure);
    }
    const std::size_t mark = target.find('?');
    const beast::string_view path = target.substr(0, mark);
    request_.path.assign(path.data(), path.size());
    if (mark != beast::string_view::npos) {
      const beast::string_view query = target.substr(mark + 1);
      request_.query.assign(query.data(), query.size());
    }
  }

  void on_field_impl(http::field field, beast::string_view name, beast::string_view value,
                     beast::error_code& failure) override {
    if (is_header_done()) return; // trailers tell us nothing we want
    if (has_control({value.data(), value.size()})) {
      return refuse(400, "control character in a header value", failure);
    }
    if (request_.headers.size() == headers_max) return refuse(431, "too many header lines", failure);
    if (field == http::field::host) ++hosts_;
    if (field == http::field::content_length) {
      ++lengths_;
      if (!is_number(value)) return refuse(400, "malformed Content-Length", failure);
    }
    if (field == http::field::transfer_encoding) {
      ++encodings_;
      if (!beast::iequals(value, "chunked") || !http_1_1_) {
        return refuse(400, "unsupported transfer encoding", failure);
      }
    }
    if (field == http::field::expect) expects_continue_ = beast::iequals(value, "100-continue");
    request_.headers.emplace_back(lower_case(name), std::string(value.data(), value.size()));
  }

  void on_header_impl(beast::error_code& failure) override {
    if (lengths_ + encodings_ > 1) {
      return refuse(400, "the length of the request's body is given more than once", failure);
    }
    if (hosts_ > 1 || (hosts_ == 0 && http_1_1_)) {
      return refuse(400, "exactly one Host header is required", failure);
    }
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}

  std::size_t on_body_impl(beast::string_view body, beast::error_code&) override {
    body_piece_ = {body.data(), body.size()};
    return body.size();
  }

  void on_chunk_header_impl(std::uint64_t size, beast::string_view, beast::error_code& failure) override {
    if (size > chunk_limit_bytes) refuse(400, "chunk too large", failure);
  }

  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, beast::error_code&) override {
    body_piece_ = {body.data(), body.size()};
    return body.size();
  }

  void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}
  void on_finish_impl(beast::error_code&) override {}

  std::size_t head_left_;
  int hosts_ = 0;
  int lengths_ = 0;
  int encodings_ = 0;
};

request_parser::request_parser(std::size_t header_limit_bytes)
    : machine_(std::make_unique<machine>(header_limit_bytes)) {}
request_parser::~request_parser() = default;

std::size_t request_parser::put(std::string_view input) { return machine_->step(input); }
bool request_parser::head_done() const { return machine_->is_header_done(); }
bool request_parser::done() const { return machine_->is_done(); }
const std::optional<request_fault>& request_parser::fault() const { return machine_->fault_; }
http_request& request_parser::request() { return machine_->request_; }
std::string_view request_parser::body_piece() const { return machine_->body_piece_; }
bool request_parser::keep_alive() const { return machine_->keep_alive(); }
bool request_parser::expects_continue() const { return machine_->expects_continue_; }
bool request_parser::understands_chunks() const { return machine_->http_1_1_; }

std::optional<std::uint64_t> request_parser::content_length() const {
  const auto length = machine_->content_length();
  return length ? std::optional<std::uint64_t>(*length) : std::nullopt;
}

} // namespace actord::net
