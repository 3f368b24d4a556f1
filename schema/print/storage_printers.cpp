#include "schema/print/printer_table.hpp"

#include <algorithm>

namespace actord::schema::print {
namespace {

constexpr const char* beta_class_annotation = "volume.beta.kubernetes.io/storage-class";

std::string access_modes(const json& modes) {
  std::vector<std::string> list;
  const auto has = [&](std::string_view mode) {
    return modes.is_array() && std::ranges::any_of(modes, [&](const json& one) { return text(one) == mode; });
  };
  for (const auto& [mode, shown] : {std::pair{"ReadWriteOnce", "RWO"},
                                    {"ReadOnlyMany", "ROX"},
                                    {"ReadWriteMany", "RWX"},
                                    {"ReadWriteOncePod", "RWOP"}})
    if (has(mode)) list.emplace_back(shown);
  return joined(list, ",");
}

std::string storage_class(const json& object) {
  const std::string annotated = annotation(object, beta_class_annotation);
  return annotated.empty() ? text(at(object, {"spec", "storageClassName"})) : annotated;
}

std::string phase_of(const json& object) {
  return being_deleted(object) ? "Terminating" : text(at(object, {"status", "phase"}));
}

} // namespace

void print_persistent_volume(const row_writer& row) {
  const json& object = row.object;
  const json& claim = at(object, {"spec", "claimRef"});
  const std::string claimed =
      claim.is_null() ? "" : text(at(claim, {"namespace"})) + "/" + text(at(claim, {"name"}));
  row.add(name_of(object), text_or(at(object, {"spec", "capacity", "storage"}), "0"),
          access_modes(at(object, {"spec", "accessModes"})),
          text(at(object, {"spec", "persistentVolumeReclaimPolicy"})), phase_of(object), claimed,
          storage_class(object), text_or(at(object, {"spec", "volumeAttributesClassName"}), "<unset>"),
          text(at(object, {"status", "reason"})), age(row),
          text_or(at(object, {"spec", "volumeMode"}), "<unset>"));
}

void print_persistent_volume_claim(const row_writer& row) {
  const json& object = row.object;
  const std::string volume = text(at(object, {"spec", "volumeName"}));
  const bool bound = !volume.empty();
  row.add(name_of(object), phase_of(object), volume,
          bound ? text_or(at(object, {"status", "capacity", "storage"}), "0") : "",
          bound ? access_modes(at(object, {"status", "accessModes"})) : "", storage_class(object),
          text_or(at(object, {"spec", "volumeAttributesClassName"}), "<unset>"), age(row),
          text_or(at(object, {"spec", "volumeMode"}), "<unset>"));
}

void print_storage_class(const row_writer& row) {
  const json& object = row.object;
  std::string name = name_of(object);
  for (const char* mark :
       {"storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"})
    if (annotation(object, mark) == "true") {
      name += " (default)";
      break;
    }
  row.add(name, text(at(object, {"provisioner"})), text_or(at(object, {"reclaimPolicy"}), "Delete"),
          text_or(at(object, {"volumeBindingMode"}), "Immediate"),
          truth(at(object, {"allowVolumeExpansion"})), age(row));
}

void print_volume_attributes_class(const row_writer& row) {
  row.add(name_of(row.object), text(at(row.object, {"driverName"})), age(row));
}

void print_volume_attachment(const row_writer& row) {
  const json& object = row.object;
  row.add(name_of(object), text(at(object, {"spec", "attacher"})),
          text(at(object, {"spec", "source", "persistentVolumeName"})),
          text(at(object, {"spec", "nodeName"})), truth(at(object, {"status", "attached"})), age(row));
}

void print_csi_driver(const row_writer& row) {
  const json& spec = at(row.object, {"spec"});
  std::string audiences = "<unset>";
  if (const json& requests = at(spec, {"tokenRequests"}); requests.is_array()) {
    std::vector<std::string> list;
    for (const json& request : requests) list.push_back(text(at(request, {"audience"})));
    audiences = joined(list, ",");
  }
  const std::string modes = joined(at(spec, {"volumeLifecycleModes"}), ",");
  row.add(name_of(row.object), truth(at(spec, {"attachRequired"}), true), truth(at(spec, {"podInfoOnMount"})),
          truth(at(spec, {"storageCapacity"})), audiences, truth(at(spec, {"requiresRepublish"})),
          modes.empty() ? "<none>" : modes, age(row));
}

void print_csi_node(const row_writer& row) {
  row.add(name_of(row.object), count(at(row.object, {"spec", "drivers"})), age(row));
}

void print_resource_claim(const row_writer& row) {
  const bool allocated = !at(row.object, {"status", "allocation"}).is_null();
  std::vector<std::string> states;
  if (being_deleted(row.object)) states.emplace_back("deleted");
  if (allocated) states.emplace_back("allocated");
  if (allocated && count(at(row.object, {"status", "reservedFor"})) > 0) states.emplace_back("reserved");
  if (states.empty()) states.emplace_back("pending");
  row.add(name_of(row.object), joined(states, ","), age(row));
}

void print_resource_slice(const row_writer& row) {
  const json& spec = at(row.object, {"spec"});
  row.add(name_of(row.object), text(at(spec, {"nodeName"})), text(at(spec, {"driver"})),
          text(at(spec, {"pool", "name"})), age(row));
}

} // namespace actord::schema::print
