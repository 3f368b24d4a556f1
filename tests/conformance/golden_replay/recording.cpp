#include "tests/conformance/golden_replay/recording.hpp"

#include "schema/base/json.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <array>
#include <memory>

namespace actord::golden {

std::string read_recordings(const std::string& path, const std::function<void(const json& recorded)>& visit) {
  const std::unique_ptr<archive, int (*)(archive*)> reader(archive_read_new(), archive_read_free);
  archive_read_support_filter_xz(reader.get());
  archive_read_support_format_raw(reader.get());
  constexpr std::size_t block_bytes = 65536;
  archive_entry* entry = nullptr;
  if (archive_read_open_filename(reader.get(), path.c_str(), block_bytes) != ARCHIVE_OK ||
      archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK)
    return archive_error_string(reader.get());
  std::string pending;
  std::array<char, block_bytes> block{};
  for (;;) {
    const la_ssize_t got = archive_read_data(reader.get(), block.data(), block.size());
    if (got < 0) return archive_error_string(reader.get());
    if (got == 0) break;
    pending.append(block.data(), static_cast<std::size_t>(got));
    std::size_t start = 0;
    for (std::size_t end = pending.find('\n'); end != std::string::npos; end = pending.find('\n', start)) {
      visit(json::parse(pending.begin() + static_cast<std::ptrdiff_t>(start),
                        pending.begin() + static_cast<std::ptrdiff_t>(end)));
      start = end + 1;
    }
    pending.erase(0, start);
  }
  return {};
}

} // namespace actord::golden
