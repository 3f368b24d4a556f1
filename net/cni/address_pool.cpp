#include "net/cni/address_pool.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

namespace actord::net {
namespace {

namespace fs = std::filesystem;

constexpr const char* last_file = "last_reserved_ip.0";
constexpr int shortest_prefix = 8;
constexpr int longest_prefix = 30;

std::string read_text(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// The owner is the first line; host-local ends it with a carriage return and names the interface in the
/// next.
bool belongs_to(const fs::path& path, const std::string& attachment) {
  const std::string text = read_text(path);
  return text.substr(0, text.find_first_of("\r\n")) == attachment;
}

} // namespace

std::string address_text(std::uint32_t address) {
  return std::to_string(address >> 24U) + "." + std::to_string(address >> 16U & 255U) + "." +
         std::to_string(address >> 8U & 255U) + "." + std::to_string(address & 255U);
}

std::optional<std::uint32_t> parse_address(std::string_view text) {
  std::uint32_t address = 0;
  for (int part = 0; part < 4; ++part) {
    unsigned number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    if (parsed.ec != std::errc{} || number > 255) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
    if (part < 3) {
      if (!text.starts_with('.')) return std::nullopt;
      text.remove_prefix(1);
    }
    address = address << 8U | number;
  }
  return text.empty() ? std::optional(address) : std::nullopt;
}

result<address_range> parse_range(std::string_view cidr) {
  const error bad{.kind = error_kind::invalid,
                  .message = "pod range \"" + std::string(cidr) + "\" is not an IPv4 network of /8 to /30"};
  const std::size_t slash = cidr.find('/');
  const auto address = parse_address(cidr.substr(0, slash));
  if (!address || slash == std::string_view::npos) return bad;
  address_range range;
  const std::string_view length = cidr.substr(slash + 1);
  const auto parsed = std::from_chars(length.data(), length.data() + length.size(), range.prefix_length);
  if (parsed.ec != std::errc{} || parsed.ptr != length.data() + length.size() ||
      range.prefix_length < shortest_prefix || range.prefix_length > longest_prefix)
    return bad;
  range.network = *address & ~((std::uint32_t{1} << (32 - range.prefix_length)) - 1);
  return range;
}

std::optional<std::uint32_t> address_pool::find(const std::string& attachment) const {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory_, ignored)) {
    const auto address = parse_address(entry.path().filename().string());
    if (address && belongs_to(entry.path(), attachment)) return address;
  }
  return std::nullopt;
}

std::uint32_t address_pool::last_taken() const {
  const auto last = parse_address(read_text(fs::path(directory_) / last_file));
  return last && *last >= range_.first() && *last <= range_.last() ? *last : range_.last();
}

result<std::uint32_t> address_pool::take(const std::string& attachment) {
  const std::lock_guard lock(mutex_);
  std::error_code failure;
  fs::create_directories(directory_, failure);
  if (failure) return error{.message = "create " + directory_ + ": " + failure.message()};
  if (const auto known = find(attachment)) return *known;
  const std::uint32_t count = range_.last() - range_.first() + 1;
  std::uint32_t candidate = last_taken();
  for (std::uint32_t tried = 0; tried < count; ++tried) {
    candidate = candidate == range_.last() ? range_.first() : candidate + 1;
    const std::string path = directory_ + "/" + address_text(candidate);
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0 && errno == EEXIST) continue;
    if (file < 0) return error{.message = "create " + path + ": " + std::generic_category().message(errno)};
    const std::string text = attachment + "\r\neth0";
    const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    ::close(file);
    if (!written) {
      ::unlink(path.c_str());
      return error{.message = "write " + path + " failed"};
    }
    std::ofstream(fs::path(directory_) / last_file, std::ios::trunc) << address_text(candidate);
    return candidate;
  }
  return error{.kind = error_kind::unavailable, .message = "the node's pod range has no free address"};
}

result<void> address_pool::give_back(const std::string& attachment) {
  const std::lock_guard lock(mutex_);
  const auto address = find(attachment);
  if (!address) return {};
  const std::string path = directory_ + "/" + address_text(*address);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    return error{.message = "remove " + path + ": " + std::generic_category().message(errno)};
  return {};
}

} // namespace actord::net
