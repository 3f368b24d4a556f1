#include "schema/cel/admission_names.hpp"

#include "schema/cel/functions.hpp"
#include "schema/cel/program.hpp"

#include <algorithm>
#include <map>

namespace actord::schema::cel {
namespace {

/// Members that are called what they are called in JSON.
class plain_members : public structure_members {
public:
  explicit plain_members(std::vector<named_type> members) {
    for (named_type& one : members) members_[one.name] = {std::move(one.type), one.name};
  }
  [[nodiscard]] std::optional<member_type> find(std::string_view name) const override {
    const auto found = members_.find(name);
    return found == members_.end() ? std::nullopt : std::optional(found->second);
  }

private:
  std::map<std::string, member_type, std::less<>> members_;
};

type_ref structure(const char* name, std::vector<named_type> members) {
  return structure_of(name, std::make_shared<plain_members>(std::move(members)));
}

const type_ref& text_type() { return simple(type_kind::string); }

} // namespace

const type_ref& user_info_type() {
  static const type_ref made =
      structure("kubernetes.UserInfo", {{"username", text_type()},
                                        {"uid", text_type()},
                                        {"groups", list_of(text_type())},
                                        {"extra", map_of(text_type(), list_of(text_type()))}});
  return made;
}

const type_ref& admission_request_type() {
  static const type_ref made = [] {
    const type_ref kind =
        structure("kubernetes.GroupVersionKind",
                  {{"group", text_type()}, {"version", text_type()}, {"kind", text_type()}});
    const type_ref resource =
        structure("kubernetes.GroupVersionResource",
                  {{"group", text_type()}, {"version", text_type()}, {"resource", text_type()}});
    return structure("kubernetes.AdmissionRequest", {{"kind", kind},
                                                     {"resource", resource},
                                                     {"subResource", text_type()},
                                                     {"requestKind", kind},
                                                     {"requestResource", resource},
                                                     {"requestSubResource", text_type()},
                                                     {"name", text_type()},
                                                     {"namespace", text_type()},
                                                     {"operation", text_type()},
                                                     {"userInfo", user_info_type()},
                                                     {"dryRun", simple(type_kind::boolean)},
                                                     {"options", simple(type_kind::dynamic)}});
  }();
  return made;
}

environment admission_environment(const admission_names& names) {
  const type_ref& any = simple(type_kind::dynamic);
  const type_ref object = names.object == nullptr ? any : names.object;
  // A name that cannot be written holds the slot of what is not declared.
  const auto when = [](bool declared, const char* name) { return std::string(declared ? name : "-"); };
  environment made;
  made.declare("object", object)
      .declare("oldObject", object)
      .declare("request", admission_request_type())
      .declare("authorizer", parse_type("authorizer"))
      .declare("authorizer.requestResource", parse_type("resource_check"))
      .declare(when(names.in_policy, "namespaceObject"), any)
      .declare(when(names.has_params, "params"), any);
  if (names.variables != nullptr)
    made.declare("variables", structure("kubernetes.variables", *names.variables));
  return made;
}

std::string admission_complaint(std::string_view expression, const environment& names,
                                const std::vector<type_kind>& wanted, type_ref* yields) {
  const auto made = program::compile(expression, names);
  if (!made) return made.error().message;
  if (yields != nullptr) *yields = made->yields_ref();
  const type_kind found = made->yields().kind;
  if (wanted.empty() || std::ranges::find(wanted, found) != wanted.end()) return {};
  std::string all;
  for (const type_kind one : wanted) {
    if (!all.empty()) all += " ";
    all += one == type_kind::null ? "null_type" : text_of(*simple(one));
  }
  return wanted.size() == 1 ? "must evaluate to " + all : "must evaluate to one of [" + all + "]";
}

} // namespace actord::schema::cel
