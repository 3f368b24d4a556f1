#include "net/peer/feed.hpp"

#include "net/peer/flat_message.hpp"
#include "schema/feed.capnp.h"

namespace actord::net {
namespace {

namespace wire = actord::schema::wire;

constexpr std::size_t length_bytes = 4;

void write_key(wire::FeedKey::Builder out, const object_key& key) {
  out.setResource(key.resource.value);
  out.setSpace(reader_of(key.space));
  out.setName(reader_of(key.name));
}
object_key read_key(wire::FeedKey::Reader in) {
  return {resource_id{in.getResource()}, text_of(in.getSpace()), text_of(in.getName())};
}

std::string framed(capnp::MessageBuilder& message) {
  const std::string bytes = flat_bytes_of(message);
  std::string out(length_bytes, '\0');
  for (std::size_t at = 0; at < length_bytes; ++at)
    out[at] = static_cast<char>(bytes.size() >> (8 * at) & 0xffU);
  return out.append(bytes);
}

template <class Message, class Read>
auto decode(std::string_view bytes, Read&& read) {
  return read_flat<Message>(bytes, feed_message_bytes,
                            {.kind = error_kind::bad_request, .message = "malformed message of a feed"},
                            std::forward<Read>(read));
}

} // namespace

std::string encode_feed(const feed_order& order) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<wire::FeedOrder>();
  root.setLast(order.last);
  auto held = root.initHeld(static_cast<unsigned>(order.held.size()));
  for (unsigned i = 0; i < held.size(); ++i) {
    write_key(held[i].initKey(), order.held[i].key);
    held[i].setRevision(order.held[i].at.value);
  }
  if (order.from) {
    auto from = root.initFrom();
    from.setCluster(reader_of(order.from->cluster));
    from.setRevision(order.from->at.value);
    from.setScope(order.from->scope);
  }
  return framed(message);
}

std::string encode_feed(const feed_batch& batch) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<wire::FeedBatch>();
  root.setUpTo(batch.up_to.value);
  root.setComplete(batch.complete);
  root.setResumed(batch.resumed);
  auto changes = root.initChanges(static_cast<unsigned>(batch.changes.size()));
  for (unsigned i = 0; i < changes.size(); ++i) {
    const feed_change& change = batch.changes[i];
    write_key(changes[i].initKey(), change.key);
    changes[i].setRevision(change.at.value);
    if (change.verb == feed_verb::put) changes[i].setPut(data_of(change.value));
    if (change.verb == feed_verb::same) changes[i].setSame();
    if (change.verb == feed_verb::gone) changes[i].setGone();
  }
  auto servers = root.initServers(static_cast<unsigned>(batch.servers.size()));
  for (unsigned i = 0; i < servers.size(); ++i) {
    servers[i].setMember(batch.servers[i].member);
    servers[i].setNode(reader_of(batch.servers[i].node));
    servers[i].setRpcAddress(reader_of(batch.servers[i].rpc_address));
    servers[i].setApiAddress(reader_of(batch.servers[i].api_address));
  }
  return framed(message);
}

result<feed_order> decode_feed_order(std::string_view bytes) {
  return decode<wire::FeedOrder>(bytes, [](wire::FeedOrder::Reader root) {
    feed_order order{.held = {}, .last = root.getLast()};
    for (const auto held : root.getHeld())
      order.held.push_back({read_key(held.getKey()), revision{held.getRevision()}});
    if (root.hasFrom()) {
      const auto from = root.getFrom();
      order.from = feed_position{text_of(from.getCluster()), revision{from.getRevision()}, from.getScope()};
    }
    return order;
  });
}

result<feed_batch> decode_feed_batch(std::string_view bytes) {
  return decode<wire::FeedBatch>(bytes, [](wire::FeedBatch::Reader root) {
    feed_batch batch{.changes = {},
                     .up_to = revision{root.getUpTo()},
                     .complete = root.getComplete(),
                     .servers = {},
                     .resumed = root.getResumed()};
    for (const auto in : root.getChanges()) {
      feed_change change{.key = read_key(in.getKey()), .at = revision{in.getRevision()}};
      if (in.isSame()) change.verb = feed_verb::same;
      if (in.isGone()) change.verb = feed_verb::gone;
      if (in.isPut()) change.value = text_of(in.getPut());
      batch.changes.push_back(std::move(change));
    }
    for (const auto in : root.getServers())
      batch.servers.push_back(
          {in.getMember(), text_of(in.getNode()), text_of(in.getRpcAddress()), text_of(in.getApiAddress())});
    return batch;
  });
}

result<void> feed_assembler::take(std::string_view piece,
                                  const std::function<void(std::string_view message)>& message) {
  waiting_.append(piece);
  std::size_t begin = 0;
  while (waiting_.size() - begin >= length_bytes) {
    std::size_t length = 0;
    for (std::size_t at = 0; at < length_bytes; ++at)
      length |= static_cast<std::size_t>(static_cast<unsigned char>(waiting_[begin + at])) << (8 * at);
    if (length > feed_message_bytes)
      return error{.kind = error_kind::too_large, .message = "a message of a feed is too large"};
    if (waiting_.size() - begin - length_bytes < length) break;
    message(std::string_view(waiting_).substr(begin + length_bytes, length));
    begin += length_bytes + length;
  }
  waiting_.erase(0, begin);
  return {};
}

} // namespace actord::net
