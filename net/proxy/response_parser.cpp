#include "net/proxy/response_parser.hpp"

#include "net/http/header_lists.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace actord::net {
namespace {

constexpr std::size_t line_max_bytes = 4096;
constexpr std::size_t headers_max = 256;

error broken(const char* what) {
  return error{.kind = error_kind::unavailable, .message = std::string("malformed HTTP response: ") + what};
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), ascii_lower);
  return lower;
}

std::optional<std::uint64_t> number(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_token(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char letter) {
    const auto byte = static_cast<unsigned char>(letter);
    return byte > 32 && byte < 127 &&
           std::string_view("()<>@,;:\\\"/[]?={}").find(letter) == std::string_view::npos;
  });
}

/// Takes a line off the front, without its end.
std::string_view next_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

/// Where the head ends: behind its empty line. npos: not yet.
std::size_t head_end(std::string_view text) {
  for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    if (at + 1 < text.size() && text[at + 1] == '\n') return at + 2;
    if (at + 2 < text.size() && text[at + 1] == '\r' && text[at + 2] == '\n') return at + 3;
  }
  return std::string_view::npos;
}

} // namespace

std::string_view upstream_head::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers)
    if (name == lower_case_name) return value;
  return {};
}

result<std::size_t> response_parser::put(std::string_view input, std::string& body) {
  const std::size_t given = input.size();
  while (!input.empty() && phase_ != phase::done) {
    switch (phase_) {
    case phase::head: {
      const std::size_t before = partial_.size();
      partial_.append(input.substr(0, upstream_head_max_bytes - std::min(before, upstream_head_max_bytes)));
      const std::size_t end = head_end(partial_);
      if (end == std::string::npos) {
        if (partial_.size() >= upstream_head_max_bytes) return broken("the head is too large");
        return given;
      }
      input.remove_prefix(end - before);
      const std::string text = std::exchange(partial_, {}).substr(0, end);
      if (auto read = read_head(text); !read) return read.error();
      break;
    }
    case phase::body_by_length:
    case phase::chunk: {
      const std::size_t count = std::min<std::uint64_t>(left_bytes_, input.size());
      body.append(input.substr(0, count));
      input.remove_prefix(count);
      left_bytes_ -= count;
      if (left_bytes_ == 0) phase_ = phase_ == phase::chunk ? phase::chunk_end : phase::done;
      break;
    }
    case phase::body_to_end:
      body.append(input);
      return given;
    case phase::chunk_size:
    case phase::chunk_end:
    case phase::trailer: {
      const auto line = take_line(input);
      if (!line) return line.error();
      if (!*line) return given;
      if (phase_ == phase::chunk_size) {
        if (auto read = read_chunk_size(**line); !read) return read.error();
      } else if (phase_ == phase::chunk_end) {
        if (!(*line)->empty()) return broken("a chunk is longer than it says");
        phase_ = phase::chunk_size;
      } else if ((*line)->empty()) {
        phase_ = phase::done;
      }
      break;
    }
    case phase::done:
      break;
    }
  }
  return given - input.size();
}

result<std::optional<std::string>> response_parser::take_line(std::string_view& input) {
  const std::size_t end = input.find('\n');
  partial_.append(input.substr(0, end));
  if (partial_.size() > line_max_bytes) return broken("a line is too long");
  input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
  if (end == std::string_view::npos) return std::optional<std::string>();
  if (!partial_.empty() && partial_.back() == '\r') partial_.pop_back();
  return std::optional<std::string>(std::exchange(partial_, {}));
}

result<void> response_parser::read_chunk_size(std::string_view line) {
  const auto size = number(trimmed(line.substr(0, line.find(';'))), 16);
  if (!size) return broken("a chunk has no size");
  left_bytes_ = *size;
  phase_ = left_bytes_ == 0 ? phase::trailer : phase::chunk;
  return {};
}

result<void> response_parser::read_head(std::string_view text) {
  const std::string_view status = next_line(text);
  if (!status.starts_with("HTTP/1.") || status.size() < 12 || status[8] != ' ')
    return broken("no status line");
  const auto code = number(status.substr(9, 3), 10);
  if (!code || *code < 100 || *code > 599 || (status.size() > 12 && status[12] != ' '))
    return broken("no status code");
  head_ = {.code = static_cast<int>(*code), .headers = {}, .length = {}};
  while (true) {
    const std::string_view line = next_line(text);
    if (line.empty()) break;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
      return broken("a header without a name");
    if (head_.headers.size() >= headers_max) return broken("too many headers");
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (value.find('\0') != std::string_view::npos) return broken("a header with a zero byte");
    head_.headers.emplace_back(lower_case(line.substr(0, colon)), value);
  }
  const bool interim = head_.code < 200 && head_.code != 101;
  return interim ? result<void>() : choose_framing();
}

result<void> response_parser::choose_framing() {
  std::vector<std::string_view> codings;
  for (const auto& [name, value] : head_.headers) {
    if (name == "transfer-encoding")
      for_each_list_element(value, [&](std::string_view coding) { codings.push_back(coding); });
    if (name != "content-length") continue;
    const auto length = number(value, 10);
    if (!length || (head_.length && *head_.length != *length)) return broken("odd content-length");
    head_.length = length;
  }
  if (!codings.empty()) {
    if (codings.size() > 1 || !equals_ignoring_case(codings.front(), "chunked"))
      return broken("an unsupported transfer-encoding");
    head_.length.reset(); // Both at once: the chunks are what counts.
  }
  if (!expects_body_ || head_.code == 101 || head_.code == 204 || head_.code == 304)
    phase_ = phase::done;
  else if (!codings.empty())
    phase_ = phase::chunk_size;
  else if (head_.length)
    phase_ = *head_.length == 0 ? phase::done : phase::body_by_length;
  else
    phase_ = phase::body_to_end;
  left_bytes_ = head_.length.value_or(0);
  return {};
}

result<void> response_parser::end() {
  if (phase_ == phase::body_to_end) phase_ = phase::done;
  if (phase_ == phase::done) return {};
  return phase_ == phase::head ? broken("it ended before its head") : broken("it ended before its body");
}

} // namespace actord::net
