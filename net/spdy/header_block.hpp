#pragma once

#include "schema/base/result.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Name-value blocks of SPDY/3.1 (2.6.10): pairs of length-prefixed texts, compressed by zlib with a
/// dictionary that both sides know. All blocks of one direction are one zlib stream.

namespace actord::net {

/// Names in lower case.
using spdy_headers = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::size_t spdy_header_text_max_bytes = std::size_t{32} * 1024; ///< a block, decompressed
inline constexpr std::size_t spdy_header_pairs_max = 128;

/// The first value of a name; empty when absent.
std::string_view find_header(const spdy_headers& headers, std::string_view lower_case_name);

/// Compression's common vocabulary: words with their length in front, then a stretch of usual text.
const std::string& spdy_dictionary();

class header_deflater {
public:
  header_deflater();
  ~header_deflater();
  header_deflater(const header_deflater&) = delete;
  header_deflater& operator=(const header_deflater&) = delete;
  std::string pack(const spdy_headers& headers);

private:
  struct stream;
  std::unique_ptr<stream> stream_;
};

class header_inflater {
public:
  header_inflater();
  ~header_inflater();
  header_inflater(const header_inflater&) = delete;
  header_inflater& operator=(const header_inflater&) = delete;
  /// Refuses what is not such a block or is larger than the bounds; the direction cannot be read on then.
  result<spdy_headers> unpack(std::string_view block);

private:
  struct stream;
  std::unique_ptr<stream> stream_;
};

} // namespace actord::net
