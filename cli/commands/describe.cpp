#include "cli/commands/command_session.hpp"

#include "cli/output/text_table.hpp"
#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"

#include <algorithm>
#include <array>
#include <ostream>

namespace actord::cli {

namespace {

/// Of the lines of the object itself; those within it are as wide as the widest of their neighbours asks for.
constexpr std::size_t label_width = 18;
constexpr std::size_t label_width_max = 42;

/// "readinessProbe" becomes "Readiness Probe", and what is spoken in letters keeps them.
std::string title_of(const std::string& key) {
  static constexpr auto spelled =
      std::to_array<std::pair<std::string_view, std::string_view>>({{"podIP", "Pod IP"},
                                                                    {"podIPs", "Pod IPs"},
                                                                    {"hostIP", "Host IP"},
                                                                    {"hostIPs", "Host IPs"},
                                                                    {"ip", "IP"},
                                                                    {"uid", "UID"},
                                                                    {"apiVersion", "API Version"},
                                                                    {"clusterIP", "Cluster IP"},
                                                                    {"clusterIPs", "Cluster IPs"},
                                                                    {"externalIPs", "External IPs"},
                                                                    {"ipFamilies", "IP Families"},
                                                                    {"ipFamilyPolicy", "IP Family Policy"},
                                                                    {"qosClass", "QoS Class"},
                                                                    {"dnsPolicy", "DNS Policy"},
                                                                    {"httpGet", "HTTP Get"},
                                                                    {"podCIDR", "Pod CIDR"},
                                                                    {"podCIDRs", "Pod CIDRs"},
                                                                    {"osImage", "OS Image"},
                                                                    {"bootID", "Boot ID"},
                                                                    {"machineID", "Machine ID"},
                                                                    {"systemUUID", "System UUID"},
                                                                    {"containerID", "Container ID"},
                                                                    {"imageID", "Image ID"},
                                                                    {"downwardAPI", "Downward API"}});
  for (const auto& [name, title] : spelled)
    if (name == key) return std::string(title);
  std::string title;
  for (const char letter : key) {
    const bool is_upper = letter >= 'A' && letter <= 'Z';
    if (is_upper && !title.empty() && title.back() >= 'a' && title.back() <= 'z') title += ' ';
    title += title.empty() && letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 32) : letter;
  }
  return title;
}

/// Maps whose keys are the user's own words, not names of fields.
bool has_free_keys(const std::string& title) {
  static constexpr auto titles = std::to_array<std::string_view>(
      {"Labels", "Annotations", "Match Labels", "Node Selector", "Selector", "Data", "Binary Data",
       "String Data", "Requests", "Limits", "Capacity", "Allocatable", "Hard", "Used", "Parameters"});
  return std::find(titles.begin(), titles.end(), title) != titles.end();
}

std::string scalar_text(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "<none>";
  return value.dump();
}

/// Keeps an object's text from driving the terminal; line breaks stay.
std::string harmless(std::string text) {
  for (char& character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if ((byte < 0x20 && character != '\n' && character != '\t') || byte == 0x7F) character = ' ';
  }
  return text;
}

/// Writes a document as indented "Key: value" lines.
class detail_printer {
public:
  explicit detail_printer(std::ostream& output) : output_(output) {}

  void field(std::size_t indent, const std::string& title, const std::string& value,
             std::size_t width = label_width) {
    std::string line(indent, ' ');
    line += title + ":";
    line.append(line.size() < width + indent ? width + indent - line.size() : 1, ' ');
    const std::size_t value_column = line.size();
    std::string text = harmless(value);
    for (std::size_t at = text.find('\n'); at != std::string::npos;
         at = text.find('\n', at + value_column + 1)) {
      text.insert(at + 1, value_column, ' ');
    }
    output_ << line << text << '\n';
  }

  void pairs(const std::string& title, const json* map) {
    if (map == nullptr || !map->is_object() || map->empty()) return field(0, title, "<none>");
    std::string text;
    for (const auto& [key, value] : map->items()) {
      // The whole manifest again, in one line.
      if (key == "kubectl.kubernetes.io/last-applied-configuration") continue;
      text += (text.empty() ? "" : "\n") + key + "=" + scalar_text(value);
    }
    field(0, title, text.empty() ? "<none>" : text);
  }

  void tree(std::size_t indent, const std::string& title, const json& value,
            std::size_t width = label_width) {
    if (value.is_object()) {
      if (value.empty()) return field(indent, title, "{}", width);
      output_ << std::string(indent, ' ') << title << ":\n";
      members(indent + 2, value, has_free_keys(title) && is_plain(value));
    } else if (value.is_array()) {
      list(indent, title, value, width);
    } else {
      field(indent, title, scalar_text(value), width);
    }
  }

private:
  static bool is_plain(const json& items) {
    return std::none_of(items.begin(), items.end(), [](const json& item) { return item.is_structured(); });
  }

  void members(std::size_t indent, const json& object, bool free_keys, std::string_view left_out = {}) {
    const auto title = [free_keys](const std::string& key) { return free_keys ? key : title_of(key); };
    std::size_t width = 0;
    for (const auto& [key, member] : object.items())
      if (!member.is_structured() || member.empty() || (member.is_array() && is_plain(member)))
        width = std::max(width, title(key).size() + 3);
    width = std::min(width, label_width_max);
    for (const auto& [key, member] : object.items())
      if (key != left_out) tree(indent, title(key), member, width);
  }

