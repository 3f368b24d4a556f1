#include "runtime/oci/runtime_context.hpp"

#include "runtime/files/file_tools.hpp"

namespace actord::runtime {

std::optional<sandbox_record> runtime_context::sandbox(const std::string& id) const {
  const auto text = read_file(layout.sandbox_file(id));
  return text && *text ? parse_sandbox_record(**text) : std::nullopt;
}

std::optional<container_record> runtime_context::container(const std::string& id) const {
  const auto text = read_file(layout.container_file(id));
  return text && *text ? parse_container_record(**text) : std::nullopt;
}

std::vector<container_record> runtime_context::containers_of(const std::string& sandbox_id) const {
  std::vector<container_record> records;
  for (const std::string& id : directory_entries(layout.containers()))
    if (auto record = container(id); record && record->sandbox_id == sandbox_id)
      records.push_back(std::move(*record));
  return records;
}

result<void> runtime_context::save(const sandbox_record& record) const {
  return write_file_atomic(layout.sandbox_file(record.id), record_text(record));
}

result<void> runtime_context::save(const container_record& record) const {
  return write_file_atomic(layout.container_file(record.id), record_text(record));
}

} // namespace actord::runtime
