#include "actors/conversion/conversion_gate.hpp"

#include "actors/webhooks/service_lookup.hpp"
#include "schema/custom/definition.hpp"
#include "schema/object/converted_object.hpp"

#include <algorithm>
#include <deque>
#include <fmt/format.h>
#include <map>

namespace actord::actors {
namespace {

using namespace std::chrono_literals;

/// For one call, as Kubernetes gives it.
constexpr std::chrono::milliseconds call_timeout{30s};
/// For all calls of one request.
constexpr std::chrono::seconds patience{60};
constexpr std::size_t piece_objects_max = 250;
constexpr std::size_t piece_bytes_max = std::size_t{1} << 20U;
/// Of one request, under way at once.
constexpr std::size_t pieces_at_once = 4;

webhook_service place_of(const schema::custom::conversion_webhook::service_place& service) {
  return {service.space, service.name, service.path, service.port};
}

/// Everything a form depends on. Empty for what has no revision.
converted_forms::key key_of(const schema::object_view& object, const schema::resource_type& type) {
  if (object.at().value == 0) return {};
  return fmt::format("{}/{}/{}/{}/{}/{}", type.custom->definition->fingerprint(), object.resource().value,
                     object.space(), object.name(), object.at().value, type.version);
}

} // namespace

/// One request for forms, until it is answered.
class conversion_gate::batch : public std::enable_shared_from_this<batch> {
public:
  batch(const conversion_gate& gate, schema::resource_handle type, std::vector<shared_bytes> objects,
        forms_taker done)
      : gate_(gate), type_(std::move(type)), objects_(std::move(objects)), forms_(objects_.size()),
        keys_(objects_.size()), done_(std::move(done)), until_(gate.clock_.steady_now() + patience) {}

  void start() {
    std::map<std::string, std::vector<std::size_t>> own; // by the version they were written in
    left_ = 1;                                           // for this function
    for (std::size_t i = 0; i < objects_.size(); ++i) {
      if (!schema::needs_conversion(*objects_[i], *type_)) {
        forms_[i] = objects_[i];
        continue;
      }
      const auto view = schema::object_view::open_envelope(*objects_[i]);
      ALWAYS(view.has_value());
      keys_[i] = key_of(*view, *type_);
      if (!is_elsewhere(i)) own[schema::written_version(*objects_[i])].push_back(i);
    }
    for (const auto& [version, members] : own) split(members);
    for (std::size_t i = 0; i < pieces_at_once; ++i) send_next();
    count_down(1);
  }

private:
  using piece = std::vector<std::size_t>;

  /// Whether the form is kept, or somebody else has asked for it. False: it is ours to ask for.
  bool is_elsewhere(std::size_t i) {
    if (keys_[i].empty()) {
      expect();
      return false;
    }
    if (auto kept = gate_.find_form(keys_[i])) {
      forms_[i] = std::move(kept);
      return true;
    }
    expect();
    return gate_.join(keys_[i], [self = shared_from_this(), i](const result<shared_bytes>& form, bool alone) {
      self->take_shared(i, form, alone);
    });
  }

  void expect() {
    const std::lock_guard lock(mutex_);
    ++left_;
  }

  void split(const piece& members) {
    piece next;
    std::size_t bytes = 0;
    for (const std::size_t i : members) {
      if (!next.empty() && (next.size() >= piece_objects_max || bytes >= piece_bytes_max)) {
        pieces_.push_back(std::move(next));
        next.clear();
        bytes = 0;
      }
      next.push_back(i);
      bytes += objects_[i]->size();
    }
    if (!next.empty()) pieces_.push_back(std::move(next));
  }

  void send_next() {
    piece next;
    bool give_up = false;
    {
      const std::lock_guard lock(mutex_);
      if (pieces_.empty()) return;
      next = std::move(pieces_.front());
      pieces_.pop_front();
      give_up = failure_.has_value();
    }
    // What nobody asks for any more is left to those who waited for it.
    if (give_up)
      give_back(next);
    else
      send(next);
  }

  void give_back(const piece& unasked) {
    const error why{.kind = error_kind::unavailable, .message = "given up", .causes = {}, .subject = {}};
    for (const std::size_t i : unasked) gate_.settle(keys_[i], why, false);
    count_down(unasked.size());
    send_next();
  }

  void send(const piece& members) {
    std::vector<json> trees;
    schema::resource_handle from;
    for (const std::size_t i : members) {
      const auto view = schema::object_view::open(*objects_[i]);
      auto written = view ? schema::written_row(*view, type_) : result<schema::resource_handle>(view.error());
      if (!written) return take(members, written.error());
      from = std::move(*written);
      trees.push_back(schema::as_written(*view, *from));
    }
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until_ - gate_.clock_.steady_now());
    gate_.ask(from, type_, std::move(trees), std::clamp<std::chrono::milliseconds>(left, 1ms, call_timeout),
              [self = shared_from_this(), members](result<std::vector<json>> converted) {
                self->take(members, std::move(converted));
              });
  }

