#include "schema/base/json.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/pod/pod_validation.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace actord::schema::rules {

namespace {

using named_paths = std::map<std::string_view, std::string_view>;

named_paths paths_of(const field& list, std::string_view member) {
  named_paths paths;
  for (const field item : list.items()) paths[item.at("name").text()] = item.at(member).text();
  return paths;
}

bool has_path(const named_paths& paths, std::string_view path) {
  return std::ranges::any_of(paths, [&](const auto& item) { return item.second == path; });
}

void check_recursive_read_only(const field& mount, const field& place, field_errors& errors) {
  const field mode = mount.at("recursiveReadOnly");
  if (!mode.present() || mode.text() == "Disabled") return;
  if (mode.text() != "Enabled" && mode.text() != "IfPossible") {
    errors.not_supported(place, mode.text(), {"Disabled", "Enabled", "IfPossible"});
    return;
  }
  if (!mount.at("readOnly").truth()) errors.forbidden(place, "may only be specified when readOnly is true");
  const field propagation = mount.at("mountPropagation");
  if (propagation.present() && propagation.text() != "None")
    errors.forbidden(place, "may only be specified when mountPropagation is None or not specified");
}

void check_mounts(const pod_scope& pod, const field& container, field_errors& errors) {
  const field mounts = container.at("volumeMounts");
  const named_paths devices = paths_of(container.at("volumeDevices"), "devicePath");
  std::set<std::string_view> points;
  // Errors about some members name the list: they always did.
  const auto in_list = [&](const field& mount, std::string_view name) {
    return mounts.named(name).with(mount.at(name).value());
  };
  for (const field mount : mounts.items()) {
    const field name = mount.at("name");
    const field point = mount.at("mountPath");
    require(name, errors);
    if (!pod.volumes.contains(name.text())) errors.not_found(name, name.text());
    require(point, errors);
    if (!points.insert(point.text()).second) errors.invalid(point, point.text(), "must be unique");
    if (devices.contains(name.text()))
      errors.invalid(name, name.text(), "must not already exist in volumeDevices");
    if (has_path(devices, point.text()))
      errors.invalid(point, point.text(), "must not already exist as a path in volumeDevices");
    const field sub_path = mount.at("subPath");
    if (!sub_path.zero()) check_relative_path(in_list(mount, "subPath"), errors);
    const field expression = mount.at("subPathExpr");
    if (!expression.zero()) {
      if (!sub_path.zero())
        errors.invalid(expression, expression.text(), "subPathExpr and subPath are mutually exclusive");
      check_relative_path(in_list(mount, "subPathExpr"), errors);
    }
    if (const field propagation = in_list(mount, "mountPropagation"); propagation.present()) {
      one_of(propagation, {"Bidirectional", "HostToContainer", "None"}, errors);
      if (propagation.text() == "Bidirectional" && !container.at("securityContext").at("privileged").truth())
        errors.forbidden(propagation,
                         "Bidirectional mount propagation is available only to privileged containers");
    }
    check_recursive_read_only(mount, mounts.named("recursiveReadOnly"), errors);
  }
}

void check_devices(const pod_scope& pod, const field& container, field_errors& errors) {
  const field devices = container.at("volumeDevices");
  const named_paths mounts = paths_of(container.at("volumeMounts"), "mountPath");
  std::set<std::string_view> names;
  std::set<std::string_view> paths;
  for (const field device : devices.items()) {
    const field name = device.at("name");
    const field path = device.at("devicePath");
    const auto volume = pod.volumes.find(name.text());
    require(name, errors);
    if (names.contains(name.text())) errors.invalid(name, name.text(), "must be unique");
    if (volume == pod.volumes.end())
      errors.not_found(name, name.text());
    else if (!volume->second.contains("persistentVolumeClaim") && !volume->second.contains("ephemeral"))
      errors.invalid(name, name.text(),
                     "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode");
    require(path, errors);
    if (paths.contains(path.text())) errors.invalid(path, path.text(), "must be unique");
    field_errors backsteps;
    check_no_backsteps(path, backsteps);
    if (!path.zero() && !backsteps.empty())
      errors.invalid(path, path.text(), "can not contain backsteps ('..')");
    else
      paths.insert(path.text());
    if (mounts.contains(name.text()))
      errors.invalid(name, name.text(), "must not already exist in volumeMounts");
    if (has_path(mounts, path.text()))
      errors.invalid(path, path.text(), "must not already exist as a path in volumeMounts");
    if (!name.zero()) names.insert(name.text());
  }
}

} // namespace

void check_volume_mounts(const pod_scope& pod, const field& container, field_errors& errors) {
  check_mounts(pod, container, errors);
  check_devices(pod, container, errors);
}

} // namespace actord::schema::rules
