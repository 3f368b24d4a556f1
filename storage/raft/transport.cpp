#include "storage/raft/transport.hpp"

#include "schema/base/always.hpp"
#include "storage/encoding/bytes.hpp"
#include "storage/encoding/checksum.hpp"

#include <limits>

namespace actord::storage {
namespace {

constexpr std::uint8_t wire_version = 1;
constexpr std::size_t checked_from = 5;
constexpr std::uint32_t max_entries = 4096;
/// Indexes and terms above this are made up; below it their sums cannot overflow.
constexpr std::uint64_t max_number = std::numeric_limits<std::uint64_t>::max() / 4;

struct body_writer {
  std::string& out;

  void operator()(const append_message& body) const {
    append_little(out, body.previous.value);
    append_little(out, body.previous_term.value);
    append_little(out, body.leader_commit.value);
    append_little(out, static_cast<std::uint32_t>(body.entries.size()));
    for (const log_entry& entry : body.entries) {
      append_little(out, entry.term.value);
      append_little(out, static_cast<std::uint8_t>(entry.kind));
      append_little(out, static_cast<std::uint32_t>(entry.payload->size()));
      out.append(*entry.payload);
    }
  }
  void operator()(const append_result_message& body) const {
    append_little(out, body.rejected.value);
    append_little(out, body.last.value);
    append_little(out, body.features);
    append_little(out, body.capacity);
  }
  void operator()(const vote_message& body) const {
    append_little(out, body.last.value);
    append_little(out, body.last_term.value);
    append_little(out,
                  static_cast<std::uint8_t>((body.disrupt_leader ? 1U : 0U) | (body.pre_vote ? 2U : 0U)));
  }
  void operator()(const vote_result_message& body) const {
    append_little(out, static_cast<std::uint8_t>((body.granted ? 1U : 0U) | (body.pre_vote ? 2U : 0U)));
    append_little(out, body.features);
    append_little(out, body.capacity);
  }
  void operator()(const install_message& body) const {
    append_little(out, body.last.value);
    append_little(out, body.last_term.value);
    append_little(out, body.configuration.value);
  }
  void operator()(const timeout_now_message& body) const {
    append_little(out, body.last.value);
    append_little(out, body.last_term.value);
  }
};

class body_parser {
public:
  body_parser(std::string_view bytes, raft_term term) : reader_(bytes), term_(term) {}

  bool parse(std::uint8_t type, raft_message& into) {
    switch (type) {
    case 0:
      into.body = append();
      break;
    case 1:
      into.body = append_result();
      break;
    case 2:
      into.body = vote();
      break;
    case 3:
      into.body = vote_result();
      break;
    case 4:
      into.body = install_message{index(), term(), index()};
      break;
    case 5:
      into.body = timeout_now_message{index(), term()};
      break;
    default:
      return false;
    }
    return ok_ && reader_.ok() && reader_.rest().empty();
  }

private:
  std::uint64_t number() {
    const auto value = reader_.take<std::uint64_t>();
    ok_ = ok_ && value < max_number;
    return value;
  }
  raft_index index() { return raft_index{number()}; }
  raft_term term() { return raft_term{number()}; }

  append_message append() {
    append_message body;
    body.previous = index();
    body.previous_term = term();
    body.leader_commit = index();
    body.entry_count = reader_.take<std::uint32_t>();
    ok_ = ok_ && body.entry_count <= max_entries;
    raft_term before = body.previous_term;
    for (std::uint32_t i = 0; ok_ && reader_.ok() && i < body.entry_count; ++i) {
      log_entry entry;
      entry.term = term();
      const auto kind = reader_.take<std::uint8_t>();
      entry.kind = static_cast<entry_kind>(kind);
      entry.payload = std::make_shared<const std::string>(reader_.take_bytes(reader_.take<std::uint32_t>()));
      // libraft asserts these and is built without its asserts.
      if (entry.kind == entry_kind::change) {
        const auto servers = parse_servers(*entry.payload);
        ok_ = ok_ && servers && !servers->empty() && servers->size() <= max_members;
      }
      ok_ = ok_ && kind >= 1 && kind <= 3 && entry.term.value > 0 && entry.term >= before &&
            entry.term <= term_;
      before = entry.term;
      body.entries.push_back(std::move(entry));
    }
    return body;
  }
  append_result_message append_result() {
    append_result_message body;
    body.rejected = index();
    body.last = index();
    body.features = reader_.take<std::uint16_t>();
    body.capacity = reader_.take<std::uint16_t>();
    return body;
  }
  vote_message vote() {
    vote_message body{index(), term(), false, false};
    const auto flags = reader_.take<std::uint8_t>();
    body.disrupt_leader = (flags & 1U) != 0;
    body.pre_vote = (flags & 2U) != 0;
    return body;
  }
  vote_result_message vote_result() {
    vote_result_message body;
    const auto flags = reader_.take<std::uint8_t>();
    body.granted = (flags & 1U) != 0;
    body.pre_vote = (flags & 2U) != 0;
    body.features = reader_.take<std::uint16_t>();
    body.capacity = reader_.take<std::uint16_t>();
    return body;
  }

  byte_reader reader_;
  raft_term term_;
  bool ok_ = true;
};

error malformed(const char* why) {
  return error{error_kind::bad_request, std::string("malformed consensus message: ") + why, {}, {}, 0};
}

} // namespace

std::string encode_message(const raft_message& message) {
  std::string out;
  append_little(out, wire_version);
  append_little(out, std::uint32_t{0});
  append_little(out, static_cast<std::uint8_t>(message.body.index()));
  append_little(out, message.term.value);
  std::visit(body_writer{out}, message.body);
  store_little(out.data() + 1, crc32c(std::string_view(out).substr(checked_from)));
  return out;
}

result<raft_message> decode_message(member_id from, std::string_view bytes) {
  if (bytes.size() > max_message_bytes) return malformed("too long");
  byte_reader reader(bytes);
  if (reader.take<std::uint8_t>() != wire_version) return malformed("unknown version");
  const auto checksum = reader.take<std::uint32_t>();
  if (!reader.ok() || crc32c(reader.rest()) != checksum) return malformed("wrong checksum");
  const auto type = reader.take<std::uint8_t>();
  raft_message message;
  message.peer = from;
  message.term = raft_term{reader.take<std::uint64_t>()};
  if (!reader.ok() || message.term.value >= max_number) return malformed("no term");
  if (!body_parser(reader.rest(), message.term).parse(type, message)) return malformed("bad fields");
  return message;
}

} // namespace actord::storage
