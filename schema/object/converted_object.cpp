#include "schema/object/converted_object.hpp"

#include "schema/base/json.hpp"
#include "schema/custom/definition.hpp"
#include "schema/object/frame.hpp"
#include "schema/storage.capnp.h"

#include <capnp/serialize.h>
#include <cstring>
#include <fmt/format.h>
#include <vector>

namespace actord::schema {

bool converts(const resource_type& type) {
  return type.custom != nullptr && type.custom->definition->conversion() != nullptr;
}

std::string written_version(std::string_view bytes) {
  const auto envelope = frame::envelope_of(bytes);
  if (!envelope) return {};
  // Words have to be aligned, and values in the store often are not.
  std::vector<capnp::word> words(envelope->size() / sizeof(capnp::word));
  std::memcpy(static_cast<void*>(words.data()), envelope->data(), words.size() * sizeof(capnp::word));
  try {
    capnp::FlatArrayMessageReader reader(kj::arrayPtr(words.data(), words.size()));
    const auto version = reader.getRoot<wire::StoredObject>().getVersion();
    return {version.begin(), version.size()};
  } catch (const kj::Exception&) {
    return {};
  }
}

bool needs_conversion(std::string_view bytes, const resource_type& type) {
  return converts(type) && !bytes.empty() && written_version(bytes) != type.version;
}

result<resource_handle> written_row(const object_view& object, const resource_handle& type) {
  const std::string version = written_version(object.bytes());
  const resource_type* row = type->custom->definition->row(version);
  if (row == nullptr)
    return error{.kind = error_kind::internal,
                 .message = fmt::format("request to convert CR from an invalid group/version: {}/{}",
                                        type->group, version),
                 .causes = {},
                 .subject = {}};
  return resource_handle(type, row);
}

json as_written(const object_view& object, const resource_type& written) {
  json tree = object.to_json(written);
  tree["metadata"].erase("resourceVersion");
  return tree;
}

std::string transcoded(const object_view& object, const resource_type& type, const json& converted) {
  std::string bytes = encode_in_version(type, converted, object.cause());
  stamp_revision(bytes, object.at());
  return bytes;
}

} // namespace actord::schema
