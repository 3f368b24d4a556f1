#include "actors/admission/policies/policy_board.hpp"

#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"

#include <spdlog/spdlog.h>
#include <vector>

namespace actord::actors {
namespace {

constexpr std::string_view group = "admissionregistration.k8s.io";

std::vector<json> values_of(const std::map<std::string, json>& objects) {
  std::vector<json> out;
  out.reserve(objects.size());
  for (const auto& [name, object] : objects) out.push_back(object);
  return out;
}

} // namespace

policy_board::policy_board(storage::store& store, std::string_view policies, std::string_view bindings)
    : kinds_mirror(store,
                   {schema::builtin(group, policies).stored_as, schema::builtin(group, bindings).stored_as},
                   "admission policies"),
      plurals_{policies, bindings} {}

std::shared_ptr<const policy_set> policy_board::current() const {
  catch_up();
  return set_.load();
}

void policy_board::forget_all() const { objects_ = {}; }

void policy_board::take_in(std::size_t which, const object_key& key, std::string_view bytes) const {
  const auto view = schema::object_view::open(bytes);
  if (!view) return spdlog::error("a damaged admission policy is left out: {}", view.error().message);
  objects_[which][key.name] = view->to_json(schema::builtin(group, plurals_[which]));
}

void policy_board::forget(std::size_t which, const object_key& key) const { objects_[which].erase(key.name); }

void policy_board::publish() const {
  const auto& [policies, bindings] = objects_;
  auto next = bindings.empty() ? nullptr : compile_policies(values_of(policies), values_of(bindings));
  set_.store(next == nullptr || next->empty() ? nullptr : std::move(next));
}

} // namespace actord::actors
