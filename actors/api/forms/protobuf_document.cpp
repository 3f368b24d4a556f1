#include "actors/api/forms/protobuf_document.hpp"

#include "schema/base/json.hpp"
#include "schema/codec/protobuf.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/tables/type_table.hpp"

namespace actord::actors {
namespace {

const schema::object_type* type_of(const std::string& api_version, const std::string& kind) {
  const std::size_t slash = api_version.find('/');
  const std::string group = slash == std::string::npos ? "" : api_version.substr(0, slash);
  const std::string version = slash == std::string::npos ? api_version : api_version.substr(slash + 1);
  if (kind == "Status" && group.empty())
    return schema::find_type("io.k8s.apimachinery.pkg.apis.meta.v1.Status");
  if (kind.starts_with("PartialObjectMetadata"))
    return schema::find_type("io.k8s.apimachinery.pkg.apis.meta.v1." + kind);
  if (kind == "Scale") return schema::find_type("io.k8s.api.autoscaling.v1.Scale");
  if (const auto row = schema::find_kind(group, version, kind)) return row->type;
  constexpr std::string_view suffix = "List";
  if (!kind.ends_with(suffix)) return nullptr;
  const auto item = schema::find_kind(group, version, kind.substr(0, kind.size() - suffix.size()));
  if (item == nullptr || item->type == nullptr) return nullptr;
  return schema::find_type(std::string(item->type->name) + std::string(suffix));
}

} // namespace

result<std::string> protobuf_document(const json& document) {
  const schema::object_type* type = type_of(document.value("apiVersion", ""), document.value("kind", ""));
  if (type == nullptr)
    return error{.kind = error_kind::not_acceptable,
                 .message = "only the following media types are accepted: application/json, application/yaml",
                 .causes = {},
                 .subject = {}};
  return schema::encode_protobuf(*type, document);
}

} // namespace actord::actors
