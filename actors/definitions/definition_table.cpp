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
    seen.insert(name);
    const auto known = entries_.find(name);
    const entry* before = known == entries_.end() ? nullptr : &known->second;
    if (before != nullptr && before->at == object->at() && before->compiled->number() == number->second)
      return true;
    auto compiled = compile(*object, number->second, before);
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
  return schema::custom::definition::compile(tree, {number, ids_for(tree, before)});
}

/// Versions keep their ids by name; what is new gets a new one, what went gives its id back.
std::vector<resource_id> definition_table::ids_for(const json& object, const entry* before) {
  const std::string name = object["metadata"]["name"];
  std::map<std::string, resource_id> had;
  if (before != nullptr)
    for (const auto& [version, id] : before->compiled->version_ids()) {
      had.emplace(version, id);
      used_ids_.erase(id);
    }
  std::vector<resource_id> ids;
  for (const json& version : object["spec"]["versions"]) {
    const auto known = had.find(version.value("name", ""));
    ids.push_back(known != had.end() ? known->second : take_id());
    used_ids_.emplace(ids.back(), name);
  }
  return ids;
}

resource_id definition_table::take_id() {
  constexpr std::uint32_t count = schema::last_row_id - schema::first_row_id + 1U;
  for (std::uint32_t tried = 0; tried < count; ++tried) {
    const resource_id id(static_cast<std::uint16_t>(schema::first_row_id + next_id_));
    next_id_ = static_cast<std::uint16_t>((next_id_ + 1U) % count);
    if (!used_ids_.contains(id)) return id;
  }
  ALWAYS_WITH(false, "more versions of custom kinds than ids");
  return {};
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
