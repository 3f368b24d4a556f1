@0x9a1c5be0d8f34a72;

# What a worker without a store of the cluster's own is told: the objects that concern it, as they are and as they change.
# Messages of the stream "feed" of net/peer (peer.capnp), which the worker opens to any server. Each message has its length
# in front, as 4 bytes, little end first.
#
#   worker                             server
#     │  order, order (last)  ─────────▶ │
#     │ ◀──────────── batch, batch (complete) │  all that concerns the worker at one revision
#     │ ◀──────────── batch ...               │  whatever changes from then on

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("actord::schema::wire");

struct FeedKey {
  resource @0 :UInt16;
  space @1 :Text;
  name @2 :Text;
}

struct FeedOrder {
  held @0 :List(Held);
  # What the worker has already: it is not sent again while it is the same.
  last @1 :Bool;
  # Nothing more is held: begin.

  struct Held {
    key @0 :FeedKey;
    revision @1 :UInt64;
  }
}

struct FeedBatch {
  changes @0 :List(Change);
  upTo @1 :UInt64;
  # Everything up to that revision of the cluster's store has been sent.
  complete @2 :Bool;
  # What was not named since the stream began does not exist, or does not concern this worker.
  servers @3 :List(Server);
  # The cluster's servers, where they changed; the order is that in which to ask them.

  struct Change {
    key @0 :FeedKey;
    revision @1 :UInt64;
    union {
      put @2 :Data;
      # The stored object (storage.capnp), in plain text.
      same @3 :Void;
      # As the worker says that it holds it.
      gone @4 :Void;
    }
  }

  struct Server {
    member @0 :UInt64;
    node @1 :Text;
    rpcAddress @2 :Text;
    apiAddress @3 :Text;
  }
}
