#include "actors/api/console_endpoint.hpp"

#include "actors/console/actor_registry.hpp"
#include "actors/nodes/node_directory.hpp"
#include "schema/base/json.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/store.hpp"

namespace actord::actors {
namespace {

/// The node that the query names with node=NAME, or the one that is meant without.
result<std::unique_ptr<image_upload>> begin_load(const storage::store& store, node_directory* nodes,
                                                 std::string_view query) {
  if (nodes == nullptr)
    return error{.kind = error_kind::unavailable, .message = "no node is connected to this server"};
  std::vector<std::string> names;
  store.read()->scan(schema::builtin("", "nodes").stored_as, {}, [&](std::string_view bytes) {
    if (const auto view = schema::object_view::open_envelope(bytes)) names.emplace_back(view->name());
    return true;
  });
  const auto found = nodes->find_for_image(std::string(query_values::parse(query).get("node")), names);
  if (!found) return found.error();
  return (*found)->begin_image_load();
}

} // namespace

void serve_actors(const actor_registry& registry, const request_handle& request) {
  json items = json::array();
  const std::string_view kind = request->query.get("kind");
  for (const actor_report& report : registry.report()) {
    if (!kind.empty() && report.kind != kind) continue;
    items.push_back({{"kind", report.kind},
                     {"key", report.key},
                     {"mailbox", report.mailbox},
                     {"handled", report.handled},
                     {"lastMessage", report.last_message},
                     {"summary", report.summary}});
  }
  const json document = {{"kind", "ActorList"}, {"apiVersion", "actord.dev/v1"}, {"items", std::move(items)}};
  answer_json(*request, 200, document.dump());
}

std::unique_ptr<net::body_sink> receive_image(const storage::store& store, node_directory* nodes,
                                              const request_handle& request, upload_admission admit) {
  auto sink = std::make_unique<net::body_sink>();
  auto begun = begin_load(store, nodes, request->http.query);
  // The body is read to its end even so: a client that is still sending would not see the answer.
  const auto failure = std::make_shared<std::optional<error>>();
  auto upload = std::make_shared<std::shared_ptr<image_upload>>();
  if (begun)
    *upload = std::move(*begun);
  else
    *failure = begun.error();
  sink->more = [upload, failure](std::string_view piece) -> result<void> {
    if (*failure) return {};
    if (auto written = (*upload)->write(piece); !written) {
      *failure = written.error();
      upload->reset();
    }
    return {};
  };
  sink->complete = [upload, failure, request, admit = std::move(admit)] {
    if (*failure) return answer_error(*request, **failure);
    admit(request, [upload, request] {
      (*upload)->finish([upload, request](result<std::vector<std::string>> names) {
        if (!names) return answer_error(*request, names.error());
        const json loaded{{"kind", "ImageLoad"}, {"apiVersion", "actord.dev/v1"}, {"images", *names}};
        answer_bytes(*request, 201, "application/json", loaded.dump() + "\n");
      });
    });
  };
  sink->aborted = [upload] { upload->reset(); };
  return sink;
}

} // namespace actord::actors
