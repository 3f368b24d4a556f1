#include "storage/raft/member_note.hpp"

#include "storage/encoding/bytes.hpp"
#include "storage/encoding/checksum.hpp"

namespace actord::storage {
namespace {

/// Messages of Raft's and their parts begin with other bytes.
constexpr std::uint8_t note_mark = 0x4e;
constexpr std::size_t checked_from = 5;

void append_text(std::string& out, std::string_view text) {
  append_little(out, static_cast<std::uint32_t>(text.size()));
  out.append(text);
}

struct note_writer {
  std::string& out;

  void operator()(const read_question& note) const {
    append_little(out, note.number);
    append_little(out, note.term.value);
  }
  void operator()(const read_answer& note) const {
    append_little(out, note.number);
    append_little(out, note.index.value);
  }
  void operator()(const term_question& note) const {
    append_little(out, note.term.value);
    append_little(out, note.round);
  }
  void operator()(const term_answer& note) const {
    append_little(out, note.term.value);
    append_little(out, note.round);
  }
  void operator()(const snapshot_question& note) const {
    append_little(out, note.session);
    append_little(out, note.part);
    append_text(out, note.position);
  }
  void operator()(const snapshot_part& note) const {
    append_little(out, note.session);
    append_little(out, note.part);
    append_text(out, note.position);
    append_text(out, note.rows);
    append_text(out, note.summary);
  }
  void operator()(const snapshot_gone& note) const { append_little(out, note.session); }
  void operator()(const state_question& note) const { append_little(out, note.at.value); }
  void operator()(const state_answer& note) const {
    append_little(out, note.at.value);
    append_little(out, note.hash);
  }
};

struct note_reader {
  byte_reader reader;

  std::uint64_t number() { return reader.take<std::uint64_t>(); }
  std::string text() { return std::string(reader.take_bytes(reader.take<std::uint32_t>())); }
  std::optional<member_note> read(std::uint8_t type) {
    switch (type) {
    case 0: {
      read_question note{number(), {}};
      note.term = raft_term{number()};
      return note;
    }
    case 1: {
      read_answer note{number(), {}};
      note.index = raft_index{number()};
      return note;
    }
    case 2: {
      term_question note{raft_term{number()}, 0};
      note.round = number();
      return note;
    }
    case 3: {
      term_answer note{raft_term{number()}, 0};
      note.round = number();
      return note;
    }
    case 4: {
      snapshot_question note;
      note.session = number();
      note.part = number();
      note.position = text();
      return note;
    }
    case 5: {
      snapshot_part note;
      note.session = number();
      note.part = number();
      note.position = text();
      note.rows = text();
      note.summary = text();
      return note;
    }
    case 6:
      return snapshot_gone{number()};
    case 7:
      return state_question{raft_index{number()}};
    case 8: {
      state_answer note{raft_index{number()}, 0};
      note.hash = number();
      return note;
    }
    default:
      return std::nullopt;
    }
  }
};

} // namespace

std::string encode_note(const member_note& note) {
  std::string out;
  append_little(out, note_mark);
  append_little(out, std::uint32_t{0});
  append_little(out, static_cast<std::uint8_t>(note.index()));
  std::visit(note_writer{out}, note);
  store_little(out.data() + 1, crc32c(std::string_view(out).substr(checked_from)));
  return out;
}

bool is_note(std::string_view bytes) {
  return !bytes.empty() && static_cast<std::uint8_t>(bytes.front()) == note_mark;
}

std::optional<member_note> decode_note(std::string_view bytes) {
  if (!is_note(bytes)) return std::nullopt;
  byte_reader reader(bytes.substr(1));
  const auto checksum = reader.take<std::uint32_t>();
  if (!reader.ok() || crc32c(reader.rest()) != checksum) return std::nullopt;
  const auto type = reader.take<std::uint8_t>();
  note_reader body{reader};
  auto note = body.read(type);
  if (!body.reader.ok() || !body.reader.rest().empty()) return std::nullopt;
  return note;
}

} // namespace actord::storage
