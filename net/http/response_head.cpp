#include "net/http/response_head.hpp"

#include "net/http/header_lists.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace actord::net {

namespace {

/// The characters of a token (RFC 9110 5.6.2), by code.
constexpr std::array<bool, 256> token_characters = [] {
  std::array<bool, 256> table{};
  for (const char letter :
       std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"))
    table[static_cast<unsigned char>(letter)] = true;
  return table;
}();

void append_value(std::string& text, std::string_view value) {
  if (!has_control(value)) {
    text += value;
    return;
  }
  for (const char character : value) text.push_back(is_control(character) ? ' ' : character);
}

void append_number(std::string& text, std::uint64_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  text.append(digits.data(), end);
}

void append_framing(std::string& text, const head_facts& facts) {
  if (facts.framing == body_framing::length) {
    text += "Content-Length: ";
    append_number(text, facts.length);
    text += "\r\n";
  } else if (facts.framing == body_framing::chunked) {
    text += "Transfer-Encoding: chunked\r\n";
  }
  if (facts.framing == body_framing::switched) {
    text += "Connection: Upgrade\r\n";
    return;
  }
  if (!facts.keep_alive || facts.framing == body_framing::to_close) text += "Connection: close\r\n";
}

} // namespace

bool is_token(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char letter) {
    return token_characters[static_cast<unsigned char>(letter)];
  });
}

bool is_framing_header(std::string_view name) {
  constexpr auto ours = std::to_array<std::string_view>(
      {"content-length", "transfer-encoding", "connection", "date", "keep-alive", "proxy-connection"});
  return std::any_of(ours.begin(), ours.end(),
                     [name](std::string_view each) { return equals_ignoring_case(name, each); });
}

std::string render_head(const http_response& response, const head_facts& facts) {
  std::string text;
  text.reserve(256);
  text += "HTTP/1.1 ";
  append_number(text, static_cast<std::uint64_t>(response.code));
  text += ' ';
  text += reason_phrase(response.code);
  text += "\r\n";
  for (const auto& [name, value] : response.headers) {
    if (!is_token(name) || is_framing_header(name)) continue;
    text += name;
    text += ": ";
    append_value(text, value);
    text += "\r\n";
  }
  if (!facts.date.empty()) {
    text += "Date: ";
    text += facts.date;
    text += "\r\n";
  }
  append_framing(text, facts);
  text += "\r\n";
  return text;
}

std::string_view reason_phrase(int code) {
  struct phrase {
    int code;
    std::string_view text;
  };
  static constexpr auto phrases = std::to_array<phrase>({
      {100, "Continue"},
      {101, "Switching Protocols"},
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {406, "Not Acceptable"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {410, "Gone"},
      {413, "Request Entity Too Large"},
      {415, "Unsupported Media Type"},
      {422, "Unprocessable Entity"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
  });
  const auto* found =
      std::find_if(phrases.begin(), phrases.end(), [code](const phrase& row) { return row.code == code; });
  return found == phrases.end() ? std::string_view("Status") : found->text;
}

} // namespace actord::net
