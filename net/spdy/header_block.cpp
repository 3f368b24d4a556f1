#include "net/spdy/header_block.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace actord::net {
namespace {

void append_number(std::string& text, std::size_t number) {
  for (const int shift : {24, 16, 8, 0}) text += static_cast<char>((number >> shift) & 0xff);
}

void append_word(std::string& text, std::string_view word) {
  append_number(text, word.size());
  text += word;
}

std::string make_dictionary() {
  constexpr std::array<std::string_view, 65> words{"options",
                                                   "head",
                                                   "post",
                                                   "put",
                                                   "delete",
                                                   "trace",
                                                   "accept",
                                                   "accept-charset",
                                                   "accept-encoding",
                                                   "accept-language",
                                                   "accept-ranges",
                                                   "age",
                                                   "allow",
                                                   "authorization",
                                                   "cache-control",
                                                   "connection",
                                                   "content-base",
                                                   "content-encoding",
                                                   "content-language",
                                                   "content-length",
                                                   "content-location",
                                                   "content-md5",
                                                   "content-range",
                                                   "content-type",
                                                   "date",
                                                   "etag",
                                                   "expect",
                                                   "expires",
                                                   "from",
                                                   "host",
                                                   "if-match",
                                                   "if-modified-since",
                                                   "if-none-match",
                                                   "if-range",
                                                   "if-unmodified-since",
                                                   "last-modified",
                                                   "location",
                                                   "max-forwards",
                                                   "pragma",
                                                   "proxy-authenticate",
                                                   "proxy-authorization",
                                                   "range",
                                                   "referer",
                                                   "retry-after",
                                                   "server",
                                                   "te",
                                                   "trailer",
                                                   "transfer-encoding",
                                                   "upgrade",
                                                   "user-agent",
                                                   "vary",
                                                   "via",
                                                   "warning",
                                                   "www-authenticate",
                                                   "method",
                                                   "get",
                                                   "status",
                                                   "200 OK",
                                                   "version",
                                                   "HTTP/1.1",
                                                   "url",
                                                   "public",
                                                   "set-cookie",
                                                   "keep-alive",
                                                   "origin"};
  std::string text;
  for (const std::string_view word : words)
    if (!word.empty()) append_word(text, word);
  text +=
      "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
      "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized"
      "403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
      "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
      "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,"
      "text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.";
  return text;
}

const Bytef* bytes_of(std::string_view text) { return reinterpret_cast<const Bytef*>(text.data()); }

error malformed(const char* what) {
  return error{.kind = error_kind::bad_request, .message = std::string("SPDY header block: ") + what};
}

/// Reads the decompressed form.
class block_reader {
public:
  explicit block_reader(std::string_view text) : rest_(text) {}

  bool number(std::uint32_t& value) {
    if (rest_.size() < 4) return false;
    value = 0;
    for (int at = 0; at < 4; ++at)
      value = value << 8 | static_cast<unsigned char>(rest_[static_cast<std::size_t>(at)]);
    rest_.remove_prefix(4);
    return true;
  }
  bool word(std::string& value) {
    std::uint32_t size = 0;
    if (!number(size) || size > rest_.size()) return false;
    value = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

private:
  std::string_view rest_;
};

bool is_lower_case_name(std::string_view name) {
  return !name.empty() && std::none_of(name.begin(), name.end(), [](char letter) {
    return (letter >= 'A' && letter <= 'Z') || static_cast<unsigned char>(letter) < 32;
  });
}

result<spdy_headers> parse_block(std::string_view text) {
  block_reader reader(text);
  std::uint32_t count = 0;
  if (!reader.number(count)) return malformed("truncated");
  if (count > spdy_header_pairs_max) return malformed("too many pairs");
  spdy_headers headers;
  for (std::uint32_t at = 0; at < count; ++at) {
    std::pair<std::string, std::string> pair;
    if (!reader.word(pair.first) || !reader.word(pair.second)) return malformed("truncated");
    if (!is_lower_case_name(pair.first)) return malformed("a name is empty or not in lower case");
    if (!find_header(headers, pair.first).empty()) return malformed("a name repeats");
    headers.push_back(std::move(pair));
  }
  if (!reader.at_end()) return malformed("longer than it says");
  return headers;
}

} // namespace

std::string_view find_header(const spdy_headers& headers, std::string_view lower_case_name) {
  for (const auto& [name, value] : headers)
    if (name == lower_case_name) return std::string_view(value).substr(0, value.find('\0'));
  return {};
}

const std::string& spdy_dictionary() {
  static const std::string dictionary = make_dictionary();
  return dictionary;
}

struct header_deflater::stream : z_stream {};

header_deflater::header_deflater() : stream_(std::make_unique<stream>()) {
  ALWAYS(::deflateInit(stream_.get(), Z_BEST_SPEED) == Z_OK);
  const std::string& words = spdy_dictionary();
  ALWAYS(::deflateSetDictionary(stream_.get(), bytes_of(words), static_cast<uInt>(words.size())) == Z_OK);
}

header_deflater::~header_deflater() { ::deflateEnd(stream_.get()); }

std::string header_deflater::pack(const spdy_headers& headers) {
  std::string text;
  append_number(text, headers.size());
  for (const auto& [name, value] : headers) {
    append_word(text, name);
    append_word(text, value);
  }
  std::string packed;
  std::array<char, 1024> piece;
  stream_->next_in = const_cast<Bytef*>(bytes_of(text)); // zlib's older interface; it only reads
  stream_->avail_in = static_cast<uInt>(text.size());
  do {
    stream_->next_out = reinterpret_cast<Bytef*>(piece.data());
    stream_->avail_out = piece.size();
    const int step = ::deflate(stream_.get(), Z_SYNC_FLUSH);
    ALWAYS(step == Z_OK || step == Z_BUF_ERROR);
    packed.append(piece.data(), piece.size() - stream_->avail_out);
  } while (stream_->avail_out == 0);
  return packed;
}

struct header_inflater::stream : z_stream {};

header_inflater::header_inflater() : stream_(std::make_unique<stream>()) {
  ALWAYS(::inflateInit(stream_.get()) == Z_OK);
}

header_inflater::~header_inflater() { ::inflateEnd(stream_.get()); }

result<spdy_headers> header_inflater::unpack(std::string_view block) {
  std::string text;
  std::array<char, 4096> piece;
  stream_->next_in = const_cast<Bytef*>(bytes_of(block));
  stream_->avail_in = static_cast<uInt>(block.size());
  while (true) {
    stream_->next_out = reinterpret_cast<Bytef*>(piece.data());
    stream_->avail_out = piece.size();
    int step = ::inflate(stream_.get(), Z_SYNC_FLUSH);
    if (step == Z_NEED_DICT) {
      const std::string& words = spdy_dictionary();
      if (::inflateSetDictionary(stream_.get(), bytes_of(words), static_cast<uInt>(words.size())) != Z_OK)
        return malformed("compressed with another dictionary");
      step = ::inflate(stream_.get(), Z_SYNC_FLUSH);
    }
    if (step != Z_OK && step != Z_BUF_ERROR) return malformed("not a zlib stream");
    text.append(piece.data(), piece.size() - stream_->avail_out);
    if (text.size() > spdy_header_text_max_bytes) return malformed("too large");
    if (stream_->avail_out != 0) break;
  }
  if (stream_->avail_in != 0) return malformed("more than one zlib stream");
  return parse_block(text);
}

} // namespace actord::net
