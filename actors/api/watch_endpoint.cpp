#include "actors/api/watch_endpoint.hpp"

#include "actors/api/conversion/converted_list.hpp"
#include "actors/api/conversion/watch_conversion.hpp"
#include "actors/api/event_messages.hpp"
#include "actors/api/forwarding/replica_reads.hpp"
#include "actors/api/list_page.hpp"
#include "actors/api/request_options.hpp"
#include "actors/api/watch_bell.hpp"
#include "actors/api/watch_events.hpp"
#include "actors/console/actor_registry.hpp"
#include "net/http/websocket.hpp"
#include "schema/codec/status.hpp"
#include "schema/custom/definition.hpp"
#include "schema/object/converted_object.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <fmt/format.h>

namespace actord::actors::watch_messages {

struct bookmark_due {};
/// timeoutSeconds is over.
struct time_is_up {};
/// The client left.
struct closed {};
/// What a webhook made of objects on their way out.
struct converted {
  std::shared_ptr<watch_conversion::forms_result> forms;
};

} // namespace actord::actors::watch_messages

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::watch_messages::bookmark_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::watch_messages::time_is_up)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::watch_messages::closed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::watch_messages::converted)

namespace actord::actors {

/// Live streams by resource.
struct watch_counts {
  struct counts {
    std::atomic<std::uint32_t> streams{0};
    std::atomic<std::uint64_t> events{0};
  };
  std::array<counts, 1024> by_resource{};

  counts& of(resource_id resource) { return by_resource[resource.value % by_resource.size()]; }
};

namespace {

using namespace watch_messages;

/// What may wait for one client's socket before its cursor stops. A step adds at most so many objects to it:
/// ten thousand clients that begin at once and do not read are bounded by the sum of both.
constexpr std::size_t pending_max_bytes = 128 * 1024;
constexpr std::size_t events_per_step = 64;
constexpr std::size_t initial_page_objects = 32;
constexpr std::chrono::seconds bookmark_interval{60};
constexpr std::chrono::milliseconds definition_delay{200};

struct stream_setup {
  storage::store* store = nullptr;
  actor_registry* registry = nullptr;
  std::shared_ptr<event_encoder> encoder;
  std::shared_ptr<watch_counts> counts;
  std::shared_ptr<watch_pacer> pacer;
  form_source_handle forms;
  // Of the request, which is not kept: a watch may last for hours, and thousands of them.
  resource_route route;
  answer_form form;
  net::exchange_handle exchange;

  list_options options;
  std::chrono::seconds timeout{};
  table_objects include = table_objects::metadata;
};

/// Thousands of them idle: what most never need lies outside.
class watch_stream {
public:
  watch_stream(caf::event_based_actor* self, stream_setup setup, std::string_view remote_address)
      : self_(self), setup_(std::move(setup)),
        bell_(std::make_shared<watch_bell>(caf::actor_cast<caf::actor>(self_), setup_.pacer)) {
    card_ = setup_.registry->enroll("watch", describe(remote_address));
    ++counted().streams;
  }
  ~watch_stream() { --counted().streams; }
  watch_stream(const watch_stream&) = delete;
  watch_stream& operator=(const watch_stream&) = delete;

  caf::behavior make() {
    start();
    return {
        [this](wake) {
          bell_->answered();
          card_->handled("wake", 0);
          pump();
        },
        [this](bookmark_due) {
          if (caught_up()) send_bookmark(false);
          self_->delayed_send(self_, bookmark_interval, bookmark_due{});
        },
        [this](time_is_up) { finish(); },
        [this](closed) { self_->quit(); },
        [this](const converted& message) {
          card_->handled("converted", 0);
          take_converted(std::move(*message.forms));
          pump();
        },
    };
  }

private:
  [[nodiscard]] std::string describe(std::string_view remote_address) const {
    const schema::resource_type& type = *setup_.route.type;
    return fmt::format("{} {} {}", type.plural, setup_.route.space.empty() ? "*" : setup_.route.space,
                       remote_address);
  }

  [[nodiscard]] watch_counts::counts& counted() const {
    return setup_.counts->of(setup_.route.type->stored_as);
  }

  [[nodiscard]] net::http_exchange& exchange() const { return *setup_.exchange; }
  [[nodiscard]] wire_format format() const { return setup_.form.format; }

