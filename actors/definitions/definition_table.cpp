#include "actors/definitions/definition_table.hpp"

#include "actors/definitions/resource_numbers.hpp"
#include "schema/base/always.hpp"
#include "schema/base/json.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/custom_rows.hpp"

#include <atomic>
#include <set>
#include <spdlog/spdlog.h>

namespace actord::actors {
namespace {

const schema::resource_type& definitions() {
  static const schema::resource_type& type =
      schema::builtin("apiextensions.k8s.io", "customresourcedefinitions");
  return type;
}

/// Generations grow over the whole life of the process, whoever publishes.
std::uint64_t next_generation() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

} // namespace

definition_table::~definition_table() {
  schema::custom_rows::publish(std::make_shared<const schema::custom_rows>(
      next_generation(), std::vector<schema::resource_handle>(), std::vector<schema::resource_handle>()));
}

void definition_table::follow(const storage::snapshot& now) {
  const number_book numbers = read_number_book(now.get(number_book_key()));
  std::set<std::string, std::less<>> seen;
  bool changed = generation_ == 0;
  now.scan(definitions().stored_as, {}, [&](std::string_view bytes) {
    const auto object = schema::object_view::open(bytes);
    if (!object) return true;
    const std::string name(object->name());
    const auto number = numbers.find(name);
    if (number == numbers.end()) return true; // from before there were numbers: the next write gives it one
    const auto known = entries_.find(name);
    const entry* before = known == entries_.end() ? nullptr : &known->second;
    if (before != nullptr && before->at == object->at() && before->compiled->number() == number->second) {
      seen.insert(name);
      return true;
    }
    auto compiled = compile(*object, number->second, before);
    if (compiled == nullptr) {
      spdlog::error("{} is not served: there are too many versions of custom kinds", name);
      return true;
    }
    seen.insert(name);
    changed = changed || before == nullptr || before->compiled != compiled;
    entries_[name] = {object->at(), std::move(compiled)};
    return true;
  });
  for (auto gone = entries_.begin(); gone != entries_.end();) {
    if (seen.contains(gone->first)) {
      ++gone;
      continue;
    }
    for (const auto& [version, id] : gone->second.compiled->version_ids()) used_ids_.erase(id);
    gone = entries_.erase(gone);
    changed = true;
  }
  if (changed) publish();
}

std::shared_ptr<const schema::custom::definition>
definition_table::compile(const schema::object_view& object, resource_id number, const entry* before) {
  const json tree = object.to_json(definitions());
  if (before != nullptr && before->compiled->number() == number &&
      before->compiled->fingerprint() == schema::custom::definition::fingerprint_of(tree))
    return before->compiled;
  auto ids = ids_for(tree, before);
  if (!ids) return nullptr;
  return schema::custom::definition::compile(tree, {number, std::move(*ids)});
}

/// Versions keep their ids by name; what is new gets a new one, what went gives its id back.
std::optional<std::vector<resource_id>> definition_table::ids_for(const json& object, const entry* before) {
  const std::string name = object["metadata"]["name"];
  std::map<std::string, resource_id> had;
  if (before != nullptr)
    for (const auto& [version, id] : before->compiled->version_ids()) had.emplace(version, id);
  std::vector<resource_id> ids;
  std::vector<resource_id> taken;
  for (const json& version : object["spec"]["versions"]) {
    const auto known = had.extract(version.value("name", ""));
    const auto id = known.empty() ? take_id() : std::optional(known.mapped());
    if (!id) {
      for (const resource_id each : taken) used_ids_.erase(each);
      return std::nullopt;
    }
    ids.push_back(*id);
    if (known.empty()) taken.push_back(*id);
    used_ids_.emplace(*id, name);
  }
  for (const auto& [version, id] : had) used_ids_.erase(id);
  return ids;
}

std::optional<resource_id> definition_table::take_id() {
  constexpr std::uint32_t count = schema::last_row_id - schema::first_row_id + 1U;
  for (std::uint32_t tried = 0; tried < count; ++tried) {
    const resource_id id(static_cast<std::uint16_t>(schema::first_row_id + next_id_));
    next_id_ = static_cast<std::uint16_t>((next_id_ + 1U) % count);
    if (!used_ids_.contains(id)) return id;
  }
  return std::nullopt;
}

void definition_table::publish() {
  std::vector<schema::resource_handle> served;
  std::vector<schema::resource_handle> stored;
  for (const auto& [name, one] : entries_) {
    for (const schema::resource_type* row : one.compiled->served())
      served.push_back(schema::custom::handle_of(one.compiled, *row));
    stored.push_back(schema::custom::handle_of(one.compiled, one.compiled->stored_row()));
  }
  generation_ = next_generation();
  schema::custom_rows::publish(
      std::make_shared<const schema::custom_rows>(generation_, std::move(served), std::move(stored)));
}

} // namespace actord::actors
