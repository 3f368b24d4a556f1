@0x9a1c5be0d8f34a72;

# What a worker without a store of the cluster's own is told: the objects that concern it, as they are and as they change.
# Messages of the stream "feed" of net/peer (peer.capnp), which the worker opens to any server. Each message has its length
# in front, as 4 bytes, little end first.
#
#   worker                             server
#     │  order, order (last)  ─────────▶ │
#     │ ◀──────────── batch, batch (complete) │  all that concerns the worker at one revision
#     │ ◀──────────── batch ...               │  whatever changes from then on
#
#     │  order (last, from 900) ───────▶ │
#     │ ◀──────────── batch (complete, resumed) │  what is not as it was at revision 900, and what may not be
#     │ ◀──────────── batch ...               │
#
# Where it cannot go on (another cluster, another scope, a history that no longer reaches back so far) the server fails the
# stream with `expired`, and the worker orders everything. A server that is behind fails it with `unavailable`.

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
  from @2 :Position;
  # Where the worker has got to. What it holds need not be named then.

  struct Position {
    cluster @0 :Text;
    revision @1 :UInt64;
    # Of a batch that said so in `upTo`. The worker may hold something later as well.
    scope @2 :UInt32;
    # Which objects concern a worker: raised whenever that becomes another rule.
  }

  struct Held {
    key @0 :FeedKey;
    revision @1 :UInt64;
  }
}

struct FeedBatch {
  changes @0 :List(Change);
  upTo @1 :UInt64;
  # Everything up to that revision of the cluster's store has been sent; 0: something up to it may still come.
  complete @2 :Bool;
  # What was not named since the stream began does not exist, or does not concern this worker.
  servers @3 :List(Server);
  # The cluster's servers, where they changed; the order is that in which to ask them.
  resumed @4 :Bool;
  # With `complete`: what was not named is as the worker has it.

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
