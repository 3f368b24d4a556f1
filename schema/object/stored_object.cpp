#include "schema/object/stored_object.hpp"

#include "schema/base/always.hpp"
#include "schema/base/json.hpp"
#include "schema/codec/json_text.hpp"
#include "schema/crypt/key_ring.hpp"
#include "schema/custom/definition.hpp"
#include "schema/object/append_stored.hpp"
#include "schema/object/frame.hpp"
#include "schema/object/selectable_fields.hpp"
#include "schema/object/version_views.hpp"
#include "schema/storage.capnp.h"
#include "schema/tables/custom_rows.hpp"
#include "schema/tables/resource_table.hpp"

#include <array>
#include <capnp/serialize.h>
#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <kj/exception.h>
#include <list>
#include <optional>

namespace actord::schema {
namespace {

wall_time time_of(std::int64_t nanoseconds) { return wall_time(std::chrono::nanoseconds(nanoseconds)); }

} // namespace

/// The envelope's reader, and a copy of the envelope when it does not lie on a word boundary (values in an
/// LMDB page often do not): Cap'n Proto reads aligned words only. Texts are handed out as views of the
/// original all the same, so they live as long as the bytes.
struct object_view::state {
  explicit state(std::string_view envelope)
      : words(words_of(envelope)), original(envelope.data()),
        reader(words, capnp::ReaderOptions{.traversalLimitInWords = ~std::uint64_t{0}, .nestingLimit = 8}),
        root(reader.getRoot<wire::StoredObject>()) {}

  [[nodiscard]] std::string_view view(capnp::Text::Reader text) const {
    if (text.size() == 0) return {};
    return {original + (text.cStr() - reinterpret_cast<const char*>(words.begin())), text.size()};
  }

  kj::ArrayPtr<const capnp::word> words_of(std::string_view envelope) {
    const std::size_t count = envelope.size() / sizeof(capnp::word);
    if (reinterpret_cast<std::uintptr_t>(envelope.data()) % sizeof(capnp::word) == 0)
      return {reinterpret_cast<const capnp::word*>(envelope.data()), count};
    capnp::word* to = near.data();
    if (count > near.size()) {
      far = std::make_unique<capnp::word[]>(count);
      to = far.get();
    }
    std::memcpy(static_cast<void*>(to), envelope.data(), count * sizeof(capnp::word));
    return {to, count};
  }

