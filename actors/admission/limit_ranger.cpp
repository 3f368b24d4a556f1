#include "actors/admission/limit_ranger.hpp"

#include "actors/admission/plugin_refusal.hpp"
#include "actors/admission/pod_amounts.hpp"
#include "schema/base/json.hpp"
#include "schema/rules/checks/amounts.hpp"
#include "schema/rules/checks/field.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string>
#include <vector>

namespace actord::actors {
namespace {

using schema::rules::compare_amounts;
using schema::rules::field;

std::string shown(const json& amount) {
  return amount.is_string() ? amount.get<std::string>() : amount.dump();
}

/// Adds what is missing to `amounts`; the names that were, in order.
std::vector<std::string> fill_in(json& resources, const char* list, const field& usual) {
  std::vector<std::string> added;
  if (!usual.value().is_object()) return added;
  for (const auto& [name, value] : usual.value().items()) {
    if (field(resources).at(list).contains(name)) continue;
    resources[list][name] = value;
    added.push_back(name);
  }
  return added;
}

/// One container, claim or whole pod under judgment.
class judged {
public:
  judged(std::string_view type, json requests, json limits, std::vector<std::string>& wrong)
      : type_(type), requests_(std::move(requests)), limits_(std::move(limits)), wrong_(wrong) {}

  void at_least(const std::string& name, const json& least) {
    const std::string rule = fmt::format("minimum {} usage per {} is {}", name, type_, shown(least));
    const field request = field(requests_).entry(name);
    const field limit = field(limits_).entry(name);
    if (!request.present())
      complain(rule + ".  No request is specified");
    else if (compare_amounts(request.value(), least) < 0)
      complain(rule + ", but request is " + shown(request.value()));
    else if (limit.present() && compare_amounts(limit.value(), least) < 0)
      complain(rule + ", but limit is " + shown(limit.value()));
  }

  /// Claims have requests only.
  void at_most(const std::string& name, const json& most, bool has_limits) {
    const std::string rule = fmt::format("maximum {} usage per {} is {}", name, type_, shown(most));
    const field request = field(requests_).entry(name);
    const field limit = field(limits_).entry(name);
    if (has_limits && !limit.present())
      complain(rule + ".  No limit is specified");
    else if (has_limits && compare_amounts(limit.value(), most) > 0)
      complain(rule + ", but limit is " + shown(limit.value()));
    else if (!has_limits && !request.present())
      complain(rule + ".  No request is specified");
    else if (request.present() && compare_amounts(request.value(), most) > 0)
      complain(rule + ", but request is " + shown(request.value()));
  }

  void ratio_at_most(const std::string& name, const json& most) {
    const std::string rule =
        fmt::format("{} max limit to request ratio per {} is {}", name, type_, shown(most));
    const field request = field(requests_).entry(name);
    const field limit = field(limits_).entry(name);
    if (!request.present() || compare_amounts(request.value(), 0) == 0)
      return complain(rule + ", but no request is specified or request is 0");
    if (!limit.present() || compare_amounts(limit.value(), 0) == 0)
      return complain(rule + ", but no limit is specified or limit is 0");
    const double ratio = static_cast<double>(schema::rules::amount_milli(limit.value())) /
                         static_cast<double>(schema::rules::amount_milli(request.value()));
    if (ratio * 1000 > static_cast<double>(schema::rules::amount_milli(most)))
      complain(fmt::format("{}, but provided ratio is {:f}", rule, ratio));
  }

  void judge(const field& limit, bool has_limits) {
    each(limit.at("min"), [&](const std::string& name, const json& amount) { at_least(name, amount); });
    each(limit.at("max"),
         [&](const std::string& name, const json& amount) { at_most(name, amount, has_limits); });
    if (has_limits)
      each(limit.at("maxLimitRequestRatio"),
           [&](const std::string& name, const json& amount) { ratio_at_most(name, amount); });
  }

private:
  template <class Visit>
  static void each(const field& amounts, Visit visit) {
    if (!amounts.value().is_object()) return;
    for (const auto& [name, value] : amounts.value().items()) visit(name, value);
  }

  void complain(std::string what) {
    if (std::ranges::find(wrong_, what) == wrong_.end()) wrong_.push_back(std::move(what));
  }

  std::string_view type_;
  json requests_;
  json limits_;
  std::vector<std::string>& wrong_;
};

result<void> verdict(const std::vector<std::string>& wrong) {
  if (wrong.empty()) return {};
  if (wrong.size() == 1) return forbidden(wrong.front());
  return forbidden(fmt::format("[{}]", fmt::join(wrong, ", ")));
}

} // namespace

void set_usual_limits(json& pod, const json& range) {
  json requests = json::object();
  json limits = json::object();
  for (const field limit : field(range).at("spec").at("limits").items()) {
    if (limit.at("type").text() != "Container") continue;
    if (const json& usual = limit.at("defaultRequest").value(); usual.is_object()) requests.update(usual);
    if (const json& usual = limit.at("default").value(); usual.is_object()) limits.update(usual);
  }
  std::vector<std::string> notes;
  for (const auto& [list, called] :
       {std::pair{"containers", "container"}, std::pair{"initContainers", "init container"}}) {
    const auto containers = pod["spec"].find(list);
    if (containers == pod["spec"].end() || !containers->is_array()) continue;
    for (json& container : *containers) {
      json& resources = container["resources"];
      if (!resources.is_object()) resources = json::object();
      const auto added_limits = fill_in(resources, "limits", field(limits));
      const auto added_requests = fill_in(resources, "requests", field(requests));
      const std::string_view name = field(container).at("name").text();
      if (!added_requests.empty())
        notes.push_back(fmt::format("{} request for {} {}", fmt::join(added_requests, ", "), called, name));
      if (!added_limits.empty())
        notes.push_back(fmt::format("{} limit for {} {}", fmt::join(added_limits, ", "), called, name));
    }
  }
  if (!notes.empty())
    pod["metadata"]["annotations"]["kubernetes.io/limit-ranger"] =
        fmt::format("LimitRanger plugin set: {}", fmt::join(notes, "; "));
}

result<void> check_pod_limits(const json& pod, const json& range) {
  std::vector<std::string> wrong;
  for (const field limit : field(range).at("spec").at("limits").items()) {
    const std::string_view type = limit.at("type").text();
    if (type == "Container")
      for (const char* list : {"containers", "initContainers"})
        for (const field container : field(pod).at("spec").at(list).items()) {
          const field resources = container.at("resources");
          judged(type, resources.at("requests").value(), resources.at("limits").value(), wrong)
              .judge(limit, true);
        }
    if (type == "Pod") {
      const amounts_options spec_only{.with_overhead = false};
      judged(type, pod_amounts(pod, "requests", spec_only), pod_amounts(pod, "limits", spec_only), wrong)
          .judge(limit, true);
    }
  }
  return verdict(wrong);
}

result<void> check_claim_limits(const json& claim, const json& range) {
  std::vector<std::string> wrong;
  for (const field limit : field(range).at("spec").at("limits").items())
    if (limit.at("type").text() == "PersistentVolumeClaim")
      judged(limit.at("type").text(), field(claim).at("spec").at("resources").at("requests").value(),
             json::object(), wrong)
          .judge(limit, false);
  return verdict(wrong);
}

} // namespace actord::actors
