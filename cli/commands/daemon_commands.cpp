#include "cli/commands/command_session.hpp"

#include "actors/api/forms/yaml_text.hpp"
#include "cli/output/text_table.hpp"
#include "net/http/query.hpp"
#include "schema/base/json.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <istream>
#include <ostream>

namespace actord::cli {

namespace {

constexpr std::uint64_t progress_step_bytes = 4 * 1024 * 1024;

std::string number_at(const json& object, const char* key) {
  const json* value = value_at(object, {key});
  return value != nullptr && value->is_number() ? value->dump() : "-";
}

std::string megabytes(std::uint64_t bytes) {
  const std::uint64_t tenths = bytes * 10 / (1024 * 1024);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " MiB";
}

/// Gives the archive to libcurl in pieces and shows on a terminal how far it is.
class archive_reader {
public:
  archive_reader(std::istream& source, std::ostream* progress, std::optional<std::uint64_t> length)
      : source_(source), progress_(progress), length_(length) {}

  std::size_t read(std::span<char> into) {
    source_.read(into.data(), static_cast<std::streamsize>(into.size()));
    const auto count = static_cast<std::size_t>(source_.gcount());
    sent_ += count;
    const bool step = sent_ >= next_report_ || (count == 0 && sent_ > 0);
    if (progress_ != nullptr && step) {
      next_report_ = sent_ + progress_step_bytes;
      *progress_ << "\rsent " << megabytes(sent_);
      if (length_ && *length_ > 0)
        *progress_ << " of " << megabytes(*length_) << " (" << sent_ * 100 / *length_ << "%)";
      progress_->flush();
    }
    return count;
  }

  void finish() const {
    if (progress_ != nullptr) *progress_ << "\r\033[K";
  }

private:
  std::istream& source_;
  std::ostream* progress_;
  const std::optional<std::uint64_t> length_;
  std::uint64_t sent_ = 0;
  std::uint64_t next_report_ = 0;
};

/// Long names would push all other columns off the screen; `-o json` has them whole.
constexpr std::size_t key_columns = 60;

/// The beginning and the end of a text that is longer than `most` bytes, cut between characters.
std::string shortened(const std::string& text, std::size_t most) {
  if (text.size() <= most) return text;
  const auto inside = [&](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U; };
  std::size_t head = most / 2;
  std::size_t tail = text.size() - (most - head - 3);
  while (head > 0 && inside(head)) --head;
  while (tail < text.size() && inside(tail)) ++tail;
  return text.substr(0, head) + "..." + text.substr(tail);
}

} // namespace

result<void> run_actors(command_session& session, const actors_command& command) {
  auto answer = session.client.get("/apis/actord.dev/v1/actors");
  if (!answer) return answer.error();
  if (command.output == "json") {
    session.context.output << answer->body.dump(2) << '\n';
    return {};
  }
  const json* items = value_at(answer->body, {"items"});
  text_table rows({"KIND", "KEY", "MAILBOX", "HANDLED", "LAST MESSAGE", "SUMMARY"});
  if (items != nullptr && items->is_array()) {
    for (const json& actor : *items) {
      const std::string kind = text_at(actor, {"kind"});
      if (!command.kind.empty() && kind != command.kind) continue;
      rows.add({kind, shortened(text_at(actor, {"key"}), key_columns), number_at(actor, "mailbox"),
                number_at(actor, "handled"), text_at(actor, {"lastMessage"}), text_at(actor, {"summary"})});
    }
  }
  if (rows.empty()) {
    session.context.errors << "No actors found\n";
    return {};
  }
  rows.print(session.context.output);
  return {};
}

result<void> run_image_load(command_session& session, const image_load_command& command) {
  std::ifstream file;
  std::optional<std::uint64_t> length;
  const bool from_input = command.file == "-";
  if (!from_input) {
    file.open(command.file, std::ios::binary);
    std::error_code code;
    const auto size = std::filesystem::file_size(command.file, code);
    if (!file || code) {
      return error{.kind = error_kind::bad_request,
                   .message = "the path \"" + command.file + "\" cannot be read"};
    }
    length = size;
  }
  archive_reader reader(from_input ? session.context.input : file,
                        session.context.errors_is_terminal ? &session.context.errors : nullptr, length);
  const auto answer = session.client.upload(
      "/apis/actord.dev/v1/images" +
          (command.node.empty() ? "" : "?node=" + net::percent_encode(command.node)),
      "application/x-tar", [&reader](std::span<char> into) { return reader.read(into); }, length);
  reader.finish();
  if (!answer) return answer.error();
  const json* images = value_at(answer->body, {"images"});
  if (images == nullptr || !images->is_array() || images->empty()) {
    session.context.output << "loaded, but the archive names no image\n";
    return {};
  }
  for (const json& image : *images) {
    if (image.is_string()) session.context.output << "loaded " << image.get<std::string>() << '\n';
  }
  return {};
}

result<void> run_version(command_session& session, const version_command& command) {
  json versions = {{"clientVersion", {{"gitVersion", "v" ACTORD_VERSION}}}};
  std::optional<error> failure;
  if (!command.client_only) {
    auto answer = session.client.get("/version");
    if (answer) {
      versions["serverVersion"] = std::move(answer->body);
    } else {
      failure = answer.error();
    }
  }
  std::ostream& output = session.context.output;
  if (command.output == "json") {
    output << versions.dump(2) << '\n';
  } else if (command.output == "yaml") {
    output << actors::yaml_text(versions);
  } else {
    output << "Client Version: v" ACTORD_VERSION "\n";
    if (versions.contains("serverVersion")) {
      output << "Server Version: " << text_at(versions, {"serverVersion", "gitVersion"}) << '\n';
    }
  }
  if (failure) return *failure;
  return {};
}

result<void> run_api_resources(command_session& session, const api_resources_command& command) {
  const auto resources = session.names.discover();
  if (!resources) return resources.error();
  const bool wide = command.output == "wide";
  std::vector<std::string> header = {"NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"};
  if (wide) header.insert(header.end(), {"VERBS", "CATEGORIES"});
  text_table rows(header);
  const auto joined = [](const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) text += (text.empty() ? "" : ",") + word;
    return text;
  };
  for (const auto& each : *resources) {
    if (command.namespaced && *command.namespaced != each.namespaced) continue;
    if (command.group && *command.group != each.group) continue;
    if (command.output == "name") {
      session.context.output << each.plural << (each.group.empty() ? "" : "." + each.group) << '\n';
      continue;
    }
    std::vector<std::string> row = {each.plural, joined(each.short_names), each.api_version(),
                                    each.namespaced ? "true" : "false", each.kind};
    if (wide) row.insert(row.end(), {joined(each.verbs), joined(each.categories)});
    rows.add(std::move(row));
  }
  if (command.output != "name") rows.print(session.context.output, !command.no_headers);
  return {};
}

} // namespace actord::cli
