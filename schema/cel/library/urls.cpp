#include "schema/cel/library/libraries.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace actord::schema::cel {
namespace {

using arguments = std::span<const value>;
using opaque_ref = std::shared_ptr<const opaque_value>;

/// The parts of an address of the web, as they are written.
struct web_address {
  std::string whole;
  std::string scheme;
  std::string host; ///< with the port
  std::string path;
  std::string query;
};

class url_value : public opaque_value {
public:
  explicit url_value(web_address held) : held_(std::move(held)) {}
  [[nodiscard]] std::string_view type() const override { return "kubernetes.URL"; }
  [[nodiscard]] bool equals(const opaque_value& other) const override {
    return held_.whole == static_cast<const url_value&>(other).held_.whole;
  }
  [[nodiscard]] const web_address& get() const { return held_; }

private:
  web_address held_;
};

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool well_escaped(std::string_view from) {
  for (std::size_t at = from.find('%'); at != std::string_view::npos; at = from.find('%', at + 1))
    if (at + 2 >= from.size() || !is_hex(from[at + 1]) || !is_hex(from[at + 2])) return false;
  return true;
}

std::string unescaped(std::string_view from) {
  std::string made;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const bool escaped = from[i] == '%' && i + 2 < from.size() && is_hex(from[i + 1]) && is_hex(from[i + 2]);
    if (escaped) {
      made += static_cast<char>(std::stoi(std::string(from.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      made += from[i] == '+' ? ' ' : from[i];
    }
  }
  return made;
}

bool is_port(std::string_view from) {
  return std::ranges::all_of(from, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_host(std::string_view host) {
  if (const std::size_t at = host.rfind('@'); at != std::string_view::npos) host.remove_prefix(at + 1);
  if (host.find_first_of(" <>\"\\^`{|}") != std::string_view::npos) return false;
  if (host.starts_with('[')) {
    const std::size_t close = host.rfind(']');
    if (close == std::string_view::npos) return false;
    const std::string_view rest = host.substr(close + 1);
    return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
  }
  const std::size_t colon = host.rfind(':');
  return colon == std::string_view::npos || is_port(host.substr(colon + 1));
}

/// An address with a scheme, or a path from the root on: what Go's ParseRequestURI takes.
std::optional<web_address> parse_url(std::string_view from) {
  web_address read{.whole = std::string(from), .scheme = {}, .host = {}, .path = {}, .query = {}};
  const bool clean =
      std::ranges::none_of(from, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (from.empty() || !clean || !well_escaped(from)) return std::nullopt;
  if (from.front() != '/') {
    const std::size_t colon = from.find(':');
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    if (colon == std::string_view::npos || !letter(from.front())) return std::nullopt;
    for (const char c : from.substr(0, colon)) {
      if (!letter(c) && !(c >= '0' && c <= '9') && c != '+' && c != '-' && c != '.') return std::nullopt;
      read.scheme += static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
    from.remove_prefix(colon + 1);
  }
  if (const std::size_t mark = from.find('?'); mark != std::string_view::npos) {
    read.query = from.substr(mark + 1);
    from = from.substr(0, mark);
  }
  if (from.starts_with("//") && !read.scheme.empty()) {
    from.remove_prefix(2);
    const std::size_t end = std::min(from.find('/'), from.size());
    if (!is_host(from.substr(0, end))) return std::nullopt;
    read.host = from.substr(0, end);
    if (const std::size_t at = read.host.rfind('@'); at != std::string::npos) read.host.erase(0, at + 1);
    from.remove_prefix(end);
  } else if (!from.empty() && from.front() != '/' && read.scheme.empty()) {
    return std::nullopt;
  }
  read.path = from;
  return read;
}

const web_address* held(const value& from) {
  const auto* other = from.as<opaque_ref>();
  const auto* one = other == nullptr ? nullptr : dynamic_cast<const url_value*>(other->get());
  return one == nullptr ? nullptr : &one->get();
}

value to_url(arguments all, spending& cost) {
  const auto seen = all[0].string();
  if (!seen) return value::no_overload();
  if (!cost.spend(cost_of_text(seen->size()))) return {};
  auto read = parse_url(*seen);
  if (!read)
    return value::error(fmt::format(
        "URL parse error during conversion from string: parse \"{}\": invalid URI for request", *seen));
  return opaque_ref(std::make_shared<const url_value>(std::move(*read)));
}
value is_url(arguments all, spending& cost) {
  const auto seen = all[0].string();
  if (!seen) return value::no_overload();
  if (!cost.spend(cost_of_text(seen->size()))) return {};
  return parse_url(*seen).has_value();
}

template <class Part>
value part(arguments all, Part part) {
  const web_address* one = held(all[0]);
  return one == nullptr ? value::no_overload() : value::of(part(*one));
}
value scheme(arguments all, spending&) {
  return part(all, [](const web_address& one) { return one.scheme; });
}
value host(arguments all, spending&) {
  return part(all, [](const web_address& one) { return one.host; });
}
std::size_t port_colon(const std::string& host) {
  const std::size_t colon = host.rfind(':');
  const std::size_t bracket = host.rfind(']');
  return colon == std::string::npos || (bracket != std::string::npos && colon < bracket) ? host.size()
                                                                                         : colon;
}
value hostname(arguments all, spending&) {
  return part(all, [](const web_address& one) {
    std::string name = one.host.substr(0, port_colon(one.host));
    if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
    return name;
  });
}
value port(arguments all, spending&) {
  return part(all, [](const web_address& one) {
    const std::size_t colon = port_colon(one.host);
    return colon == one.host.size() ? std::string() : one.host.substr(colon + 1);
  });
}
value path(arguments all, spending&) {
  return part(all, [](const web_address& one) { return one.path; });
}

value query(arguments all, spending& cost) {
  const web_address* one = held(all[0]);
  if (one == nullptr) return value::no_overload();
  if (!cost.spend(cost_of_text(one->query.size()))) return {};
  std::map<std::string, value_list> rows;
  for (std::string_view rest = one->query; !rest.empty();) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    rows[unescaped(pair.substr(0, equals))].push_back(
        value::of(unescaped(pair.substr(std::min(equals + 1, pair.size())))));
  }
  value_map all_rows;
  for (auto& [name, items] : rows) all_rows.emplace(value::of(name), value::of(std::move(items)));
  return value::of(std::move(all_rows));
}

constexpr std::array<function_row, 8> rows{{{"url", "(string)url", to_url},
                                            {"isURL", "(string)bool", is_url},
                                            {"getScheme", "url.()string", scheme},
                                            {"getHost", "url.()string", host},
                                            {"getHostname", "url.()string", hostname},
                                            {"getPort", "url.()string", port},
                                            {"getEscapedPath", "url.()string", path},
                                            {"getQuery", "url.()map(string,list(string))", query}}};

} // namespace

std::span<const function_row> url_functions() { return rows; }

} // namespace actord::schema::cel
