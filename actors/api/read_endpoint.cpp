#include "actors/api/read_endpoint.hpp"

#include "actors/api/conversion/converted_list.hpp"
#include "actors/api/forms/object_forms.hpp"
#include "actors/api/forms/protobuf_forms.hpp"
#include "actors/api/forwarding/replica_reads.hpp"
#include "actors/api/list_page.hpp"
#include "actors/api/request_options.hpp"
#include "actors/objects/refusals.hpp"
#include "net/http/gzip_body.hpp"
#include "schema/base/json.hpp"
#include "schema/codec/status.hpp"
#include "schema/object/append_stored.hpp"
#include "schema/write/scale.hpp"
#include "storage/store.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <utility>

namespace actord::actors {
namespace {

/// Calls `read` once the replica is new enough for `at`, or answers the request with why it is not.
void when_readable(const replica_reads& reads, const request_handle& request, std::optional<revision> at,
                   std::function<void()> read) {
  reads.when_readable(at, [request, read = std::move(read)](const result<void>& ready) {
    if (!ready) return answer_error(*request, ready.error());
    read();
  });
}

table_objects included_objects(const query_values& query) {
  const std::string_view include = query.get("includeObject");
  if (include == "None") return table_objects::none;
  if (include == "Object") return table_objects::whole;
  return table_objects::metadata;
}

result<std::string> json_object(const schema::resource_type& type, std::string_view bytes) {
  std::string text;
  if (auto appended = schema::append_stored(text, bytes, type, true); !appended) return appended.error();
  text += '\n';
  return text;
}

void answer_object(const request_handle& request, std::string_view bytes) {
  const schema::resource_type& type = request->type();
  if (bytes.empty()) return answer_error(*request, object_not_found(type, request->route.name));
  if (request->route.subresource == nullptr && request->form.form == object_form::whole &&
      request->form.format != wire_format::yaml && !request->pretty) {
    auto body =
        request->form.format == wire_format::json ? json_object(type, bytes) : protobuf_object(type, bytes);
    if (!body) return answer_error(*request, body.error());
    return answer_bytes(*request, 200, content_type_of(request->form.format), std::move(*body));
  }
  const auto view = schema::object_view::open(bytes);
  if (!view) return answer_error(*request, view.error());
  const bool scales = request->route.subresource != nullptr && request->route.subresource->name == "scale";
  const table_objects include = included_objects(request->query);
  auto text = scales ? render_scale(schema::scale_of(type, view->to_json(type)), request->form, include)
                     : render_object(type, *view, request->form, include);
  if (!text) return answer_error(*request, text.error());
  if (request->pretty && request->form.format == wire_format::json)
    return answer_json(*request, 200, std::move(*text));
  answer_bytes(*request, 200, content_type_of(request->form.format), std::move(*text));
}

/// The history of the list is gone: the client may start again, or go on with a token for what is there now.
void answer_expired_continue(const request_handle& request, const continuation& place) {
  const error expired{
      .kind = error_kind::expired,
      .message =
          "The provided continue parameter is too old to display a consistent list result. You can start a "
          "new list without the continue parameter, or use the continue token in this response to retrieve "
          "the remainder of the results. Continuing with the provided token results in an inconsistent list "
          "- "
          "objects that were created, modified, or deleted between the time the first chunk was returned and "
          "now may show up in the list.",
      .causes = {},
      .subject = {}};
  json status = json::parse(schema::status_text(expired));
  status["metadata"]["continue"] = encode_continuation({revision{}, place.from, {}});
  answer_json(*request, http_code(expired.kind), status.dump());
}

/// Messages that are kept for whoever asks next; custom kinds have none.
bool goes_as_messages(const api_request& request) {
  return request.form.format == wire_format::protobuf && request.form.form == object_form::whole &&
         request.type().custom == nullptr;
}

/// A large list begins to go out while the rest of it is still being made, in pieces. Not what is looked at
/// as a whole afterwards: compressed, indented, written into the audit log.
bool may_go_in_pieces(const api_request& request, const object_page& page) {
  constexpr std::size_t large_bytes = std::size_t{1024} * 1024;
  const bool as_stored = request.form.format == wire_format::json || goes_as_messages(request);
  if (request.form.form != object_form::whole || !as_stored || request.pretty || request.audit ||
      request.http.method != "GET" || net::accepts_gzip(request.http))
    return false;
  std::size_t bytes = 0;
  for (const std::string_view value : page.values) bytes += value.size();
  return bytes >= large_bytes;
}

void answer_in_pieces(const request_handle& request, const object_page& page, const list_metadata& metadata) {
  bool begun = false;
  const auto send = [&](std::string piece) {
    if (!std::exchange(begun, true)) begin_answer(*request, content_type_of(request->form.format));
    request->exchange->write(share_bytes(std::move(piece)));
  };
  constexpr std::size_t piece_bytes = std::size_t{256} * 1024;
  const auto rendered =
      goes_as_messages(*request)
          ? protobuf_objects_in_pieces(request->type(), page.values, metadata, piece_bytes, send)
          : render_list_in_pieces(request->type(), page.values, metadata, send);
  if (rendered) return request->exchange->end();
  if (!begun) return answer_error(*request, rendered.error());
  // Whoever drops an answer that has begun breaks it off: the client sees that it is not whole.
  spdlog::error("{} {} is broken off: {}", request->http.method, request->http.path,
                rendered.error().message);
}

void answer_page(const request_handle& request, const object_page& page) {
  list_metadata metadata{page.at, {}, {}};
  if (page.next) {
    metadata.continue_token = encode_continuation(*page.next);
    metadata.remaining = page.next->remaining;
  }
  if (may_go_in_pieces(*request, page)) return answer_in_pieces(request, page, metadata);
  auto text = goes_as_messages(*request) ? protobuf_objects(request->type(), page.values, metadata)
                                         : render_list(request->type(), page.values, metadata, request->form,
                                                       included_objects(request->query));
  if (!text) return answer_error(*request, text.error());
  if (request->pretty && request->form.format == wire_format::json)
    return answer_json(*request, 200, std::move(*text));
  answer_bytes(*request, 200, content_type_of(request->form.format), std::move(*text));
}

/// Named with a limit and nothing else, a version is the one to page through.
bool is_exact(const list_options& options) {
  if (!options.at || options.at->value == 0) return false;
  return options.match == version_match::exact ||
         (options.match == version_match::by_default && options.limit > 0);
}

void answer_failed_page(const request_handle& request, const std::optional<continuation>& place,
                        const error& why) {
  if (place && why.kind == error_kind::expired) return answer_expired_continue(request, *place);
  answer_error(*request, why);
}

/// The list of a kind whose versions a webhook converts.
void read_converted_list(storage::store& store, const form_source_handle& forms,
                         const request_handle& request, const list_options& options,
                         const std::optional<continuation>& place) {
  converted_question question{.type = request->route.type,
                              .space = request->route.space,
                              .selector = options.selector,
                              .limit = options.limit,
                              .from = place ? place->from : storage::list_position{},
                              .remaining = place ? place->remaining : std::nullopt,
                              .past = {}};
  if (place && place->at.value != 0) question.past = place->at;
  if (!place && is_exact(options)) question.past = options.at;
  read_converted_page(store, forms, std::move(question),
                      [request, place](const result<converted_page>& page) {
                        if (!page) return answer_failed_page(request, place, page.error());
                        object_page shown;
                        for (const shared_bytes& value : page->values) shown.values.emplace_back(*value);
                        shown.at = page->at;
                        shown.next = page->next;
                        answer_page(request, shown);
                      });
}

void read_list(storage::store& store, const request_handle& request, const list_options& options,
               const std::optional<continuation>& place) {
  const std::unique_ptr<storage::snapshot> reads = store.read();
  page_question question{request->type(), request->route.space, options.selector, options.limit, {}, {}};
  std::optional<revision> past;
  if (place) {
    question.from = place->from;
    question.remaining = place->remaining;
    if (place->at.value != 0) past = place->at;
  } else if (is_exact(options)) {
    past = options.at;
  }
  if (!past || *past == reads->at()) return answer_page(request, read_page(*reads, question));
  const auto page = read_past_page(store, *reads, question, *past);
  if (page) return answer_page(request, *page);
  answer_failed_page(request, place, page.error());
}

} // namespace

void serve_get(const replica_reads& reads, const form_source_handle& forms, const request_handle& request) {
  const auto at = parse_get_version(request->query);
  if (!at) return answer_error(*request, at.error());
  when_readable(reads, request, *at,
                [&store = reads.store(), forms = source_for(request->type(), forms), request] {
                  const std::unique_ptr<storage::snapshot> state = store.read();
                  const std::string_view bytes =
                      state->get({request->type().stored_as, request->route.space, request->route.name});
                  if (forms == nullptr) return answer_object(request, bytes);
                  forms->show(request->route.type, bytes, [request](const result<std::string_view>& form) {
                    if (!form) return answer_error(*request, form.error());
                    answer_object(request, *form);
                  });
                });
}

void serve_list(const replica_reads& reads, const form_source_handle& forms, const request_handle& request) {
  auto parsed = parse_list_options(request->query, request->type(), false);
  if (!parsed) return answer_error(*request, parsed.error());
  const auto options = std::make_shared<const list_options>(std::move(*parsed));
  std::optional<continuation> place;
  if (!options->continue_token.empty()) {
    auto decoded = decode_continuation(options->continue_token);
    if (!decoded) return answer_error(*request, decoded.error());
    if (options->at && options->at->value != 0)
      return answer_error(*request,
                          bad_request("specifying resource version is not allowed when using continue"));
    place = std::move(*decoded);
  }
  std::optional<revision> at = options->at;
  if (place) at = place->at.value == 0 ? std::nullopt : std::optional(place->at);
  when_readable(
      reads, request, at,
      [&store = reads.store(), forms = source_for(request->type(), forms), request, options, place] {
        if (forms != nullptr) return read_converted_list(store, forms, request, *options, place);
        read_list(store, request, *options, place);
      });
}

} // namespace actord::actors
