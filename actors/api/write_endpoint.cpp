#include "actors/api/write_endpoint.hpp"

#include "actors/api/conversion/converted_list.hpp"
#include "actors/api/forms/object_forms.hpp"
#include "actors/api/list_page.hpp"
#include "actors/api/request_body.hpp"
#include "actors/api/request_options.hpp"
#include "actors/audit/audit_trail.hpp"
#include "actors/objects/deletion.hpp"
#include "actors/objects/object_router.hpp"
#include "actors/objects/refusals.hpp"
#include "schema/codec/decode.hpp"
#include "schema/object/converted_object.hpp"
#include "schema/rules/checks/formats.hpp"
#include "schema/write/object_metadata.hpp"
#include "schema/write/scale.hpp"
#include "storage/store.hpp"

#include <atomic>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <mutex>

namespace actord::actors {
namespace {

/// The answer to what is created only to have an effect.
constexpr const char* created_status =
    R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","code":201})";

schema::write_cause cause_of(const api_request& request) {
  return {.actor = request.caller.user,
          .verb = request.verb,
          .request_id = request.request_id,
          .reacted_to = {},
          .note = {}};
}

/// One of several writes of a request.
write_command part_command(const api_request& request, write_verb verb) {
  write_command command;
  command.verb = verb;
  command.key = request.key();
  if (request.route.subresource != nullptr) command.subresource = request.route.subresource->name;
  if (request.ask_next_leader) command.request_id = request.request_id;
  command.again = request.again;
  command.cause = cause_of(request);
  return command;
}

/// The write of a request. Takes the caller along, a dozen strings that nobody asks the request for any more.
write_command command_of(api_request& request, write_verb verb) {
  write_command command = part_command(request, verb);
  command.caller = std::move(request.caller);
  return command;
}

void apply_options(write_command& command, write_options options) {
  command.dry_run = options.dry_run;
  command.force = options.force;
  command.field_manager = std::move(options.field_manager);
  command.validation = options.validation;
}

bool is_binding(const api_request& request) {
  return request.route.subresource != nullptr
             ? request.route.subresource->name == "binding"
             : request.type().group.empty() && request.type().plural == "bindings";
}

/// The object itself, or what its subresource shows of it.
void answer_form(const request_handle& request, int code, std::string_view bytes,
                 const std::vector<std::string>& warnings) {
  const schema::resource_type& type = request->type();
  const auto view = schema::object_view::open(bytes);
  if (!view) return answer_error(*request, view.error());
  const answer_extras extras{warnings};
  const std::string_view subresource =
      request->route.subresource == nullptr ? std::string_view() : request->route.subresource->name;
  if (subresource == "scale")
    return answer_json(*request, code, schema::scale_of(type, view->to_json(type)).dump(), extras);
  if (is_binding(*request))
    return answer_json(*request, 201,
                       R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","code":201})",
                       extras);
  auto text = render_object(type, *view, request->form, table_objects::metadata);
  if (!text) return answer_error(*request, text.error());
  if (request->pretty && request->form.format == wire_format::json)
    return answer_json(*request, code, std::move(*text), extras);
  answer_bytes(*request, code, content_type_of(request->form.format), std::move(*text), extras);
}

void answer_written(const form_source_handle& forms, const request_handle& request, int code,
                    const write_answer& answer) {
  if (forms == nullptr) return answer_form(request, code, *answer.stored, answer.warnings);
  forms->show(request->route.type, *answer.stored,
              [request, code, warnings = answer.warnings](const result<std::string_view>& form) {
                if (!form) return answer_error(*request, form.error());
                answer_form(request, code, *form, warnings);
              });
}

/// `answer` is called with what was done; what failed is answered here.
void submit(object_router& router, const request_handle& request, write_command command,
            std::function<void(write_answer done)> answer) {
  if (request->audit) command.audit_notes = std::make_shared<std::map<std::string, std::string>>();
  command.done = [request, notes = command.audit_notes,
                  answer = std::move(answer)](result<write_answer> outcome) {
    if (notes) request->audit->annotate(std::move(*notes));
    if (!outcome) return answer_error(*request, outcome.error());
    answer(std::move(*outcome));
  };
  router.submit(std::move(command));
}

void submit(object_router& router, const form_source_handle& forms, const request_handle& request,
            write_command command) {
  submit(router, request, std::move(command),
         [request, forms = source_for(request->type(), forms)](const write_answer& done) {
           answer_written(forms, request, done.created ? 201 : 200, done);
         });
}

/// The name of an object that a request is about must be able to stand in a path.
result<void> check_path_name(std::string_view name) {
  if (name.empty()) return bad_request("Name parameter required.");
  const auto wrong = schema::rules::path_segment(name);
  if (wrong.empty()) return {};
  return bad_request(fmt::format("Name parameter invalid: \"{}\": {}", name, fmt::join(wrong, ";")));
}

/// A Binding is a write of the pod it names, whichever way it is posted. What the actor gets is decoded JSON.
result<void> settle_binding(const api_request& request, write_command& command) {
  if (!is_binding(request)) return {};
  const schema::resource_type& bindings = schema::builtin("", "bindings");
  auto decoded =
      schema::decode_object(schema::body_kind_of(bindings), command.format, command.body, command.validation);
  if (!decoded) return decoded.error();
  json& binding = decoded->object;
  if (auto space = schema::settle_namespace(bindings, request.route.space, binding); !space)
    return space.error();
  const std::string name = schema::metadata_text(binding, "name");
  if (!request.route.name.empty() && !name.empty() && name != request.route.name)
    return bad_request("name in URL does not match name in Binding object");
  command.key = {schema::builtin("", "pods").id, request.route.space,
                 request.route.name.empty() ? name : request.route.name};
  command.subresource = "binding";
  command.format = schema::body_format::json;
  command.body = binding.dump();
  return check_path_name(command.key.name);
}

void serve_create(object_router& router, const form_source_handle& forms, const request_handle& request) {
  auto format = body_format_of(request->http.header("content-type"));
  if (!format) return answer_error(*request, format.error());
  auto options =
      parse_write_options(request->query, "CreateOptions", request->http.header("user-agent"), false);
  if (!options) return answer_error(*request, options.error());
  write_command command = command_of(*request, write_verb::create);
  apply_options(command, std::move(*options));
  command.format = *format;
  command.body = std::move(request->http.body);
  // The actor that orders the writes of an object is found by its name, which is in the body.
  if (command.key.name.empty()) command.key.name = peek_name(command.body, command.format);
  if (auto settled = settle_binding(*request, command); !settled)
    return answer_error(*request, settled.error());
  submit(router, forms, request, std::move(command));
}

/// Evicting a pod deletes it, with the options the Eviction carries, if its disruption budget allows.
void serve_eviction(object_router& router, const request_handle& request) {
  const auto format = body_format_of(request->http.header("content-type"));
  if (!format) return answer_error(*request, format.error());
  auto decoded = schema::decode_object(schema::body_kind_of(request->type(), "eviction"), *format,
                                       request->http.body, schema::field_validation::ignore);
  if (!decoded) return answer_error(*request, decoded.error());
  if (schema::metadata_text(decoded->object, "name") != request->route.name)
    return answer_error(*request, bad_request("name in URL does not match name in Eviction object"));
  const auto wanted = decoded->object.find("deleteOptions");
  const bool has_options = wanted != decoded->object.end() && wanted->is_object();
  auto removal = parse_delete_options(request->query, has_options ? wanted->dump() : std::string());
  if (!removal) return answer_error(*request, removal.error());
  write_command command = command_of(*request, write_verb::remove);
  command.removal = removal->options;
  command.dry_run = removal->dry_run;
  command.body = decoded->object.dump(); // webhooks want to see it
  submit(router, request, std::move(command), [request](const write_answer& done) {
    answer_json(*request, 201, created_status, {done.warnings});
  });
}

void serve_update(object_router& router, const form_source_handle& forms, const request_handle& request) {
  auto format = body_format_of(request->http.header("content-type"));
  if (!format) return answer_error(*request, format.error());
  auto options =
      parse_write_options(request->query, "UpdateOptions", request->http.header("user-agent"), false);
  if (!options) return answer_error(*request, options.error());
  write_command command = command_of(*request, write_verb::update);
  apply_options(command, std::move(*options));
  command.format = *format;
  command.body = std::move(request->http.body);
  submit(router, forms, request, std::move(command));
}

void serve_patch(object_router& router, const form_source_handle& forms, const request_handle& request) {
  auto format = patch_format_of(request->http.header("content-type"));
  if (!format) return answer_error(*request, format.error());
  const bool applies = *format == schema::patch_format::apply;
  auto options =
      parse_write_options(request->query, "PatchOptions", request->http.header("user-agent"), applies);
  if (!options) return answer_error(*request, options.error());
  write_command command = command_of(*request, write_verb::patch);
  apply_options(command, std::move(*options));
  command.patch = *format;
  command.body = std::move(request->http.body);
  submit(router, forms, request, std::move(command));
}

/// Jobs keep their pods unless the request says what becomes of them, which few people expect.
constexpr std::string_view orphans_by_default_warning =
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove "
    "them "
    "or set propagationPolicy=Orphan to suppress this warning";

bool keeps_dependents_unasked(const schema::resource_type& type, const delete_options& options) {
  return type.group == "batch" && type.plural == "jobs" && options.how == propagation::by_default;
}

result<removal_request> removal_of(const api_request& request) {
  std::string body = request.http.body;
  if (!body.empty()) {
    const auto format = body_format_of(request.http.header("content-type"));
    if (!format) return format.error();
    auto text = delete_options_json(body, *format);
    if (!text) return text.error();
    body = std::move(*text);
  }
  return parse_delete_options(request.query, body);
}

void answer_deleted(const request_handle& request, int code, const write_answer& answer) {
  const auto view = schema::object_view::open_envelope(*answer.stored);
  if (!view) return answer_error(*request, view.error());
  answer_json(*request, code, success_status(request->type(), view->name(), view->uid()), {answer.warnings});
}

void serve_delete(object_router& router, const form_source_handle& forms, const request_handle& request) {
  auto removal = removal_of(*request);
  if (!removal) return answer_error(*request, removal.error());
  write_command command = command_of(*request, write_verb::remove);
  command.removal = removal->options;
  command.dry_run = removal->dry_run;
  const bool warns_of_orphans = keeps_dependents_unasked(request->type(), removal->options);
  const bool cascades = removal->asked_for_dependents;
  submit(
      router, request, std::move(command),
      [request, forms = source_for(request->type(), forms), warns_of_orphans, cascades](write_answer done) {
        if (warns_of_orphans) done.warnings.emplace_back(orphans_by_default_warning);
        const int code = !done.removed && cascades ? 202 : 200;
        if (done.removed && !answers_with_deleted_object(request->type()))
          return answer_deleted(request, code, done);
        if (forms == nullptr) return answer_form(request, code, *done.stored, done.warnings);
        // The deletion has taken effect: that nobody can show the object any more makes no failure of it.
        const std::string bytes = *done.stored;
        forms->show(request->route.type, bytes,
                    [request, code, done = std::move(done)](const result<std::string_view>& form) {
                      if (!form) return answer_deleted(request, code, done);
                      answer_form(request, code, *form, done.warnings);
                    });
      });
}

/// The deletions of one collection, answered together.
struct collection_removal {
  request_handle request;
  std::vector<shared_bytes> objects; ///< as they were, in list order
  revision at;
  std::atomic<std::size_t> waiting{0};
  std::mutex mutex;
  std::optional<error> failure; ///< the first

