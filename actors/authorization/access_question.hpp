#pragma once

#include <span>
#include <string>
#include <string_view>

/// What authorization is asked. Views of texts the asker owns: asking costs no allocation.

namespace actord::actors {

/// May somebody do this? About a resource, or, while `resource` is empty, about a path.
struct access_question {
  std::string_view verb{};
  std::string_view group{};
  std::string_view resource{}; ///< plural: "pods"
  std::string_view subresource{};
  std::string_view space{}; ///< empty: cluster-wide, or all namespaces
  std::string_view name{};  ///< empty: the collection, or an object whose name is not known yet
  std::string_view path{};
  /// Of a list or watch, as sent: a node may list the pods of `spec.nodeName=itself` only.
  std::string_view field_selector{};

  [[nodiscard]] bool about_path() const { return resource.empty() && !path.empty(); }
};

/// Who is asked about.
struct access_subject {
  std::string_view user;
  std::span<const std::string> groups;
};

struct access_verdict {
  bool allowed = false;
  std::string reason; ///< why so, where there is something to say
};

} // namespace actord::actors
