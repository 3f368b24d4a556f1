#include "actors/controllers/apps/revision_history.hpp"

#include "actors/controllers/apps/name_hash.hpp"
#include "actors/controllers/ownership.hpp"
#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>

namespace actord::actors {

namespace {

constexpr std::size_t longest_name = 253;
constexpr const char* replace_directive = "$patch";

object_key key_of(const seen_revision& revision) {
  return {schema::builtin("apps", "controllerrevisions").id, revision.view.meta.space,
          revision.view.meta.name};
}

schema::owner_view owner_reference(const revision_owner& owner) {
  return controller_reference("apps/v1", owner.kind, owner.meta);
}

json data_of(const schema::pod_template_view& pod_template) {
  json kept = json::parse(pod_template.text, nullptr, false);
  if (!kept.is_object()) kept = json::object();
  kept[replace_directive] = "replace";
  return {{"spec", {{"template", std::move(kept)}}}};
}

} // namespace

const seen_revision* revision_history::find(std::string_view name) const {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto* one) { return one->view.meta.name == name; });
  return found == all.end() ? nullptr : *found;
}

revision_history claim_revisions(const revision_owner& owner, const std::vector<seen_revision>& candidates,
                                 plan& out) {
  revision_history history;
  for (const seen_revision& revision : candidates) {
    const schema::owner_view* const controller = revision.view.meta.controller();
    if (controller != nullptr && controller->uid == owner.meta.uid)
      history.all.push_back(&revision);
    else if (claim_of(revision.view.meta, owner.meta.uid, !owner.meta.being_deleted(), owner.selector) ==
             claim::adopt)
      out.patch.push_back(adopt(key_of(revision), revision.view.meta, revision.at, owner_reference(owner)));
  }
  std::sort(history.all.begin(), history.all.end(), [](const auto* left, const auto* right) {
    return std::tie(left->view.revision, left->view.meta.created, left->view.meta.name) <
           std::tie(right->view.revision, right->view.meta.created, right->view.meta.name);
  });
  for (const seen_revision* const revision : history.all)
    if (holds(revision->view, owner.pod_template)) history.equal.push_back(revision);
  return history;
}

void write_revision(const revision_owner& owner, const revision_history& history, plan& out) {
  const std::int64_t number = history.all.empty() ? 1 : history.all.back()->view.revision + 1;
  if (const seen_revision* const before = history.newest()) {
    out.patch.push_back({key_of(*before),
                         "",
                         before->view.meta.uid,
                         before->at,
                         {{"revision", number}},
                         "the template of revision " + std::to_string(before->view.revision) + " is back"});
    return;
  }
  json labels = owner.pod_template.labels;
  labels[std::string(owner.hash_label)] = revision_hash(owner);
  const std::string name = revision_name(owner);
  out.create.push_back({{schema::builtin("apps", "controllerrevisions").id, owner.meta.space, name},
                        {{"apiVersion", "apps/v1"},
                         {"kind", "ControllerRevision"},
                         {"metadata",
                          {{"name", name},
                           {"namespace", owner.meta.space},
                           {"labels", std::move(labels)},
                           {"annotations", owner.meta.annotations},
                           {"ownerReferences", json::array({to_json(owner_reference(owner))})}}},
                         {"data", data_of(owner.pod_template)},
                         {"revision", number}},
                        "revision " + std::to_string(number)});
}

void trim_revisions(const revision_history& history, const std::set<std::string_view>& used,
                    std::int64_t limit, plan& out) {
  std::vector<const seen_revision*> idle;
  for (const seen_revision* const revision : history.all)
    if (!used.contains(revision->view.meta.name)) idle.push_back(revision);
  if (limit < 0 || static_cast<std::int64_t>(idle.size()) <= limit) return;
  idle.resize(idle.size() - static_cast<std::size_t>(limit));
  for (const seen_revision* const revision : idle)
    if (!revision->view.meta.being_deleted())
      out.remove.push_back({key_of(*revision), revision->view.meta.uid, revision->at, propagation::background,
                            "beyond the history limit"});
}

std::string revision_hash(const revision_owner& owner) {
  return name_hash(owner.pod_template.text, owner.collisions);
}

std::string revision_name(const revision_owner& owner) {
  const std::string suffix = '-' + revision_hash(owner);
  return owner.meta.name.substr(0, longest_name - suffix.size()) + suffix;
}

bool holds(const schema::revision_view& revision, const schema::pod_template_view& pod_template) {
  return json::parse(revision.data_text, nullptr, false) == data_of(pod_template);
}

json template_in(const schema::revision_view& revision) {
  const json data = json::parse(revision.data_text, nullptr, false);
  json out = json::object();
  if (!data.is_object()) return out;
  const auto spec = data.find("spec");
  if (spec == data.end() || !spec->is_object()) return out;
  const auto found = spec->find("template");
  if (found == spec->end() || !found->is_object()) return out;
  out = *found;
  out.erase(replace_directive);
  return out;
}

} // namespace actord::actors