  std::array<capnp::word, 96> near; // uninitialised on purpose: cheap to construct
  std::unique_ptr<capnp::word[]> far;
  kj::ArrayPtr<const capnp::word> words;
  const char* original;
  std::list<std::string> late_values; ///< that the envelope does not have; a list, which is empty for free
  capnp::FlatArrayMessageReader reader;
  wire::StoredObject::Reader root;
  std::optional<std::string> plain; ///< the text, when it is encrypted in the bytes
};

object_view::object_view(std::string_view bytes) : bytes_(bytes) {}
object_view::object_view(object_view&&) noexcept = default;
object_view& object_view::operator=(object_view&&) noexcept = default;
object_view::~object_view() = default;

result<object_view> object_view::open_envelope(std::string_view bytes) {
  const auto envelope = frame::envelope_of(bytes);
  if (!envelope) return error{error_kind::internal, "stored bytes are not an object: bad frame"};
  object_view opened(bytes);
  try {
    opened.state_ = std::make_unique<state>(*envelope);
  } catch (const kj::Exception& failure) {
    return error{error_kind::internal,
                 std::string("stored bytes are not an object: ") + failure.getDescription().cStr()};
  }
  return opened;
}

result<object_view> object_view::open(std::string_view bytes) {
  auto opened = open_envelope(bytes);
  if (!opened || opened->key_id() == 0) return opened;
  auto plain = current_key_ring()->open(text_key_id(opened->key_id()), frame::text_of(bytes),
                                        *frame::envelope_of(bytes));
  if (!plain)
    return error{error_kind::internal,
                 fmt::format("{}{}{} {}", opened->space(), opened->space().empty() ? "" : "/", opened->name(),
                             plain.error().message)};
  opened->state_->plain = std::move(*plain);
  return opened;
}

std::string_view object_view::text() const {
  if (state_->root.getKeyId() == 0) return frame::text_of(bytes_);
  ALWAYS_WITH(state_->plain.has_value(), "the text of an envelope was asked for");
  return *state_->plain;
}
revision object_view::at() const { return revision(state_->root.getRevision()); }
resource_id object_view::resource() const { return resource_id(state_->root.getResource()); }
std::string_view object_view::space() const { return state_->view(state_->root.getNamespace()); }
std::string_view object_view::name() const { return state_->view(state_->root.getName()); }
std::string_view object_view::uid() const { return state_->view(state_->root.getUid()); }
object_key object_view::key() const { return {resource(), std::string(space()), std::string(name())}; }

std::string_view object_view::label(std::string_view key, bool& found) const {
  for (const auto pair : state_->root.getLabels()) {
    if (state_->view(pair.getKey()) != key) continue;
    found = true;
    return state_->view(pair.getValue());
  }
  found = false;
  return {};
}

std::vector<std::pair<std::string_view, std::string_view>> object_view::labels() const {
  std::vector<std::pair<std::string_view, std::string_view>> all;
  const auto stored = state_->root.getLabels();
  all.reserve(stored.size());
  for (const auto pair : stored) all.emplace_back(state_->view(pair.getKey()), state_->view(pair.getValue()));
  return all;
}

std::string_view object_view::selectable(std::string_view path) const {
  if (path == "metadata.name") return name();
  if (path == "metadata.namespace") return space();
  if (resource().value >= first_stored_number) return custom_selectable(path);
  const auto fields = selectable_fields(resource());
  const auto values = state_->root.getSelectable();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].path != path) continue;
    // A value written before the field was known here: what objects without the field have.
    return i < values.size() ? state_->view(values[static_cast<unsigned>(i)]) : fields[i].fallback;
  }
  return {};
}

std::string_view object_view::custom_selectable(std::string_view path) const {
  const auto values = state_->root.getSelectable();
  for (unsigned i = 0; i + 1 < values.size(); i += 2)
    if (state_->view(values[i]) == path) return state_->view(values[i + 1]);
  // Written before the field was one to select by.
  const auto type = resource_of(resource());
  if (type == nullptr || type->custom == nullptr) return {};
  const custom::definition& definition = *type->custom->definition;
  const auto& fields = definition.selectables();
  const auto field = std::ranges::find(fields, path, &custom_kind::selectable::name);
  if (field == fields.end()) return {};
  const resource_type* written =
      definition.conversion() == nullptr ? nullptr : definition.row(state_->view(state_->root.getVersion()));
  return state_->late_values.emplace_back(
      selectable_value(to_json(written == nullptr ? *type : *written), *field));
}

std::vector<owner_reference> object_view::owners() const {
  std::vector<owner_reference> all;
  for (const auto owner : state_->root.getOwners()) {
    all.push_back({std::string(state_->view(owner.getUid())), resource_id(owner.getResource()),
                   std::string(state_->view(owner.getName())), owner.getController(),
                   owner.getBlocksDeletion()});
  }
  return all;
}

std::string_view object_view::controller_uid() const {
  for (const auto owner : state_->root.getOwners())
    if (owner.getController()) return state_->view(owner.getUid());
  return {};
}

std::uint16_t object_view::finalizer_count() const { return state_->root.getFinalizerCount(); }
bool object_view::being_deleted() const { return state_->root.getDeletionTime() != 0; }
wall_time object_view::deletion_time() const { return time_of(state_->root.getDeletionTime()); }
wall_time object_view::creation_time() const { return time_of(state_->root.getCreationTime()); }
wall_time object_view::deadline() const { return time_of(state_->root.getDeadline()); }
std::int64_t object_view::generation() const { return state_->root.getGeneration(); }
std::string_view object_view::pod_phase() const {
  return state_->view(state_->root.getFacts().getPodPhase());
}
bool object_view::pod_ready() const { return state_->root.getFacts().getPodReady(); }
std::string_view object_view::pod_address() const {
  return state_->view(state_->root.getFacts().getPodAddress());
}
std::string_view object_view::node_name() const {
  return state_->view(state_->root.getFacts().getNodeName());
}
std::uint64_t object_view::schema_hash() const { return state_->root.getSchemaHash(); }

