#include "actors/aggregation/extension_contents.hpp"

#include <fmt/format.h>

namespace actord::actors {
namespace {

using namespace std::chrono_literals;

/// What was found is worth looking at again after so long.
constexpr auto looked_at_again = 1s;
constexpr auto call_patience = 30s;
constexpr std::size_t spaces_max = 10'000;
constexpr std::string_view list_query = "?limit=500";
constexpr const char* delete_options =
    R"({"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Background"})";

/// The controller's own account, which the default roles allow to delete everything.
caller_identity controller_identity() {
  return {.user = "system:serviceaccount:kube-system:namespace-controller",
          .uid = {},
          .groups = {"system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"},
          .extra = {}};
}

struct space_entry {
  std::string uid;
  foreign_content found;
  steady_time looked;
  bool under_way = false;
};

} // namespace

struct extension_contents::state {
  state(const extension_services& of_services, const extension_board& of_board, extension_caller& by,
        const clock_source& of_clock)
      : services(of_services), board(of_board), caller(by), clock(of_clock) {}

  const extension_services& services;
  const extension_board& board;
  extension_caller& caller;
  const clock_source& clock;

  std::mutex mutex; ///< guards what follows
  std::map<std::string, space_entry> spaces;
  std::function<void(const std::string& space)> changed;
};

namespace {

/// One sweep on its way: for each kind a deletion, then a look at what is left. Kept alive by the calls.
class sweep : public std::enable_shared_from_this<sweep> {
public:
  using ending = std::function<void(foreign_content)>;

  sweep(extension_caller& caller, sweep_plan plan, std::string space, ending done)
      : caller_(caller), plan_(std::move(plan)), space_(std::move(space)), done_(std::move(done)) {
    found_.discovery_failure = plan_.discovery_failure;
  }

  void next() {
    if (at_ == plan_.kinds.size()) return done_(std::move(found_));
    if (kind().at_once) return remove(kind().path(space_), [](sweep& self) { self.look(false); });
    look(true);
  }

private:
  [[nodiscard]] const swept_kind& kind() const { return plan_.kinds[at_]; }

  template <class Then>
  void remove(std::string path, const Then& then) {
    call("DELETE", std::move(path), delete_options,
         [then](sweep& self, const result<extension_answer>& answer) {
           const bool fine = answer && ((answer->code >= 200 && answer->code < 300) || answer->code == 404 ||
                                        answer->code == 409);
           if (!fine) self.note_failure("delete", answer);
           then(self);
         });
  }

  /// What is left; with `removes` each of it is deleted, and it is looked at once more.
  void look(bool removes) {
    call("GET", kind().path(space_) + std::string(list_query), {},
         [removes](sweep& self, const result<extension_answer>& answer) {
           auto left = answer && answer->code == 200 ? read_left_over(answer->body) : std::nullopt;
           if (!left) {
             self.note_failure("list", answer);
             return self.go_on();
           }
           if (removes && !left->names.empty()) return self.remove_each(std::move(left->names));
           if (left->count > 0) self.found_.remaining[self.kind().name()] += left->count;
           for (const auto& [name, count] : left->finalizers) self.found_.finalizers[name] += count;
           self.go_on();
         });
  }

  void remove_each(std::vector<std::string> names) {
    if (names.empty()) return look(false);
    std::string name = std::move(names.back());
    names.pop_back();
    const bool plain = !name.empty() && name.find_first_of("/?#% ") == std::string::npos;
    auto on = [rest = std::move(names)](sweep& self) { self.remove_each(rest); };
    if (!plain) return on(*this);
    remove(kind().path(space_) + "/" + name, std::move(on));
  }

  void go_on() {
    ++at_;
    next();
  }

  void note_failure(const char* what, const result<extension_answer>& answer) {
    if (!found_.deletion_failure.empty()) return; // the first says enough
    found_.deletion_failure =
        fmt::format("Failed to delete all resource types, 1 remaining: cannot {} {}: {}", what, kind().name(),
                    answer ? fmt::format("the server answered {}", answer->code) : answer.error().message);
  }

  template <class Then>
  void call(const char* method, std::string target, std::string body, const Then& then) {
    extension_call what{.service = kind().service,
                        .method = method,
                        .target = std::move(target),
                        .headers = {{"accept", "application/json"}},
                        .caller = controller_identity(),
                        .body = std::move(body),
                        .timeout = call_patience};
    if (!what.body.empty()) what.headers.emplace_back("content-type", "application/json");
    caller_.call(what, [self = shared_from_this(), then](const result<extension_answer>& answer) {
      then(*self, answer);
    });
  }

  extension_caller& caller_;
  const sweep_plan plan_;
  const std::string space_;
  const ending done_;
  foreign_content found_;
  std::size_t at_ = 0;
};

} // namespace

extension_contents::extension_contents(const extension_services& services, const extension_board& board,
                                       extension_caller& caller, const clock_source& clock)
    : state_(std::make_shared<state>(services, board, caller, clock)) {}

extension_contents::~extension_contents() = default;

void extension_contents::on_change(std::function<void(const std::string& space)> changed) {
  const std::lock_guard lock(state_->mutex);
  state_->changed = std::move(changed);
}

foreign_content extension_contents::empty(const std::string& space, const std::string& uid) {
  const auto services = state_->services.current();
  if (services == nullptr) return {};
  const steady_time now = state_->clock.steady_now();
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->spaces.size() >= spaces_max)
      std::erase_if(state_->spaces, [](const auto& one) { return !one.second.under_way; });
    space_entry& entry = state_->spaces[space];
    if (entry.uid != uid) entry = {.uid = uid, .found = {.known = false}, .looked = {}, .under_way = false};
    const bool old = !entry.found.known || now - entry.looked >= looked_at_again;
    if (entry.under_way || !old) return entry.found;
    entry.under_way = true;
  }
  auto done = [state = std::weak_ptr(state_), space, uid](foreign_content found) {
    const auto kept = state.lock();
    if (!kept) return;
    const std::lock_guard lock(kept->mutex);
    const auto entry = kept->spaces.find(space);
    if (entry == kept->spaces.end() || entry->second.uid != uid) return;
    entry->second.found = std::move(found);
    entry->second.looked = kept->clock.steady_now();
    entry->second.under_way = false;
    if (kept->changed) kept->changed(space);
  };
  const auto begun = std::make_shared<sweep>(state_->caller, plan_sweep(*services, *state_->board.current()),
                                             space, std::move(done));
  begun->next();
  const std::lock_guard lock(state_->mutex);
  return state_->spaces[space].found;
}

} // namespace actord::actors