  void settle(result<write_answer> outcome) {
    if (!outcome && outcome.error().kind != error_kind::not_found) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::move(outcome).error();
    }
    if (waiting.fetch_sub(1) == 1) finish();
  }

  void finish() {
    if (failure) return answer_error(*request, *failure);
    std::vector<std::string_view> values;
    values.reserve(objects.size());
    for (const shared_bytes& object : objects) values.emplace_back(*object);
    auto text = render_list(request->type(), values, {at, {}, {}}, request->form, table_objects::metadata);
    if (!text) return answer_error(*request, text.error());
    answer_bytes(*request, 200, content_type_of(request->form.format), std::move(*text));
  }
};

} // namespace

void serve_write(object_router& router, const form_source_handle& forms, const request_handle& request) {
  if (request->verb == "create" && request->route.subresource != nullptr &&
      request->route.subresource->name == "eviction")
    return serve_eviction(router, request);
  if (request->verb == "create") return serve_create(router, forms, request);
  if (request->verb == "update") return serve_update(router, forms, request);
  if (request->verb == "patch") return serve_patch(router, forms, request);
  serve_delete(router, forms, request);
}

namespace {

/// Deletes what was found.
void remove_all(object_router& router, const std::shared_ptr<collection_removal>& all,
                const removal_request& removal) {
  const request_handle& request = all->request;
  std::vector<object_key> keys;
  for (const shared_bytes& object : all->objects) {
    const auto view = schema::object_view::open_envelope(*object);
    if (!view) return answer_error(*request, view.error());
    keys.push_back({request->type().id, std::string(view->space()), std::string(view->name())});
  }
  all->waiting = keys.size() + 1;
  for (object_key& key : keys) {
    write_command command = part_command(*request, write_verb::remove);
    command.caller = request->caller;
    command.key = std::move(key);
    // One request, many transactions: each is its own, and a second try finds less to delete.
    command.request_id.clear();
    command.again = false;
    command.removal = removal.options;
    command.dry_run = removal.dry_run;
    command.done = [all](result<write_answer> outcome) { all->settle(std::move(outcome)); };
    router.submit(std::move(command));
  }
  all->settle(write_answer{});
}

/// Deletes what matches now.
void remove_matching(storage::store& store, object_router& router, const form_source_handle& forms,
                     const request_handle& request, const removal_request& removal,
                     const list_options& options) {
  const auto all = std::make_shared<collection_removal>();
  all->request = request;
  if (schema::converts(request->type()))
    return read_converted_page(store, forms,
                               {.type = request->route.type,
                                .space = request->route.space,
                                .selector = options.selector,
                                .limit = options.limit,
                                .from = {},
                                .remaining = {},
                                .past = {}},
                               [all, &router, removal](result<converted_page> page) {
                                 if (!page) return answer_error(*all->request, page.error());
                                 all->at = page->at;
                                 all->objects = std::move(page->values);
                                 remove_all(router, all, removal);
                               });
  {
    const std::unique_ptr<storage::snapshot> reads = store.read();
    const object_page page =
        read_page(*reads, {request->type(), request->route.space, options.selector, options.limit, {}, {}});
    all->at = page.at;
    for (const std::string_view value : page.values) all->objects.push_back(share_bytes(std::string(value)));
  }
  remove_all(router, all, removal);
}

} // namespace

void serve_delete_collection(storage::store& store, object_router& router, const form_source_handle& forms,
                             const request_handle& request) {
  auto removal = removal_of(*request);
  if (!removal) return answer_error(*request, removal.error());
  auto options = parse_list_options(request->query, request->type(), false);
  if (!options) return answer_error(*request, options.error());
  store.confirm_reads([&store, &router, forms, request, removal = std::move(*removal),
                       options = std::move(*options)](const result<void>& ready) {
    if (!ready) return answer_error(*request, ready.error());
    remove_matching(store, router, forms, request, removal, options);
  });
}

} // namespace actord::actors
