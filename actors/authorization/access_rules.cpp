#include "actors/authorization/access_rules.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <functional>

namespace actord::actors {
namespace {

std::size_t hash_of(std::string_view space, std::string_view name, bool group) {
  const std::hash<std::string_view> hash;
  return hash(name) ^ (hash(space) * 0x9e3779b97f4a7c15ULL) ^ (group ? 0x517cc1b727220a95ULL : 0);
}

/// The low bits choose the place in a shard's table.
std::size_t shard_number(std::size_t hash, std::size_t count) { return (hash >> 32U) % count; }

std::string describe_subject(const schema::binding_subject& subject, std::string_view binding_space) {
  if (subject.kind != "ServiceAccount") return fmt::format("{} {}", subject.kind, quote(subject.name));
  return fmt::format("ServiceAccount \"{}/{}\"", subject.name,
                     subject.space.empty() ? binding_space : std::string_view(subject.space));
}

std::string describe_grant(const access_grant& grant) {
  const binding_facts& by = *grant.by;
  const std::string name = by.name.space.empty() ? by.name.name : by.name.name + "/" + by.name.space;
  return fmt::format("{} \"{}\" of {} \"{}\" to {}",
                     by.name.space.empty() ? "ClusterRoleBinding" : "RoleBinding", name, by.role.kind,
                     by.role.name, describe_subject(by.subjects[grant.subject], by.name.space));
}

std::string describe_missing_role(const access_grant& grant) {
  return fmt::format("{}.rbac.authorization.k8s.io \"{}\" not found",
                     grant.by->role.kind == "Role" ? "role" : "clusterrole", grant.by->role.name);
}

void add_once(std::vector<std::string>& list, std::string text) {
  if (std::ranges::find(list, text) == list.end()) list.push_back(std::move(text));
}

/// How Go prints several errors as one.
std::string aggregate(const std::vector<std::string>& errors) {
  if (errors.size() == 1) return errors.front();
  std::string out;
  for (const std::string& error : errors) out += (out.empty() ? "" : ", ") + error;
  return "[" + out + "]";
}

rbac_name role_name(const rbac_name& binding, const schema::role_reference& role) {
  return {role.kind == "Role" ? binding.space : std::string(), role.name};
}

} // namespace

std::string service_account_user(std::string_view space, std::string_view name) {
  return fmt::format("system:serviceaccount:{}:{}", space, name);
}

std::size_t access_rules::holder_hash::operator()(const holder& key) const {
  return hash_of(key.space, key.name, key.group);
}

access_rules::access_rules() {
  const auto nothing = std::make_shared<const grant_map>();
  shards_.fill(nothing);
}

const access_rules::grant_list* access_rules::grants_of(std::string_view space, std::string_view name,
                                                        bool group) const {
  const std::size_t hash = hash_of(space, name, group);
  const grant_map& shard = *shards_[shard_number(hash, shard_count)];
  const auto found = shard.find(holder_view{space, name, group, hash});
  return found == shard.end() ? nullptr : &found->second;
}

const compiled_role* access_rules::role_at(std::uint32_t slot) const {
  return (*pages_[slot / roles_per_page])[slot % roles_per_page].get();
}

template <class Visit>
bool access_rules::any_grant(const access_subject& who, std::string_view space, Visit visit) const {
  const auto any_in = [&](std::string_view where) {
    const auto any_of = [&](std::string_view name, bool group) {
      const grant_list* grants = grants_of(where, name, group);
      return grants != nullptr && std::ranges::any_of(*grants, visit);
    };
    return any_of(who.user, false) ||
           std::ranges::any_of(who.groups, [&](const std::string& group) { return any_of(group, true); });
  };
  return any_in({}) || (!space.empty() && any_in(space));
}

bool access_rules::allows(const access_subject& who, const access_question& question) const {
  const hashed_question hashed(question);
  return any_grant(who, question.space, [&](const access_grant& grant) {
    const compiled_role* role = role_at(grant.role_slot);
    return role != nullptr && role->allows(hashed);
  });
}

access_verdict access_rules::judge(const access_subject& who, const access_question& question) const {
  const hashed_question hashed(question);
  access_verdict verdict;
  std::vector<std::string> unresolved;
  verdict.allowed = any_grant(who, question.space, [&](const access_grant& grant) {
    const compiled_role* role = role_at(grant.role_slot);
    if (role == nullptr) {
      add_once(unresolved, describe_missing_role(grant));
      return false;
    }
    if (!role->allows(hashed)) return false;
    verdict.reason = "RBAC: allowed by " + describe_grant(grant);
    return true;
  });
  if (!verdict.allowed && !unresolved.empty()) verdict.reason = "RBAC: " + aggregate(unresolved);
  return verdict;
}

held_rules access_rules::rules_of(const access_subject& who, std::string_view space) const {
  held_rules held;
  std::vector<const compiled_role*> seen;
  any_grant(who, space, [&](const access_grant& grant) {
    const compiled_role* role = role_at(grant.role_slot);
    if (role == nullptr) {
      add_once(held.unresolved, describe_missing_role(grant));
    } else if (std::ranges::find(seen, role) == seen.end()) {
      seen.push_back(role);
      held.rules.insert(held.rules.end(), role->rules().begin(), role->rules().end());
    }
    return false;
  });
  return held;
}

access_rules_editor::access_rules_editor() = default;

std::optional<access_rules::holder> access_rules_editor::holder_of(const schema::binding_subject& subject,
                                                                   const std::string& binding_space) {
  if (subject.kind == "User") return access_rules::holder{binding_space, subject.name, false};
  if (subject.kind == "Group") return access_rules::holder{binding_space, subject.name, true};
  const std::string& space = subject.space.empty() ? binding_space : subject.space;
  if (subject.kind != "ServiceAccount" || space.empty()) return {};
  return access_rules::holder{binding_space, service_account_user(space, subject.name), false};
}

access_rules::grant_map& access_rules_editor::shard_of(const access_rules::holder& key) {
  const std::size_t number = shard_number(access_rules::holder_hash{}(key), access_rules::shard_count);
  std::shared_ptr<access_rules::grant_map>& own = own_shards_[number];
  if (!own) {
    own = std::make_shared<access_rules::grant_map>(*rules_.shards_[number]);
    rules_.shards_[number] = own;
  }
  return *own;
}

void access_rules_editor::place(std::uint32_t number, std::shared_ptr<const compiled_role> role) {
  const std::size_t page = number / access_rules::roles_per_page;
  if (page >= rules_.pages_.size()) {
    rules_.pages_.resize(page + 1);
    own_pages_.resize(page + 1);
  }
  std::shared_ptr<access_rules::role_page>& own = own_pages_[page];
  if (!own) {
    own = rules_.pages_[page] ? std::make_shared<access_rules::role_page>(*rules_.pages_[page])
                              : std::make_shared<access_rules::role_page>();
    rules_.pages_[page] = own;
  }
  (*own)[number % access_rules::roles_per_page] = std::move(role);
}

access_rules_editor::role_slot& access_rules_editor::slot_of(const rbac_name& role) {
  const auto [there, fresh] = slots_.try_emplace(role);
  if (!fresh) return there->second;
  if (free_slots_.empty()) {
    there->second.number = slot_count_++;
  } else {
    there->second.number = free_slots_.back();
    free_slots_.pop_back();
  }
  place(there->second.number, nullptr);
  return there->second;
}

void access_rules_editor::drop_if_unused(const rbac_name& role) {
  const auto there = slots_.find(role);
  if (there == slots_.end() || there->second.exists || there->second.bindings > 0) return;
  free_slots_.push_back(there->second.number);
  slots_.erase(there);
}

void access_rules_editor::set_role(const rbac_name& name, std::vector<policy_rule> rules) {
  role_slot& slot = slot_of(name);
  slot.exists = true;
  place(slot.number, std::make_shared<const compiled_role>(std::move(rules)));
}

void access_rules_editor::remove_role(const rbac_name& name) {
  const auto there = slots_.find(name);
  if (there == slots_.end() || !there->second.exists) return;
  there->second.exists = false;
  place(there->second.number, nullptr);
  drop_if_unused(name);
}

void access_rules_editor::set_binding(const rbac_name& name, schema::role_reference role,
                                      std::vector<schema::binding_subject> subjects) {
  remove_binding(name);
  const rbac_name target = role_name(name, role);
  role_slot& slot = slot_of(target);
  ++slot.bindings;
  const auto facts =
      std::make_shared<const binding_facts>(binding_facts{name, std::move(role), std::move(subjects)});
  for (std::uint32_t i = 0; i < facts->subjects.size(); ++i) {
    const auto key = holder_of(facts->subjects[i], name.space);
    if (key) shard_of(*key)[*key].push_back({slot.number, i, facts});
  }
  bindings_.emplace(name, binding_record{target, facts});
}

void access_rules_editor::remove_binding(const rbac_name& name) {
  const auto there = bindings_.find(name);
  if (there == bindings_.end()) return;
  const binding_record record = std::move(there->second);
  bindings_.erase(there);
  for (const schema::binding_subject& subject : record.facts->subjects) {
    const auto key = holder_of(subject, name.space);
    if (!key) continue;
    access_rules::grant_map& shard = shard_of(*key);
    const auto grants = shard.find(*key);
    if (grants == shard.end()) continue; // a subject named twice
    std::erase_if(grants->second, [&](const access_grant& grant) { return grant.by == record.facts; });
    if (grants->second.empty()) shard.erase(grants);
  }
  --slots_.at(record.role).bindings;
  drop_if_unused(record.role);
}

std::shared_ptr<const access_rules> access_rules_editor::publish() {
  auto out = std::make_shared<const access_rules>(rules_);
  // From here on these parts are the reader's too: the next change copies them first.
  own_shards_.fill(nullptr);
  std::ranges::fill(own_pages_, nullptr);
  return out;
}

} // namespace actord::actors
