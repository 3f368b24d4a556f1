#include "cli/commands/command_session.hpp"

#include "actors/api/forms/yaml_text.hpp"
#include "cli/output/text_table.hpp"
#include "schema/base/json.hpp"

#include <map>
#include <ostream>
#include <set>

namespace actord::cli {

namespace {

constexpr const char* table_form = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

std::string cell_text(const json& cell) {
  if (cell.is_string()) return cell.get<std::string>();
  if (cell.is_null()) return "<none>";
  return cell.dump();
}

std::string labels_text(const json& object) {
  const json* labels = value_at(object, {"metadata", "labels"});
  if (labels == nullptr || !labels->is_object() || labels->empty()) return "<none>";
  std::string text;
  for (const auto& [key, value] : labels->items())
    text += (text.empty() ? "" : ",") + key + "=" + cell_text(value);
  return text;
}

/// Turns the server's Table documents into printed rows; one of these per selected type.
class table_view {
public:
  table_view(const get_command& command, const selected_objects& selected, bool with_type)
      : command_(command), selected_(selected), with_type_(with_type) {}

  /// The first document that describes its columns settles them.
  void learn_columns(const json& table) {
    const json* definitions = value_at(table, {"columnDefinitions"});
    if (!columns_.empty() || definitions == nullptr || !definitions->is_array()) return;
    std::size_t index = 0;
    for (const json& definition : *definitions) {
      if (definition.value("priority", 0) == 0 || command_.output == "wide") {
        std::string name = text_at(definition, {"name"});
        for (char& letter : name)
          letter = letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 32) : letter;
        columns_.push_back(name);
        shown_.push_back(index);
      }
      ++index;
    }
  }

  void add(const json& table, text_table& rows) {
    learn_columns(table);
    const json* list = value_at(table, {"rows"});
    if (list == nullptr || !list->is_array()) return;
    for (const json& row : *list) rows.add(row_of(row));
  }

  [[nodiscard]] std::vector<std::string> header() const {
    std::vector<std::string> names;
    if (shows_space()) names.emplace_back("NAMESPACE");
    names.insert(names.end(), columns_.begin(), columns_.end());
    if (command_.show_labels) names.emplace_back("LABELS");
    return names;
  }

private:
  [[nodiscard]] bool shows_space() const {
    return command_.selection.all_namespaces && selected_.resource.namespaced;
  }

  [[nodiscard]] std::vector<std::string> row_of(const json& row) const {
    std::vector<std::string> cells;
    const json empty = json::object();
    const json* object = value_at(row, {"object"});
    if (object == nullptr) object = &empty;
    if (shows_space()) cells.push_back(text_at(*object, {"metadata", "namespace"}));
    const json* values = value_at(row, {"cells"});
    for (std::size_t at = 0; at < shown_.size(); ++at) {
      const bool present = values != nullptr && values->is_array() && shown_[at] < values->size();
      std::string text = present ? cell_text((*values)[shown_[at]]) : std::string();
      if (at == 0 && with_type_) text = qualified_name(selected_.resource, text);
      cells.push_back(std::move(text));
    }
    if (command_.show_labels) cells.push_back(labels_text(*object));
    return cells;
  }