  void start() {
    const auto self = caf::actor_cast<caf::actor>(self_);
    exchange().on_closed([self] { caf::anon_send(self, closed{}); });
    exchange().on_drained([bell = bell_] { bell->ring_for_room(); });
    self_->delayed_send(self_, setup_.timeout, time_is_up{});
    if (setup_.options.bookmarks) self_->delayed_send(self_, bookmark_interval, bookmark_due{});

    watch_definition();
    const std::optional<revision> at = setup_.options.at;
    const bool from_state = setup_.options.initial_events.value_or(!at || at->value == 0);
    if (from_state) {
      initial_ = std::make_unique<continuation>();
    } else {
      open_cursor(at && at->value != 0 ? *at : setup_.store->status().last);
    }
    net::http_response head;
    head.headers.emplace_back("content-type", format() == wire_format::protobuf
                                                  ? "application/vnd.kubernetes.protobuf;stream=watch"
                                                  : "application/json");
    head.headers.emplace_back("cache-control", "no-cache, private");
    exchange().begin(std::move(head));
    pump();
  }

  void open_cursor(revision after) {
    auto cursor = setup_.store->watch(scope(), after, [bell = bell_] { bell->ring_for_events(); });
    if (cursor)
      cursor_ = std::move(*cursor);
    else
      fail_later(cursor.error());
  }

  [[nodiscard]] storage::watch_scope scope() const {
    const auto name = setup_.options.selector.required_field("metadata.name");
    return {setup_.route.type->stored_as, setup_.route.space, std::string(name.value_or(""))};
  }

  [[nodiscard]] bool caught_up() const {
    return cursor_ && !initial_ && (!conversion_ || conversion_->empty());
  }

  void pump() {
    while (!ended_ && has_room()) {
      if (failure_) return fail(*failure_);
      if (conversion_ && !conversion_->empty()) return convert_next();
      if (initial_ ? !send_initial_page() : !send_events()) return;
    }
  }

  /// When there is none, the bell rings once there is.
  [[nodiscard]] bool has_room() const {
    if (exchange().pending_bytes() < pending_max_bytes) return true;
    bell_->wait_for_room();
    return exchange().pending_bytes() < pending_max_bytes;
  }

  /// The state as of one revision, page by page as the client takes it. False when there is nothing left to
  /// do now.
  bool send_initial_page() {
    if (page_out_) return end_page(std::move(*std::exchange(page_out_, nullptr)));
    const auto reads = setup_.store->read();
    const bool converts = converts_now();
    const object_selector stable =
        converts ? same_in_all_versions(setup_.options.selector) : object_selector{};
    const page_question question{
        *setup_.route.type,   setup_.route.space, converts ? stable : setup_.options.selector,
        initial_page_objects, initial_->from,     {}};
    const bool first = initial_->at.value == 0;
    auto page = first || initial_->at == reads->at()
                    ? result<object_page>(read_page(*reads, question))
                    : read_past_page(*setup_.store, *reads, question, initial_->at);
    if (!page) {
      fail_later(page.error());
      return true;
    }
    std::vector<storage::store_event> objects;
    for (const std::string_view value : page->values)
      objects.push_back({storage::event_kind::added, {}, {}, share_bytes(std::string(value)), nullptr});
    page_end end{page->at, std::move(page->next)};
    if (converts) {
      conversion_->add(std::move(objects));
      page_out_ = std::make_unique<page_end>(std::move(end));
      return true;
    }
    std::vector<shared_bytes> lines;
    for (const storage::store_event& each : objects) render(watch_event::added, each, false, lines);
    send(lines);
    return end_page(std::move(end));
  }

  struct page_end {
    revision at;
    std::optional<continuation> next;
  };

  /// All of the page is out.
  bool end_page(page_end page) {
    if (page.next) {
      *initial_ = std::move(*page.next);
      return true;
    }
    const revision at = page.at;
    initial_.reset();
    open_cursor(at);
    if (setup_.options.initial_events.value_or(false) && setup_.options.bookmarks) send_bookmark_at(at, true);
    return true;
  }

  /// Whether a webhook converts the kind as it is now.
  bool converts_now() {
    if (!schema::converts(*setup_.route.type)) return false;
    if (!conversion_) conversion_ = std::make_unique<watch_conversion>(setup_.forms);
    return true;
  }

  void convert_next() {
    if (conversion_->under_way()) return;
    conversion_->send(
        setup_.route.type, !setup_.options.selector.empty(),
        [self = caf::actor_cast<caf::actor>(self_)](watch_conversion::forms_result forms) {
          caf::anon_send(self, converted{std::make_shared<watch_conversion::forms_result>(std::move(forms))});
        });
  }

  void take_converted(watch_conversion::forms_result forms) {
    const auto events = conversion_->take(std::move(forms));
    if (!events) return fail_later(events.error());
    send_visible(*events, !initial_);
  }

