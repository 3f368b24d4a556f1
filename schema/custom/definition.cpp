#include "schema/custom/definition.hpp"

#include "schema/base/always.hpp"
#include "schema/base/json_member.hpp"
#include "schema/codec/json_text.hpp"
#include "schema/custom/custom_types.hpp"
#include "schema/custom/validation_rules.hpp"
#include "schema/custom/version_order.hpp"
#include "schema/tables/storage_hash.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::schema::custom {
namespace {

std::string text(const json& object, std::initializer_list<const char*> path) {
  const json& found = json_member(object, path);
  return found.is_string() ? found.get<std::string>() : std::string();
}

bool truth(const json& value) { return value.is_boolean() && value.get<bool>(); }

bool has_condition(const json& object, std::string_view type) {
  const json& conditions = json_member(object, {"status", "conditions"});
  if (!conditions.is_array()) return false;
  return std::ranges::any_of(conditions, [&](const json& one) {
    return text(one, {"type"}) == type && text(one, {"status"}) == "True";
  });
}

std::uint64_t hash_of(std::string_view bytes, std::uint64_t seed) {
  std::uint64_t hash = 0xcbf29ce484222325ULL ^ seed;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

std::vector<std::string> steps_of(std::string_view path) {
  std::vector<std::string> steps;
  if (path.starts_with('.')) path.remove_prefix(1);
  while (!path.empty()) {
    const auto dot = path.find('.');
    steps.emplace_back(path.substr(0, dot));
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  return steps;
}

std::optional<custom_kind::scale_paths> scale_of(const json& version) {
  const json& scale = json_member(version, {"subresources", "scale"});
  if (!scale.is_object()) return std::nullopt;
  custom_kind::scale_paths paths;
  paths.replicas_text = text(scale, {"specReplicasPath"});
  paths.seen_text = text(scale, {"statusReplicasPath"});
  paths.selector_text = text(scale, {"labelSelectorPath"});
  paths.replicas = steps_of(paths.replicas_text);
  paths.seen = steps_of(paths.seen_text);
  paths.selector = steps_of(paths.selector_text);
  return paths;
}

std::vector<custom_kind::column> columns_of(const json& version) {
  std::vector<custom_kind::column> columns;
  const json& given = json_member(version, {"additionalPrinterColumns"});
  if (!given.is_array() || given.empty()) {
    columns.push_back({"Age", "date", "", "How long ago the object was created.", 0,
                       json_path::parse(".metadata.creationTimestamp").value()});
    return columns;
  }
  for (const json& one : given) {
    const std::string path = text(one, {"jsonPath"});
    auto parsed = json_path::parse(path);
    if (!parsed) continue; // accepted before such paths were refused: the column is left out
    std::string description = text(one, {"description"});
    if (description.empty()) description = "Custom resource definition column (in JSONPath format): " + path;
    const json& priority = json_member(one, {"priority"});
    columns.push_back({text(one, {"name"}), text(one, {"type"}), text(one, {"format"}),
                       std::move(description), priority.is_number_integer() ? priority.get<int>() : 0,
                       std::move(*parsed)});
  }
  return columns;
}

std::vector<custom_kind::selectable> selectables_of(const json& version) {
  std::vector<custom_kind::selectable> fields;
  const json& given = json_member(version, {"selectableFields"});
  if (!given.is_array()) return fields;
  for (const json& one : given) {
    std::string path = text(one, {"jsonPath"});
    auto parsed = json_path::parse(path);
    if (!parsed) continue;
    if (path.starts_with('.')) path.erase(0, 1);
    fields.push_back({std::move(path), std::move(*parsed)});
  }
  return fields;
}

/// "com.example" of "example.com": the names of types begin so.
std::string reversed(std::string_view group) {
  std::string name;
  while (!group.empty()) {
    const auto dot = group.rfind('.');
    const std::string_view last = dot == std::string_view::npos ? group : group.substr(dot + 1);
    if (!name.empty()) name += '.';
    name += last;
    group = dot == std::string_view::npos ? std::string_view() : group.substr(0, dot);
  }
  return name;
}

constexpr std::uint16_t bits(std::initializer_list<verb> verbs) {
  std::uint16_t all = 0;
  for (const verb one : verbs) all |= static_cast<std::uint16_t>(one);
  return all;
}

} // namespace

/// One version with its row and everything the row points to. Stays where it is made.
struct definition::version_row {
  custom_kind kind;
  std::unique_ptr<custom_types> types;
  std::vector<subresource_type> subresources;
  resource_type row;
  bool is_served = false;
  bool is_stored = false;
};

class definition::builder {
public:
  builder(const json& object, const facts& given) : object_(object), given_(given), made_(new definition) {}

  std::shared_ptr<const definition> build() {
    read_names();
    const json& versions = json_member(object_, {"spec", "versions"});
    made_->conversion_ = read_conversion(object_);
    for (std::size_t i = 0; i < versions.size(); ++i) {
      made_->versions_.push_back(version_of(versions[i], given_.row_ids.at(i)));
      version_row& version = *made_->versions_.back();
      version.is_served = truth(json_member(versions[i], {"served"}));
      if (version.is_stored) made_->stored_row_ = &version.row;
    }
    ALWAYS_WITH(made_->stored_row_ != nullptr, made_->name_);
    serve();
    return made_;
  }

private:
  void read_names() {
    made_->name_ = text(object_, {"metadata", "name"});
    made_->uid_ = text(object_, {"metadata", "uid"});
    made_->fingerprint_ = fingerprint_of(object_);
    made_->number_ = given_.stored_as;
    made_->established_ = has_condition(object_, "Established");
    made_->terminating_ = has_condition(object_, "Terminating") ||
                          json_member(object_, {"metadata", "deletionTimestamp"}).is_string();
    made_->group_ = text(object_, {"spec", "group"});
    const json& accepted = json_member(object_, {"status", "acceptedNames"});
    const json& names =
        text(accepted, {"plural"}).empty() ? json_member(object_, {"spec", "names"}) : accepted;
    made_->plural_ = text(names, {"plural"});
    made_->singular_ = text(names, {"singular"});
    made_->kind_ = text(names, {"kind"});
    list_kind_ = text(names, {"listKind"});
    if (list_kind_.empty()) list_kind_ = made_->kind_ + "List";
    const std::size_t short_count = keep_names(names, "shortNames");
    keep_names(names, "categories");
    for (std::size_t i = 0; i < made_->names_.size(); ++i)
      (i < short_count ? made_->short_names_ : made_->categories_).push_back(made_->names_[i]);
  }

  std::size_t keep_names(const json& names, const char* list) {
    if (const json& given = json_member(names, {list}); given.is_array())
      for (const json& one : given)
        if (one.is_string()) made_->names_.push_back(one.get<std::string>());
    return made_->names_.size();
  }

  std::unique_ptr<version_row> version_of(const json& given, resource_id id) {
    auto version = std::make_unique<version_row>();
    custom_kind& kind = version->kind;
    const json& schema = json_member(given, {"schema", "openAPIV3Schema"});
    kind.definition = made_.get();
    kind.version = text(given, {"name"});
    kind.list_kind = list_kind_;
    kind.schema_text = schema.is_object() ? json_text(schema) : "{}";
    kind.schema = compile_schema(schema);
    kind.status_schema = kind.schema.property("status");
    kind.rules = rule_tree::compile(schema, kind.schema);
    kind.has_status = json_member(given, {"subresources", "status"}).is_object();
    kind.scale = scale_of(given);
    kind.columns = columns_of(given);
    kind.selectables = selectables_of(given);
    if (truth(json_member(given, {"deprecated"}))) kind.deprecation = deprecation_of(given);
    version->is_stored = truth(json_member(given, {"storage"}));
    version->types = std::make_unique<custom_types>(
        kind.schema, fmt::format("{}.{}.{}", reversed(made_->group_), kind.version, made_->kind_));
    fill_row(*version, id);
    return version;
  }

  void fill_row(version_row& version, resource_id id) const {
    constexpr std::uint16_t part_verbs = bits({verb::get, verb::update, verb::patch});
    if (version.kind.has_status)
      version.subresources.push_back({.name = "status", .kind = made_->kind_, .verbs = part_verbs});
    if (version.kind.scale)
      version.subresources.push_back({.name = "scale",
                                      .kind = "Scale",
                                      .body_group = "autoscaling",
                                      .body_version = "v1",
                                      .verbs = part_verbs});
    resource_type& row = version.row;
    row.id = id;
    row.group = made_->group_;
    row.version = version.kind.version;
    row.kind = made_->kind_;
    row.plural = made_->plural_;
    row.singular = made_->singular_;
    row.namespaced = text(object_, {"spec", "scope"}) != "Cluster";
    row.verbs = bits({verb::get, verb::list, verb::watch, verb::create, verb::update, verb::patch,
                      verb::remove, verb::remove_collection});
    row.short_names = made_->short_names_;
    row.categories = made_->categories_;
    row.subresources = version.subresources;
    row.type = &version.types->root();
    row.schema_hash = hash_of(version.kind.schema_text, hash_of(row.api_version(), 0)) | 1U;
    row.stored_as = given_.stored_as;
    row.custom = &version.kind;
  }

  /// What clients of a version on its way out are told: where to go, unless its owner says that.
  [[nodiscard]] std::string deprecation_of(const json& given) const {
    if (std::string own = text(given, {"deprecationWarning"}); !own.empty()) return own;
    const std::string name = text(given, {"name"});
    std::string message = fmt::format("{}/{} {} is deprecated", made_->group_, name, made_->kind_);
    std::string better;
    for (const json& other : json_member(object_, {"spec", "versions"})) {
      const std::string candidate = text(other, {"name"});
      if (!truth(json_member(other, {"served"})) || truth(json_member(other, {"deprecated"}))) continue;
      if (is_better_version(candidate, name) && (better.empty() || is_better_version(candidate, better)))
        better = candidate;
    }
    if (!better.empty()) message += fmt::format("; use {}/{} {}", made_->group_, better, made_->kind_);
    return message;
  }

  void serve() {
    made_->storage_hash_ = storage_hash(made_->stored_row_->api_version() + "/" + made_->kind_);
    for (const auto& version : made_->versions_) {
      version->row.storage_hash = made_->storage_hash_;
      if (made_->established_ && version->is_served) made_->served_.push_back(&version->row);
      for (const custom_kind::selectable& field : version->kind.selectables)
        if (std::ranges::find(made_->selectables_, field.name, &custom_kind::selectable::name) ==
            made_->selectables_.end())
          made_->selectables_.push_back(field);
    }
    std::ranges::sort(made_->served_, [](const resource_type* left, const resource_type* right) {
      return is_better_version(left->version, right->version);
    });
    std::ranges::sort(made_->selectables_, {}, &custom_kind::selectable::name);
  }

  const json& object_;
  const facts& given_;
  std::shared_ptr<definition> made_;
  std::string list_kind_;
};

definition::definition() = default;
definition::~definition() = default;

std::shared_ptr<const definition> definition::compile(const json& object, const facts& given) {
  return builder(object, given).build();
}

std::string definition::fingerprint_of(const json& object) {
  const json facts = {json_member(object, {"spec"}),
                      json_member(object, {"status", "acceptedNames"}),
                      has_condition(object, "Established"),
                      has_condition(object, "Terminating"),
                      json_member(object, {"metadata", "uid"}),
                      json_member(object, {"metadata", "deletionTimestamp"})};
  const std::string all = json_text(facts);
  return fmt::format("{:016x}{:016x}{:x}", hash_of(all, 0), hash_of(all, 0x9e3779b97f4a7c15ULL), all.size());
}

std::vector<std::pair<std::string, resource_id>> definition::version_ids() const {
  std::vector<std::pair<std::string, resource_id>> ids;
  for (const auto& version : versions_) ids.emplace_back(version->kind.version, version->row.id);
  return ids;
}

const custom_kind* definition::version(std::string_view name) const {
  const auto found =
      std::ranges::find_if(versions_, [&](const auto& one) { return one->kind.version == name; });
  return found == versions_.end() ? nullptr : &(*found)->kind;
}

const resource_type* definition::row(std::string_view version) const {
  const auto found =
      std::ranges::find_if(versions_, [&](const auto& one) { return one->kind.version == version; });
  return found == versions_.end() ? nullptr : &(*found)->row;
}

resource_handle handle_of(const std::shared_ptr<const definition>& owner, const resource_type& row) {
  return {owner, &row};
}

} // namespace actord::schema::custom