  void list(std::size_t indent, const std::string& title, const json& items, std::size_t width) {
    if (is_plain(items)) {
      std::string text;
      for (const json& item : items) text += (text.empty() ? "" : "\n") + scalar_text(item);
      return field(indent, title, text.empty() ? "<none>" : text, width);
    }
    output_ << std::string(indent, ' ') << title << ":\n";
    std::size_t number = 0;
    for (const json& item : items) {
      const std::string name = item.is_object() ? text_at(item, {"name"}) : std::string();
      const std::string type = item.is_object() ? text_at(item, {"type"}) : std::string();
      const std::string caption = !name.empty()   ? name
                                  : !type.empty() ? type
                                                  : "[" + std::to_string(number) + "]";
      ++number;
      output_ << std::string(indent + 2, ' ') << caption << ":\n";
      if (!item.is_object()) {
        tree(indent + 4, "Value", item);
        continue;
      }
      members(indent + 4, item, false, name.empty() ? "" : "name");
    }
  }

  std::ostream& output_;
};

std::string age_of(const command_session& session, const json& event,
                   std::initializer_list<const char*> preferred) {
  for (const char* key : preferred) {
    const auto when = schema::parse_time(text_at(event, {key}));
    if (!when) continue;
    const auto age = session.context.now() - std::chrono::floor<std::chrono::seconds>(*when);
    return age_text(age.count());
  }
  return "<unknown>";
}

void print_events(command_session& session, const json& object) {
  std::ostream& output = session.context.output;
  const query_list query = {{"fieldSelector", "involvedObject.uid=" + text_at(object, {"metadata", "uid"})}};
  const auto events = session.names.find_one("events.v1");
  if (!events) return;
  const auto answer =
      session.client.get(events->path(text_at(object, {"metadata", "namespace"})) + query_text(query));
  if (!answer) {
    output << "Events:            <unknown: " << answer.error().message << ">\n";
    return;
  }
  text_table rows({"  Type", "Reason", "Age", "From", "Message"});
  const json items = answer->body.value("items", json::array());
  for (const json& event : items) {
    std::string message = harmless(text_at(event, {"message"}));
    std::replace(message.begin(), message.end(), '\n', ' ');
    std::string age = age_of(session, event, {"lastTimestamp", "eventTime", "firstTimestamp"});
    if (const json* count = value_at(event, {"count"});
        count != nullptr && count->is_number() && *count > 1) {
      age += " (x" + count->dump() + ")";
    }
    const std::string source = text_at(event, {"source", "component"});
    rows.add({"  " + text_at(event, {"type"}), text_at(event, {"reason"}), age,
              source.empty() ? text_at(event, {"reportingComponent"}) : source, message});
  }
  if (rows.empty()) {
    output << "Events:            <none>\n";
    return;
  }
  output << "Events:\n";
  rows.print(output);
}

/// Values of a Secret are for nobody's shoulder.
json without_secrets(const json& object) {
  json shown = object;
  if (text_at(object, {"kind"}) != "Secret" || !shown.contains("data") || !shown["data"].is_object())
    return shown;
  for (auto& [key, value] : shown["data"].items()) {
    const std::size_t encoded = scalar_text(value).size();
    value = "about " + std::to_string(encoded / 4 * 3) + " bytes";
  }
  return shown;
}

void describe_object(command_session& session, const json& full) {
  const json object = without_secrets(full);
  detail_printer printer(session.context.output);
  printer.field(0, "Name", text_at(object, {"metadata", "name"}));
  if (const std::string space = text_at(object, {"metadata", "namespace"}); !space.empty()) {
    printer.field(0, "Namespace", space);
  }
  printer.pairs("Labels", value_at(object, {"metadata", "labels"}));
  printer.pairs("Annotations", value_at(object, {"metadata", "annotations"}));
  printer.field(0, "API Version", text_at(object, {"apiVersion"}));
  printer.field(0, "Kind", text_at(object, {"kind"}));
  printer.field(0, "Created", text_at(object, {"metadata", "creationTimestamp"}));
  if (const std::string ending = text_at(object, {"metadata", "deletionTimestamp"}); !ending.empty()) {
    printer.field(0, "Deleting since", ending);
  }
  if (const json* owners = value_at(object, {"metadata", "ownerReferences"});
      owners != nullptr && owners->is_array()) {
    for (const json& owner : *owners) {
      if (owner.value("controller", false)) {
        printer.field(0, "Controlled By", text_at(owner, {"kind"}) + "/" + text_at(owner, {"name"}));
      }
    }
  }
  for (const auto& [key, value] : object.items()) {
    if (key != "metadata" && key != "apiVersion" && key != "kind") printer.tree(0, title_of(key), value);
  }
  print_events(session, object);
}

} // namespace

result<void> run_describe(command_session& session, const describe_command& command) {
  const auto selection = select_objects(session, command.selection);
  if (!selection) return selection.error();
  bool first = true;
  for (const auto& selected : *selection) {
    const auto objects = fetch_objects(session, selected, selector_query(command.selection));
    if (!objects) return objects.error();
    for (const json& object : *objects) {
      if (!first) session.context.output << "\n\n";
      first = false;
      describe_object(session, object);
    }
  }
  if (first) session.context.errors << "No resources found in " << session.space << " namespace.\n";
  return {};
}

} // namespace actord::cli