  void send_visible(const std::vector<storage::store_event>& events, bool shared) {
    std::vector<shared_bytes> lines;
    lines.reserve(events.size());
    for (const storage::store_event& event : events)
      if (const auto what = visible_event(event, setup_.options.selector))
        render(*what, event, shared, lines);
    send(lines);
  }

  /// A kind may end while nothing happens to its objects: its definition is watched too.
  void watch_definition() {
    const schema::resource_type& type = *setup_.route.type;
    if (type.custom == nullptr) return;
    const auto& definitions = schema::builtin("apiextensions.k8s.io", "customresourcedefinitions");
    auto cursor =
        setup_.store->watch({definitions.id, "", fmt::format("{}.{}", type.plural, type.group)},
                            setup_.store->status().last, [bell = bell_] { bell->ring_for_events(); });
    if (cursor) definition_ = std::move(*cursor);
  }

  /// Changes of the definition take effect a moment after their event: then this stream looks again.
  void note_definition() {
    if (!definition_) return;
    auto changes = definition_->next(events_per_step);
    if (!changes || changes->empty()) return;
    for (const storage::store_event& change : *changes)
      definition_gone_ |= change.kind == storage::event_kind::removed;
    self_->delayed_send(self_, definition_delay, wake{});
  }

  /// A definition that changed shows its objects another way from now on; one that went ends the stream.
  bool follow_definition() {
    schema::resource_handle& type = setup_.route.type;
    if (type->custom == nullptr) return true;
    auto now = schema::find_resource(type->group, type->version, type->plural);
    if (now == nullptr || now->custom == nullptr ||
        now->custom->definition->uid() != type->custom->definition->uid())
      return false;
    if (now != type) type = std::move(now);
    return true;
  }

  bool send_events() {
    note_definition();
    const bool is_served = follow_definition() && !definition_gone_;
    auto events = cursor_->next(events_per_step);
    if (!events) {
      fail_later(events.error());
      return true;
    }
    if (events->empty() && !is_served) finish();
    const bool any = !events->empty();
    if (converts_now())
      conversion_->add(std::move(*events));
    else
      send_visible(*events, true);
    return any;
  }

  void send(std::vector<shared_bytes>& lines) {
    if (lines.empty()) return;
    bell_->fed();
    counted().events.fetch_add(lines.size(), std::memory_order_relaxed);
    exchange().write_all(lines);
  }

  void render(watch_event what, const storage::store_event& event, bool shared,
              std::vector<shared_bytes>& lines) {
    if (failure_) return; // nothing follows an event that cannot be shown
    const schema::resource_type& type = *setup_.route.type;
    const bool first = std::exchange(first_, false);
    auto line = shared ? setup_.encoder->encode(type, what, event, setup_.form, setup_.include, first)
                       : encode_alone(type, what, event, first);
    if (!line) {
      fail_later(line.error());
      return;
    }
    lines.push_back(std::move(*line));
  }

  result<shared_bytes> encode_alone(const schema::resource_type& type, watch_event what,
                                    const storage::store_event& event, bool first) const {
    const auto view = schema::object_view::open(*event.value);
    if (!view) return view.error();
    auto object = render_object(type, *view, setup_.form, setup_.include, first);
    if (!object) return object.error();
    return share_bytes(framed_event(what, *object, format()));
  }

  void send_bookmark(bool end_of_initial) { send_bookmark_at(cursor_->position(), end_of_initial); }
  void send_bookmark_at(revision at, bool end_of_initial) {
    auto object = bookmark_object(*setup_.route.type, at, end_of_initial, setup_.form);
    if (!object) {
      fail_later(object.error());
      return;
    }
    exchange().write(share_bytes(framed_event(watch_event::bookmark, *object, format())));
  }

  void fail_later(error why) { failure_ = std::make_unique<error>(std::move(why)); }

  /// The stream has begun, so an error is an event.
  void fail(const error& why) {
    std::string status = schema::status_text(why);
    if (format() != wire_format::json)
      if (auto converted = convert_document(status, format())) status = std::move(*converted);
    exchange().write(share_bytes(framed_event(watch_event::error, status, format())));
    finish();
  }

  void finish() {
    if (ended_) return;
    ended_ = true;
    exchange().end();
    self_->quit();
  }