  const get_command& command_;
  const selected_objects& selected_;
  const bool with_type_;
  std::vector<std::string> columns_;
  std::vector<std::size_t> shown_;
};

query_list list_query(const get_command& command, const selected_objects& selected) {
  query_list query = selector_query(command.selection);
  if (!selected.name.empty()) query.emplace_back("fieldSelector", "metadata.name=" + selected.name);
  return query;
}

/// Hands over every page of the Table, or the one Table of the named object.
result<std::string> fetch_tables(command_session& session, const get_command& command,
                                 const selected_objects& selected,
                                 const std::function<void(const json&)>& take) {
  query_list query = selected.name.empty() ? selector_query(command.selection) : query_list();
  if (selected.name.empty() && command.chunk_size > 0)
    query.emplace_back("limit", std::to_string(command.chunk_size));
  std::string next;
  while (true) {
    query_list page = query;
    if (!next.empty()) page.emplace_back("continue", next);
    const auto answer = session.client.get(selected.path() + query_text(page), table_form);
    if (!answer) return answer.error();
    tell_warnings(session, answer->warnings);
    take(answer->body);
    next = text_at(answer->body, {"metadata", "continue"});
    if (next.empty()) return text_at(answer->body, {"metadata", "resourceVersion"});
  }
}

result<void> watch_tables(command_session& session, const get_command& command,
                          const selected_objects& selected, const std::string& revision, table_view& view,
                          std::vector<std::size_t> widths, bool header_was_printed) {
  query_list query = list_query(command, selected);
  query.emplace_back("watch", "true");
  if (!revision.empty()) query.emplace_back("resourceVersion", revision);
  std::optional<error> failure;
  const auto show = [&](std::string_view line) {
    const json event = json::parse(line, nullptr, false);
    const json* object = event.is_object() ? value_at(event, {"object"}) : nullptr;
    if (object == nullptr) return true;
    const std::string type = text_at(event, {"type"});
    if (type == "ERROR") {
      failure = error{.kind = error_kind::internal, .message = text_at(*object, {"message"})};
      return false;
    }
    if (type == "BOOKMARK") return true;
    view.learn_columns(*object);
    text_table rows(view.header());
    view.add(*object, rows);
    rows.print(session.context.output, !header_was_printed && !command.no_headers, widths);
    header_was_printed = true;
    session.context.output.flush();
    return true;
  };
  const std::string target = selected.resource.path(selected.space) + query_text(query);
  auto ended = session.client.lines(target, table_form, show);
  if (failure) return *failure;
  return ended;
}

result<void> print_tables(command_session& session, const get_command& command,
                          const std::vector<selected_objects>& selection) {
  std::map<std::string, std::vector<const selected_objects*>> by_type; // names of one type share a table
  std::vector<std::string> order;
  for (const auto& selected : selection) {
    const std::string type = selected.resource.plural + "." + selected.resource.group;
    if (!by_type.contains(type)) order.push_back(type);
    by_type[type].push_back(&selected);
  }
  const bool with_type = order.size() > 1;
  const bool watches = command.watch || command.watch_only;
  if (watches && selection.size() != 1) {
    return error{.kind = error_kind::bad_request,
                 .message = "you may only watch a single resource or type of resource at a time"};
  }
  std::optional<error> failure;
  bool printed = false;
  for (const auto& type : order) {
    table_view view(command, *by_type[type].front(), with_type);
    std::vector<json> tables;
    std::string revision;
    for (const auto* selected : by_type[type]) {
      auto fetched = fetch_tables(session, command, *selected,
                                  [&tables](const json& table) { tables.push_back(table); });
      if (fetched) {
        revision = *fetched;
      } else if (!command.ignore_not_found || fetched.error().kind != error_kind::not_found) {
        if (failure) session.context.errors << describe_error(*failure) << '\n';
        failure = fetched.error();
      }
    }
    if (!tables.empty()) view.learn_columns(tables.front());
    text_table rows(view.header());
    if (!command.watch_only) {
      for (const auto& table : tables) view.add(table, rows);
    }
    std::vector<std::size_t> widths;
    if (!rows.empty()) {
      if (printed) session.context.output << '\n';
      rows.print(session.context.output, !command.no_headers, widths);
      session.context.output.flush();
      printed = true;
    }
    if (watches && !failure) {
      return watch_tables(session, command, *by_type[type].front(), revision, view, widths, !rows.empty());
    }
  }
  if (failure) return *failure;
  if (!printed && !command.ignore_not_found) {
    const bool everywhere = command.selection.all_namespaces || !selection.front().resource.namespaced;
    session.context.errors << (everywhere ? std::string("No resources found")
                                          : "No resources found in " + session.space + " namespace.")
                           << '\n';
  }
  return {};
}

void print_document(command_session& session, const std::string& form, const json& document) {
  if (form == "yaml") {
    session.context.output << actors::yaml_text(document);
  } else {
    session.context.output << document.dump(4) << '\n';
  }
}

result<void> print_objects(command_session& session, const get_command& command,
                           const std::vector<selected_objects>& selection) {
  json items = json::array();
  for (const auto& selected : selection) {
    auto objects = fetch_objects(session, selected, selector_query(command.selection));
    if (!objects) {
      if (command.ignore_not_found && objects.error().kind == error_kind::not_found) continue;
      return objects.error();
    }
    for (json& object : *objects) {
      if (!command.show_managed_fields && object.contains("metadata"))
        object["metadata"].erase("managedFields");
      if (command.output == "name") {
        session.context.output << qualified_name(selected.resource, text_at(object, {"metadata", "name"}))
                               << '\n';
      } else {
        items.push_back(std::move(object));
      }
    }
  }
  if (command.output == "name") return {};
  const bool one_named = selection.size() == 1 && !selection.front().name.empty();
  if (one_named) {
    if (!items.empty()) print_document(session, command.output, items.front());
    return {};
  }
  print_document(
      session, command.output,
      {{"apiVersion", "v1"}, {"kind", "List"}, {"metadata", {{"resourceVersion", ""}}}, {"items", items}});
  return {};
}

} // namespace

result<void> run_get(command_session& session, const get_command& command) {
  const auto selection = select_objects(session, command.selection);
  if (!selection) return selection.error();
  if (command.output.empty() || command.output == "wide") return print_tables(session, command, *selection);
  return print_objects(session, command, *selection);
}

} // namespace actord::cli
