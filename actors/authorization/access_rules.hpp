#pragma once

#include "actors/authorization/compiled_role.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

/// All roles and bindings of a cluster, arranged for the question "may this subject do that". Pure: no store,
/// no clock, no actors.
///
///   (namespace of the binding, user or group) ──▶ grants ──▶ role slot ──▶ compiled role
///
/// An `access_rules` never changes; the editor makes the next one, which shares with the one before all that
/// stayed the same. So a change costs its own size, and questions need no lock.

namespace actord::actors {

/// Name of a role or binding; without a namespace it is a ClusterRole or ClusterRoleBinding.
struct rbac_name {
  std::string space;
  std::string name;

  auto operator<=>(const rbac_name&) const = default;
};

/// A binding as a grant remembers it.
struct binding_facts {
  rbac_name name;
  schema::role_reference role;
  std::vector<schema::binding_subject> subjects;
};

/// One subject of one binding.
struct access_grant {
  std::uint32_t role_slot = 0;
  std::uint32_t subject = 0; ///< which of the binding's
  std::shared_ptr<const binding_facts> by;
};

/// All that a subject holds in a namespace, and the bindings that lead to roles which are not there.
struct held_rules {
  std::vector<policy_rule> rules;
  std::vector<std::string> unresolved; ///< `clusterrole.rbac.authorization.k8s.io "x" not found`
};

class access_rules {
public:
  access_rules();

  [[nodiscard]] bool allows(const access_subject& who, const access_question& question) const;
  /// The same with the reason: which binding allows it, or which roles could not be found.
  [[nodiscard]] access_verdict judge(const access_subject& who, const access_question& question) const;
  /// Everywhere, and in `space` unless empty.
  [[nodiscard]] held_rules rules_of(const access_subject& who, std::string_view space) const;

private:
  friend class access_rules_editor;

  /// Whom a grant is for. Service accounts are users of their full name.
  struct holder {
    std::string space; ///< of the binding
    std::string name;
    bool group = false;

    bool operator==(const holder&) const = default;
  };
  struct holder_view {
    std::string_view space;
    std::string_view name;
    bool group = false;
    std::size_t hash = 0;
  };
  struct holder_hash {
    using is_transparent = void;
    std::size_t operator()(const holder& key) const;
    std::size_t operator()(const holder_view& key) const { return key.hash; }
  };
  struct holder_equal {
    using is_transparent = void;
    bool operator()(const holder& left, const holder& right) const { return left == right; }
    bool operator()(const holder_view& left, const holder& right) const { return same(left, right); }
    bool operator()(const holder& left, const holder_view& right) const { return same(right, left); }
    static bool same(const holder_view& left, const holder& right) {
      return left.group == right.group && left.name == right.name && left.space == right.space;
    }
  };
  using grant_list = std::vector<access_grant>;
  using grant_map = std::unordered_map<holder, grant_list, holder_hash, holder_equal>;

  static constexpr std::size_t shard_count = 64;
  static constexpr std::size_t roles_per_page = 64;
  using role_page = std::array<std::shared_ptr<const compiled_role>, roles_per_page>;

  [[nodiscard]] const grant_list* grants_of(std::string_view space, std::string_view name, bool group) const;
  [[nodiscard]] const compiled_role* role_at(std::uint32_t slot) const;
  /// Calls `visit(grant)` for each grant that counts in `space` until it returns true; tells whether it did.
  template <class Visit>
  bool any_grant(const access_subject& who, std::string_view space, Visit visit) const;

  std::array<std::shared_ptr<const grant_map>, shard_count> shards_;
  std::vector<std::shared_ptr<const role_page>> pages_;
};

/// Keeps the roles and bindings there are, and makes rules of them. One thread at a time.
class access_rules_editor {
public:
  access_rules_editor();

  void set_role(const rbac_name& name, std::vector<policy_rule> rules);
  void remove_role(const rbac_name& name);
  void set_binding(const rbac_name& name, schema::role_reference role,
                   std::vector<schema::binding_subject> subjects);
  void remove_binding(const rbac_name& name);

  /// The rules as they are now.
  std::shared_ptr<const access_rules> publish();

private:
  struct role_slot {
    std::uint32_t number = 0;
    std::size_t bindings = 0; ///< that lead here, whether the role exists or not
    bool exists = false;
  };
  struct binding_record {
    rbac_name role;
    std::shared_ptr<const binding_facts> facts;
  };

  /// None for a kind of subject nobody can be.
  static std::optional<access_rules::holder> holder_of(const schema::binding_subject& subject,
                                                       const std::string& binding_space);
  role_slot& slot_of(const rbac_name& role);
  void drop_if_unused(const rbac_name& role);
  void place(std::uint32_t number, std::shared_ptr<const compiled_role> role);
  access_rules::grant_map& shard_of(const access_rules::holder& key);

  access_rules rules_; ///< the next to publish; parts marked below are not shared yet
  std::array<std::shared_ptr<access_rules::grant_map>, access_rules::shard_count> own_shards_;
  std::vector<std::shared_ptr<access_rules::role_page>> own_pages_;
  std::map<rbac_name, role_slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::uint32_t slot_count_ = 0;
  std::map<rbac_name, binding_record> bindings_;
};

/// What a binding in `space` calls a user: a service account has the user name of its namespace and name.
std::string service_account_user(std::string_view space, std::string_view name);

} // namespace actord::actors
