#pragma once

#include "actors/aggregation/local_services.hpp"
#include "actors/objects/kinds_mirror.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace actord::actors {

/// Who serves a version of a group in our place, as its APIService says.
struct extension_service {
  std::string name; ///< of the APIService
  std::string uid;
  std::string group;
  std::string version;
  schema::service_reference_view service;
  std::string authority_pem; ///< empty: the machine's authorities
  bool insecure = false;     ///< believed whoever it is
  service_priority priority;
  bool available = false; ///< as the APIService's condition says

  /// The name its certificate must have: "NAME.NAMESPACE.svc".
  [[nodiscard]] std::string host() const { return service.name + "." + service.space + ".svc"; }
  /// Whether both lead to the same server by the same terms.
  [[nodiscard]] bool leads_as(const extension_service& other) const {
    return uid == other.uid && service == other.service && authority_pem == other.authority_pem &&
           insecure == other.insecure;
  }
};
using extension_handle = std::shared_ptr<const extension_service>;

/// Never empty: null stands for none.
class extension_set {
public:
  explicit extension_set(std::vector<extension_handle> all) : all_(std::move(all)) {}

  [[nodiscard]] const std::vector<extension_handle>& all() const { return all_; }
  /// Null when nobody extends that version of the group.
  [[nodiscard]] extension_handle find(std::string_view group, std::string_view version) const;
  [[nodiscard]] bool has_group(std::string_view group) const;

private:
  std::vector<extension_handle> all_; ///< by name
};

/// The extension servers of the store's APIServices, always up to date (kinds_mirror says how). Must not
/// outlive the store. Any thread.
class extension_services final : private kinds_mirror {
public:
  explicit extension_services(storage::store& store);

  /// Holds every change whose write was answered before this call. Null when there are none, which costs
  /// three loads to say.
  [[nodiscard]] std::shared_ptr<const extension_set> current() const;

private:
  void forget_all() const override;
  void take_in(std::size_t which, const object_key& key, std::string_view bytes) const override;
  void forget(std::size_t which, const object_key& key) const override;
  void publish() const override;

  /// One at a time, as kinds_mirror calls.
  mutable std::map<std::string, extension_handle> services_;
  mutable published_set<extension_set> set_;
};

} // namespace actord::actors