  void take(const piece& members, result<std::vector<json>> converted) {
    const bool alone = members.size() == 1;
    if (!converted) {
      fail(converted.error());
      for (const std::size_t i : members) gate_.settle(keys_[i], converted.error(), alone);
    } else {
      for (std::size_t n = 0; n < members.size(); ++n) {
        const std::size_t i = members[n];
        json& tree = (*converted)[n];
        schema::custom::shape_converted(*type_->custom, tree);
        const auto view = schema::object_view::open_envelope(*objects_[i]);
        shared_bytes form = share_bytes(schema::transcoded(*view, *type_, tree));
        put(i, form);
        gate_.settle(keys_[i], form, alone);
      }
    }
    count_down(members.size());
    send_next();
  }

  void take_shared(std::size_t i, const result<shared_bytes>& form, bool alone) {
    if (form) {
      put(i, *form);
    } else if (alone) {
      fail(form.error());
    } else if (!is_elsewhere(i)) {
      send({i}); // what failed in company may be another's fault
    }
    count_down(1);
  }

  void put(std::size_t i, shared_bytes form) {
    const std::lock_guard lock(mutex_);
    forms_[i] = std::move(form);
  }

  void fail(error why) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(why);
  }

  void count_down(std::size_t by) {
    {
      const std::lock_guard lock(mutex_);
      left_ -= by;
      if (left_ > 0) return;
    }
    const forms_taker done = std::move(done_);
    if (failure_) return done(std::move(*failure_));
    done(std::move(forms_));
  }

  const conversion_gate& gate_;
  const schema::resource_handle type_;
  const std::vector<shared_bytes> objects_;
  std::vector<shared_bytes> forms_; ///< null where there is none yet
  std::vector<converted_forms::key> keys_;
  forms_taker done_;
  const steady_time until_;
  std::mutex mutex_; ///< of what follows and of forms_
  std::deque<piece> pieces_;
  std::optional<error> failure_; ///< the first
  std::size_t left_ = 0;
};

conversion_gate::conversion_gate(const storage::store& store, random_source& random,
                                 std::unique_ptr<net::https_caller> caller, const clock_source& clock)
    : store_(store), random_(random), clock_(clock), caller_(std::move(caller)) {}
conversion_gate::~conversion_gate() = default;

void conversion_gate::convert(schema::resource_handle type, std::vector<shared_bytes> objects,
                              forms_taker done) const {
  std::make_shared<batch>(*this, std::move(type), std::move(objects), std::move(done))->start();
}

void conversion_gate::convert_tree(const tree_conversion& what, tree_taker done) const {
  ask(what.from, what.to, {what.object}, call_timeout,
      [to = what.to, done = std::move(done)](result<std::vector<json>> converted) {
        if (!converted) return done(converted.error());
        schema::custom::shape_converted(*to->custom, converted->front());
        done(std::move(converted->front()));
      });
}

void conversion_gate::ask(const schema::resource_handle& from, const schema::resource_handle& to,
                          std::vector<json> objects, std::chrono::milliseconds timeout,
                          trees_taker done) const {
  const schema::custom::conversion_webhook* hook = to->custom->definition->conversion();
  ALWAYS_WITH(hook != nullptr, to->custom->definition->name());
  const auto question =
      std::make_shared<conversion_question>(conversion_question{.review_version = hook->review_version,
                                                                .uid = new_uuid(random_),
                                                                .from = from->api_version(),
                                                                .to = to->api_version(),
                                                                .kind = std::string(to->kind),
                                                                .objects = std::move(objects)});
  if (hook->review_version.empty())
    return done(conversion_failed(*question, "no supported conversion review versions"));
  net::https_call call{.url = fmt::format("{}?timeout={}s",
                                          hook->service ? service_url(place_of(*hook->service)) : hook->url,
                                          std::chrono::ceil<std::chrono::seconds>(timeout).count()),
                       .connect_to = {},
                       .authority_pem = hook->authority_pem,
                       .body = conversion_text(*question),
                       .timeout = timeout};
  if (hook->service) {
    auto address = find_service_address(*store_.read(), place_of(*hook->service), random_);
    if (!address)
      return done(
          conversion_failed(*question, fmt::format("Post \"{}\": {}", call.url, address.error().message)));
    call.connect_to = std::move(*address);
  }
  caller_->call(std::move(call), [question, done = std::move(done)](result<net::https_answer> got) {
    const auto body = got ? body_of(std::move(*got)) : result<std::string>(got.error());
    if (!body) return done(conversion_failed(*question, body.error().message));
    done(read_conversion(*question, *body));
  });
}

shared_bytes conversion_gate::find_form(const converted_forms::key& key) const {
  const std::lock_guard lock(mutex_);
  return forms_.find(key, clock_.steady_now());
}

bool conversion_gate::join(const converted_forms::key& key, form_waiter waiter) const {
  const std::lock_guard lock(mutex_);
  const auto [place, first] = under_way_.try_emplace(key);
  if (first) return false;
  place->second.push_back(std::move(waiter));
  return true;
}

void conversion_gate::settle(const converted_forms::key& key, const result<shared_bytes>& form,
                             bool alone) const {
  if (key.empty()) return;
  std::vector<form_waiter> waiters;
  {
    const std::lock_guard lock(mutex_);
    if (form) forms_.keep(key, *form, clock_.steady_now());
    if (const auto found = under_way_.find(key); found != under_way_.end()) {
      waiters = std::move(found->second);
      under_way_.erase(found);
    }
  }
  for (const form_waiter& waiter : waiters) waiter(form, alone);
}

} // namespace actord::actors