std::uint32_t object_view::key_id() const { return state_->root.getKeyId(); }

write_cause object_view::cause() const {
  const auto stored = state_->root.getCause();
  return {std::string(state_->view(stored.getActor())), std::string(state_->view(stored.getVerb())),
          std::string(state_->view(stored.getRequestId())), revision(stored.getRevision()),
          std::string(state_->view(stored.getNote()))};
}

namespace {

/// The text with its resourceVersion spliced in, behind kind and apiVersion unless `kind` is empty.
void splice(std::string& out, std::string_view body, const frame::text_facts& facts,
            std::string_view api_version, std::string_view kind) {
  out.reserve(out.size() + body.size() + api_version.size() + kind.size() + 80);
  std::size_t from = 0;
  if (!kind.empty()) {
    out += "{\"apiVersion\":";
    append_json_string(out, api_version);
    out += ",\"kind\":";
    append_json_string(out, kind);
    if (body.size() > 2) out += ',';
    from = 1;
  }
  const std::size_t place = facts.version_offset;
  if (facts.revision == 0 || place == 0 || place > body.size()) {
    out.append(body, from);
    return;
  }
  const auto comma = static_cast<wire::StoredObject::Comma>(facts.version_comma);
  out.append(body, from, place - from);
  if (comma == wire::StoredObject::Comma::BEFORE) out += ',';
  out += "\"resourceVersion\":\"";
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), facts.revision);
  out.append(digits.data(), end.ptr);
  out += '"';
  if (comma == wire::StoredObject::Comma::AFTER) out += ',';
  out.append(body, place);
}

} // namespace

void object_view::append_json(std::string& out, std::string_view api_version, std::string_view kind) const {
  const auto& root = state_->root;
  splice(out, text(),
         {.revision = root.getRevision(),
          .version_offset = root.getVersionOffset(),
          .version_comma = static_cast<std::uint16_t>(root.getVersionComma())},
         api_version, kind);
}

result<void> append_stored(std::string& out, std::string_view bytes, const resource_type& type,
                           bool with_kind) {
  const auto facts = frame::text_facts_of(bytes);
  if (facts && facts->key_id == 0 && facts->resource == type.stored_as.value &&
      facts->schema_hash == type.schema_hash) {
    splice(out, frame::text_of(bytes), *facts, with_kind ? type.api_version() : std::string(),
           with_kind ? type.kind : std::string_view());
    return {};
  }
  const auto view = object_view::open(bytes);
  if (!view) return view.error();
  view->append_as(out, type, with_kind);
  return {};
}

void object_view::append_as(std::string& out, const resource_type& type, bool with_kind) const {
  if (type.stored_as == resource() && type.schema_hash == schema_hash()) {
    append_json(out, with_kind ? type.api_version() : std::string(),
                with_kind ? type.kind : std::string_view());
    return;
  }
  json object = to_json(type);
  if (!with_kind) {
    object.erase("kind");
    object.erase("apiVersion");
  }
  append_json_text(out, object);
}

json object_view::to_json(const resource_type& type) const {
  auto parsed = parse_json(text());
  ALWAYS_WITH(parsed.has_value(), text());
  json object = type.custom == nullptr ? from_stored_view(type, std::move(parsed).value())
                : type.schema_hash == schema_hash()
                    ? std::move(parsed).value()
                    : custom::from_stored(*type.custom, state_->view(state_->root.getVersion()),
                                          std::move(parsed).value());
  object["apiVersion"] = type.api_version();
  object["kind"] = type.kind;
  if (state_->root.getRevision() != 0)
    object["metadata"]["resourceVersion"] = std::to_string(state_->root.getRevision());
  return object;
}

} // namespace actord::schema
