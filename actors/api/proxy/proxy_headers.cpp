#include "actors/api/proxy/proxy_headers.hpp"

#include "net/http/header_lists.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace actord::actors {
namespace {

constexpr std::array<std::string_view, 9> hop_by_hop{
    "connection",         "keep-alive", "proxy-connection",  "te",     "proxy-authorization",
    "proxy-authenticate", "trailer",    "transfer-encoding", "upgrade"};

/// Which headers a Connection header names as its own.
std::vector<std::string>
named_by_connection(const std::vector<std::pair<std::string, std::string>>& headers) {
  std::vector<std::string> named;
  for (const auto& [name, value] : headers) {
    if (name != "connection") continue;
    net::for_each_list_element(value, [&](std::string_view element) {
      std::string lower(element);
      std::transform(lower.begin(), lower.end(), lower.begin(), net::ascii_lower);
      named.push_back(std::move(lower));
    });
  }
  return named;
}

bool contains(const auto& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Ours to read: who asks, what of the body is here, how it is to be packed.
bool is_for_this_server(std::string_view name, bool extension) {
  // What an extension server believes of a front proxy only the front proxy says.
  if (extension) {
    if (name == "accept-encoding") return false;
    if (name == "host" || name.starts_with("x-remote-")) return true;
  }
  return name == "authorization" || name.starts_with("impersonate-") || name == "content-length" ||
         name == "expect" || name == "accept-encoding" || name == "x-forwarded-for" ||
         name == "x-forwarded-uri" || name == "x-forwarded-host" || name == "x-forwarded-proto";
}

std::string client_address(std::string_view remote) {
  std::string_view host = remote.substr(0, remote.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return std::string(host);
}

void append(std::string& text, std::string_view name, std::string_view value) {
  text.append(name).append(": ").append(value).append("\r\n");
}

} // namespace

proxied_path split_proxied_path(std::string_view path, std::size_t segments) {
  std::size_t at = 0;
  for (std::size_t count = 0; count < segments && at != std::string_view::npos; ++count)
    at = path.find('/', at + 1);
  if (at == std::string_view::npos) return {.prefix = std::string(path), .rest = {}};
  return {.prefix = std::string(path.substr(0, at)), .rest = std::string(path.substr(at))};
}

body_passing streamed_body_of(const net::http_request& head) {
  return head.header("content-length").empty() ? body_passing::chunked : body_passing::counted;
}

std::string framed_piece(body_passing how, std::string_view piece) {
  if (how != body_passing::chunked) return std::string(piece);
  return piece.empty() ? std::string() : fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
}

std::string_view framed_end(body_passing how) {
  return how == body_passing::chunked ? std::string_view("0\r\n\r\n") : std::string_view();
}

std::string upstream_request(const net::http_request& request, const proxied_path& path, bool upgrade,
                             body_passing body, const extension_terms* extension) {
  std::string text = request.method + " " + (path.rest.empty() ? "/" : path.rest);
  if (!request.query.empty()) text += "?" + request.query;
  text += " HTTP/1.1\r\n";
  const auto named = named_by_connection(request.headers);
  std::string forwarded_for;
  for (const auto& [name, value] : request.headers) {
    if (name == "x-forwarded-for") forwarded_for += value + ", ";
    if (contains(hop_by_hop, name) || contains(named, name) || is_for_this_server(name, extension != nullptr))
      continue;
    append(text, name, value);
  }
  if (extension != nullptr) {
    append(text, "host", extension->host);
    for (const auto& [name, value] : extension->identity) append(text, name, value);
  }
  append(text, "x-forwarded-for", forwarded_for + client_address(request.remote_address));
  append(text, "x-forwarded-host", request.header("host"));
  append(text, "x-forwarded-proto", "https");
  append(text, "x-forwarded-uri", path.prefix + path.rest);
  if (upgrade) {
    append(text, "connection", "Upgrade");
    append(text, "upgrade", request.header("upgrade"));
  } else {
    append(text, "connection", "close");
    if (extension == nullptr) append(text, "accept-encoding", "identity");
  }
  if (body == body_passing::chunked) {
    append(text, "transfer-encoding", "chunked");
    return text + "\r\n";
  }
  if (body == body_passing::counted) {
    append(text, "content-length", request.header("content-length"));
    return text + "\r\n";
  }
  const bool may_have_body = request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (may_have_body || !request.body.empty())
    append(text, "content-length", std::to_string(request.body.size()));
  return text + "\r\n" + request.body;
}

std::vector<std::pair<std::string, std::string>>
downstream_headers(const net::upstream_head& head, const net::link_terms& links, bool rewrites) {
  const auto named = named_by_connection(head.headers);
  std::vector<std::pair<std::string, std::string>> passed;
  for (const auto& [name, value] : head.headers) {
    const bool upgrade = head.code == 101 && name == "upgrade";
    if (!upgrade && (contains(hop_by_hop, name) || contains(named, name) || name == "content-length"))
      continue;
    if (name.starts_with("access-control-allow-")) continue;
    passed.emplace_back(name, rewrites && name == "location" ? net::rewritten_link(links, value) : value);
  }
  return passed;
}

bool is_html(const net::upstream_head& head) {
  const std::string_view type = head.header("content-type");
  const std::string_view coding = head.header("content-encoding");
  constexpr std::string_view html = "text/html";
  if (!coding.empty() && coding != "identity") return false;
  return net::equals_ignoring_case(type.substr(0, html.size()), html) &&
         (type.size() == html.size() || type[html.size()] == ';' || type[html.size()] == ' ');
}

} // namespace actord::actors