  caf::event_based_actor* self_;
  stream_setup setup_;
  std::shared_ptr<watch_bell> bell_;
  std::shared_ptr<actor_card> card_;
  std::unique_ptr<storage::watch_cursor> cursor_;
  std::unique_ptr<storage::watch_cursor> definition_; ///< of a custom kind
  std::unique_ptr<continuation> initial_;             ///< set while the initial state is not out
  std::unique_ptr<watch_conversion> conversion_;      ///< of a kind that a webhook converts
  std::unique_ptr<page_end> page_out_; ///< of the initial page whose objects are being converted
  std::unique_ptr<error> failure_;
  bool definition_gone_ = false;
  bool first_ = true;
  bool ended_ = false;
};

struct stream_state {
  std::optional<watch_stream> stream;
};

std::chrono::seconds default_timeout(random_source& random) {
  return std::chrono::seconds(1800 + random.next() % 1800);
}

table_objects included(const query_values& query) {
  const std::string_view include = query.get("includeObject");
  if (include == "None") return table_objects::none;
  return include == "Object" ? table_objects::whole : table_objects::metadata;
}

} // namespace

watch_endpoint::watch_endpoint(collaborators with)
    : with_(with), counts_(std::make_shared<watch_counts>()), encoder_(std::make_shared<event_encoder>()),
      pacer_(std::make_shared<watch_pacer>(with_.clock)) {
  // Hidden: it lives as long as this endpoint, and nobody who waits for actors to end waits for it.
  pacer_->use(with_.system.spawn<caf::hidden>(
      [](caf::event_based_actor*, const std::weak_ptr<watch_pacer>& pacer,
         const std::shared_ptr<actor_card>& card) -> caf::behavior {
        return {[pacer, card](wake) {
          card->handled("wake", 0);
          if (const auto there = pacer.lock()) there->ring_all();
        }};
      },
      std::weak_ptr(pacer_), with_.registry.enroll("watch pacer", "")));
}
watch_endpoint::~watch_endpoint() { pacer_->stop(); }

std::uint64_t watch_endpoint::watchers(resource_id resource) const {
  return counts_->of(resource).streams.load(std::memory_order_relaxed);
}

std::string watch_endpoint::metrics_text() const {
  constexpr std::string_view name = "apiserver_watch_events_total";
  std::string out = fmt::format("# HELP {0} Events sent to watches, by kind.\n# TYPE {0} counter\n", name);
  for (const schema::resource_handle& type : schema::stored_resources()) {
    const std::uint64_t count = counts_->of(type->stored_as).events.load(std::memory_order_relaxed);
    if (count > 0)
      out += fmt::format("{}{{group=\"{}\",kind=\"{}\",resource=\"{}\",version=\"{}\"}} {}\n", name,
                         type->group, type->kind, type->plural, type->version, count);
  }
  return out;
}

void watch_endpoint::serve(const request_handle& request) {
  auto options = parse_list_options(request->query, request->type(), true);
  if (!options) return answer_error(*request, options.error());
  if (!request->route.name.empty())
    options->selector.fields.push_back({"metadata.name", request->route.name, false});
  stream_setup setup{.store = &with_.reads.store(),
                     .registry = &with_.registry,
                     .encoder = encoder_,
                     .counts = counts_,
                     .pacer = pacer_,
                     .forms = request->type().custom == nullptr ? nullptr : with_.forms,
                     .route = request->route,
                     .form = {},
                     .exchange = {},
                     .options = std::move(*options),
                     .timeout = {},
                     .include = included(request->query)};
  // There is no stream of YAML documents.
  const bool as_messages = net::asks_for_websocket(request->http);
  if (request->form.format == wire_format::yaml || as_messages) request->form.format = wire_format::json;
  setup.timeout = setup.options.timeout.value_or(default_timeout(with_.random));
  const auto begin = [&system = with_.system, request](stream_setup ready) {
    ready.form = request->form;
    ready.exchange = request->exchange;
    if (net::asks_for_websocket(request->http)) {
      auto messages = open_event_messages(request->http, *request->exchange);
      if (!messages) return answer_error(*request, messages.error());
      ready.exchange = std::move(*messages);
    }
    system.spawn(
        [](caf::stateful_actor<stream_state>* self, const std::shared_ptr<stream_setup>& given,
           const request_handle& asked) -> caf::behavior {
          return self->state.stream.emplace(self, std::move(*given), asked->http.remote_address).make();
        },
        std::make_shared<stream_setup>(std::move(ready)), request);
  };
  // From a version on, events come when they come: what there is suffices. The state must be that new.
  std::optional<revision> at = setup.options.at;
  if (at && at->value != 0 && !setup.options.initial_events.value_or(false)) {
    at = std::min(*at, with_.reads.store().status().last);
    if (at->value == 0) return begin(std::move(setup));
  }
  with_.reads.when_readable(at, [request, begin, setup = std::move(setup)](const result<void>& ready) {
    if (!ready) return answer_error(*request, ready.error());
    begin(setup);
  });
}

} // namespace actord::actors
