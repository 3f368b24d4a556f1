#include "schema/base/always.hpp"
#include "schema/base/json.hpp"
#include "schema/base/quick_name.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/codec/text_writer.hpp"
#include "schema/custom/definition.hpp"
#include "schema/object/converted_object.hpp"
#include "schema/object/frame.hpp"
#include "schema/object/object_deadline.hpp"
#include "schema/object/selectable_fields.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/object/version_views.hpp"
#include "schema/storage.capnp.h"
#include "schema/tables/resource_table.hpp"

#include <array>
#include <capnp/message.h>
#include <capnp/serialize.h>
#include <cstring>

namespace actord::schema {
namespace {

using wire::StoredObject;
using comma = StoredObject::Comma;

struct version_place {
  std::size_t offset = 0;
  comma where = comma::NONE;
};

const json* member(const json& object, std::string_view name) {
  const auto* const members = object.get_ptr<const json::object_t*>();
  if (members == nullptr) return nullptr;
  const auto found = members->find(quick_name(name));
  return found == members->end() || found->second.is_null() ? nullptr : &found->second;
}

std::string_view text_of(const json* value) {
  return value != nullptr && value->is_string() ? std::string_view(value->get_ref<const std::string&>())
                                                : std::string_view();
}

std::string_view text_member(const json& object, std::string_view name) {
  return text_of(member(object, name));
}

bool is_true(const json* value) { return value != nullptr && value->is_boolean() && value->get<bool>(); }

std::int64_t time_member(const json& object, std::string_view name) {
  const auto when = parse_time(text_member(object, name));
  return when ? when->time_since_epoch().count() : 0;
}

/// Setters want text that ends in a zero byte; a view need not, so texts are copied by size.
template <class Init>
void set_text(std::string_view text, Init init) {
  if (text.empty()) return; // a null pointer reads as ""
  auto to = init(static_cast<unsigned>(text.size()));
  std::memcpy(to.begin(), text.data(), text.size());
}

version_place put_metadata(text_writer& out, const json& metadata) {
  const quick_name version("resourceVersion");
  version_place place;
  out.put('{');
  bool first = true;
  for (const auto& [key, value] : metadata.get_ref<const json::object_t&>()) {
    if (version == key) continue;
    if (!first) out.put(',');
    if (place.offset == 0 && version < key) place = {out.size(), comma::AFTER};
    first = false;
    out.put_name(key);
    out.put_value(value);
  }
  if (place.offset == 0) place = {out.size(), first ? comma::NONE : comma::BEFORE};
  out.put('}');
  return place;
}

/// Writes the stored text and says where the resourceVersion belongs.
version_place put_stored_text(text_writer& out, const json& object) {
  version_place place;
  out.put('{');
  bool first = true;
  for (const auto& [key, value] : object.get_ref<const json::object_t&>()) {
    if (key == "kind" || key == "apiVersion") continue;
    if (!first) out.put(',');
    first = false;
    out.put_name(key);
    if (key == "metadata")
      place = put_metadata(out, value);
    else
      out.put_value(value);
  }
  out.put('}');
  return place;
}

void fill_labels(StoredObject::Builder root, const json& metadata) {
  const json* labels = member(metadata, "labels");
  if (labels == nullptr || !labels->is_object() || labels->empty()) return;
  auto list = root.initLabels(static_cast<unsigned>(labels->size()));
  unsigned at = 0;
  for (const auto& [key, value] : labels->get_ref<const json::object_t&>()) {
    auto pair = list[at++];
    set_text(key, [&](unsigned size) { return pair.initKey(size); });
    set_text(text_of(&value), [&](unsigned size) { return pair.initValue(size); });
  }
}

resource_id resource_of_kind(std::string_view api_version, std::string_view kind) {
  const auto slash = api_version.find('/');
  const resource_handle type =
      slash == std::string_view::npos
          ? find_kind("", api_version, kind)
          : find_kind(api_version.substr(0, slash), api_version.substr(slash + 1), kind);
  return type == nullptr ? unknown_resource : type->stored_as;
}

void fill_owners(StoredObject::Builder root, const json& metadata) {
  const json* owners = member(metadata, "ownerReferences");
  if (owners == nullptr || !owners->is_array() || owners->empty()) return;
  auto list = root.initOwners(static_cast<unsigned>(owners->size()));
  unsigned at = 0;
  for (const json& owner : *owners) {
    auto to = list[at++];
    set_text(text_member(owner, "uid"), [&](unsigned size) { return to.initUid(size); });
    set_text(text_member(owner, "name"), [&](unsigned size) { return to.initName(size); });
    to.setResource(resource_of_kind(text_member(owner, "apiVersion"), text_member(owner, "kind")).value);
    to.setController(is_true(member(owner, "controller")));
    to.setBlocksDeletion(is_true(member(owner, "blockOwnerDeletion")));
  }
}

/// Custom objects name their fields: what the definition lists may change while they lie in the store.
void fill_custom_selectable(StoredObject::Builder root, const custom_kind& kind, const json& object) {
  const auto& fields = kind.definition->selectables();
  if (fields.empty()) return;
  auto list = root.initSelectable(static_cast<unsigned>(fields.size() * 2));
  for (unsigned at = 0; at < fields.size(); ++at) {
    const std::string value = selectable_value(object, fields[at]);
    set_text(fields[at].name, [&](unsigned size) { return list.init(at * 2, size); });
    set_text(value, [&](unsigned size) { return list.init(at * 2 + 1, size); });
  }
}

void fill_selectable(StoredObject::Builder root, resource_id resource, const json& object) {
  const auto fields = selectable_fields(resource);
  if (fields.empty()) return;
  auto list = root.initSelectable(static_cast<unsigned>(fields.size()));
  for (unsigned at = 0; at < fields.size(); ++at) {
    const std::string value = selectable_value(object, fields[at]);
    set_text(value, [&](unsigned size) { return list.init(at, size); });
  }
}

bool pod_is_ready(const json& status) {
  const json* conditions = member(status, "conditions");
  if (conditions == nullptr || !conditions->is_array()) return false;
  for (const json& condition : *conditions)
    if (text_member(condition, "type") == "Ready") return text_member(condition, "status") == "True";
  return false;
}

void fill_pod_facts(StoredObject::Builder root, const json& object) {
  auto facts = root.initFacts();
  if (const json* spec = member(object, "spec"); spec != nullptr)
    set_text(text_member(*spec, "nodeName"), [&](unsigned size) { return facts.initNodeName(size); });
  const json* status = member(object, "status");
  if (status == nullptr) return;
  set_text(text_member(*status, "phase"), [&](unsigned size) { return facts.initPodPhase(size); });
  set_text(text_member(*status, "podIP"), [&](unsigned size) { return facts.initPodAddress(size); });
  facts.setPodReady(pod_is_ready(*status));
}

void fill_cause(StoredObject::Builder root, const write_cause& cause) {
  auto to = root.initCause();
  set_text(cause.actor, [&](unsigned size) { return to.initActor(size); });
  set_text(cause.verb, [&](unsigned size) { return to.initVerb(size); });
  set_text(cause.request_id, [&](unsigned size) { return to.initRequestId(size); });
  to.setRevision(cause.reacted_to.value);
  set_text(cause.note, [&](unsigned size) { return to.initNote(size); });
}

void fill_envelope(StoredObject::Builder root, const resource_type& type, const json& object,
                   const write_cause& cause, version_place place) {
  const json& metadata = object.at("metadata");
  root.setResource(type.stored_as.value);
  set_text(text_member(metadata, "namespace"), [&](unsigned size) { return root.initNamespace(size); });
  set_text(text_member(metadata, "name"), [&](unsigned size) { return root.initName(size); });
  set_text(text_member(metadata, "uid"), [&](unsigned size) { return root.initUid(size); });
  fill_labels(root, metadata);
  fill_owners(root, metadata);
  if (type.custom != nullptr) {
    fill_custom_selectable(root, *type.custom, object);
    set_text(type.version, [&](unsigned size) { return root.initVersion(size); });
  } else {
    fill_selectable(root, type.id, object);
  }
  if (const json* finalizers = member(metadata, "finalizers");
      finalizers != nullptr && finalizers->is_array())
    root.setFinalizerCount(static_cast<std::uint16_t>(finalizers->size()));
  root.setDeletionTime(time_member(metadata, "deletionTimestamp"));
  root.setDeadline(object_deadline(type, object).time_since_epoch().count());
  root.setCreationTime(time_member(metadata, "creationTimestamp"));
  if (const json* generation = member(metadata, "generation");
      generation != nullptr && generation->is_number_integer())
    root.setGeneration(generation->get<std::int64_t>());
  static const resource_id pods = builtin("", "pods").id;
  if (type.id == pods) fill_pod_facts(root, object);
  root.setSchemaHash(type.schema_hash);
  root.setVersionOffset(static_cast<std::uint32_t>(place.offset));
  root.setVersionComma(place.where);
  fill_cause(root, cause);
}

} // namespace

std::string encode_object(const resource_type& type, const json& object, const write_cause& cause) {
  if (type.custom != nullptr) {
    const resource_type& stored = type.custom->definition->stored_row();
    if (&stored != &type) return encode_in_version(stored, custom::to_stored(*type.custom, object), cause);
  } else if (type.stored_as != type.id) {
    return encode_object(*resource_of(type.stored_as), to_stored_view(type, object), cause);
  }
  return encode_in_version(type, object, cause);
}

std::string encode_in_version(const resource_type& type, const json& object, const write_cause& cause) {
  ALWAYS(object.is_object() && object.contains("metadata") && object.at("metadata").is_object());
  // Text first, into its own buffer: the envelope records a place in it, and precedes it.
  thread_local text_writer written;
  written.clear();
  const version_place place = put_stored_text(written, object);
  const std::string_view text = written.text();

  constexpr std::size_t usual_words = 512;
  thread_local std::array<capnp::word, usual_words> scratch{};
  std::size_t words = usual_words;
  std::string bytes;
  while (bytes.empty()) {
    kj::Array<capnp::word> large;
    kj::ArrayPtr<capnp::word> space(scratch.data(), scratch.size());
    if (words > usual_words) {
      large = kj::heapArray<capnp::word>(words);
      std::memset(large.begin(), 0, large.size() * sizeof(capnp::word));
      space = large;
    }
    capnp::MallocMessageBuilder message(space, capnp::AllocationStrategy::FIXED_SIZE);
    fill_envelope(message.initRoot<StoredObject>(), type, object, cause, place);
    const auto segments = message.getSegmentsForOutput();
    if (segments.size() > 1) {
      words *= 4;
      continue;
    }
    const auto body = segments[0].asBytes();
    const auto envelope = static_cast<std::uint32_t>(body.size() + 8);
    const std::uint32_t head[4] = {envelope, frame::mark, 0, static_cast<std::uint32_t>(segments[0].size())};
    bytes.reserve(sizeof(head) + body.size() + text.size());
    bytes.append(reinterpret_cast<const char*>(head), sizeof(head));
    bytes.append(reinterpret_cast<const char*>(body.begin()), body.size());
    bytes.append(text);
  }
  written.clear(); // lets a large buffer go
  return bytes;
}

void stamp_revision(std::string& bytes, revision at) {
  ALWAYS(frame::envelope_of(bytes).has_value());
  // The root pointer's offset is zero: the struct follows at once.
  ALWAYS((frame::read_u32(bytes, frame::revision_at - 8) >> 2U) == 0);
  std::memcpy(bytes.data() + frame::revision_at, &at.value, sizeof(at.value));
}

} // namespace actord::schema
