#include "actors/controllers/storage/protection_reconciler.hpp"

namespace actord::actors {

plan reconcile(const protected_state& state) {
  plan out;
  const schema::meta_view& meta = state.object.view;
  const bool has = meta.has_finalizer(state.finalizer);
  json finalizers = json::array();
  for (const std::string& one : meta.finalizers)
    if (one != state.finalizer) finalizers.push_back(one);
  if (meta.being_deleted()) {
    out.verdict = !has                    ? "goes"
                  : state.used_by.empty() ? "used by nobody any more"
                                          : "still used by " + state.used_by;
    if (!has || !state.used_by.empty()) return out;
    if (finalizers.empty()) finalizers = nullptr;
  } else {
    out.verdict = has ? "protected" : "not protected yet";
    if (has) return out;
    finalizers.push_back(state.finalizer);
  }
  out.patch.push_back({state.key,
                       "",
                       meta.uid,
                       state.object.at,
                       {{"metadata", {{"finalizers", std::move(finalizers)}}}},
                       out.verdict});
  return out;
}

} // namespace actord::actors
