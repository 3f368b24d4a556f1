@0xb1e0c6f2a85d3c47;

# The wire between servers, and where every connection to the Cap'n Proto port begins: its specification.
#
# A connection is TCP, then TLS 1.3 with certificates on both sides (net/pki/node_certificate.hpp says what they name), then
# Cap'n Proto RPC whose bootstrap capability is a Door. A frame has at most 512 segments and 16 MiB; whoever sends more, or
# anything that is no frame, is dropped. Nothing is parsed before both certificates were found good.
#
# Each member dials all others and asks only over connections that it dialed.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("actord::schema::wire");

const peerVersion :UInt32 = 1;
# What is spoken here. A change that an older reader would misread gets a number; fields may be added without.

interface Door {
  hello @0 (caller :Hello) -> (answer :HelloAnswer);
  # From a server that wants to be a peer; the first call of a connection and the only one until it is answered.
}

struct Hello {
  lowestVersion @0 :UInt32;
  highestVersion @1 :UInt32;
  # The range the caller speaks. The highest that both speak is spoken.

  clusterId @2 :Text;
  nodeName @3 :Text;
  member @4 :UInt64;
  # Who the caller is. Refused unless its certificate says the same.

  meant @5 :UInt64;
  # The member the caller means to have reached; refused by any other: addresses are handed on.
}

struct HelloAnswer {
  union {
    refused @0 :Text;
    # Why, for the caller's log. The caller tries again later.

    welcome :group {
      version @1 :UInt32;
      nodeName @2 :Text;
      peer @3 :Peer;
    }
  }
}

interface Peer {
  raft @0 (messages :List(Data)) -> ();
  # Consensus messages (log.capnp: MESSAGE) in the order in which they were sent. Answered once they are taken in, which
  # is what limits how much is under way; what they lead to travels the other way.

  part @1 (bytes :Data, last :Bool) -> ();
  # A piece of one large message that may be overtaken: pieces lie one behind the other, the one with `last` ends the
  # message. A message of more than 5 MiB is refused, and so is the connection.

  call @2 (method :Text, payload :Data, deadlineMs :UInt32) -> (answer :CallAnswer);
  # A request by name; who serves it knows the payload. After the deadline nobody reads the answer.

  ping @3 () -> ();
  # Asked after some silence; a peer that says nothing at all for 2.5 s is taken for dead.
}

struct CallAnswer {
  union {
    payload @0 :Data;
    failure :group {
      kind @1 :FailureKind;
      message @2 :Text;
      retryAfterS @3 :UInt32;
    }
  }
}

enum FailureKind {
  # As error_kind (schema/base/error.hpp) has them; an unknown one is read as internal.
  badRequest @0;
  unauthorized @1;
  forbidden @2;
  notFound @3;
  methodNotAllowed @4;
  notAcceptable @5;
  alreadyExists @6;
  conflict @7;
  gone @8;
  expired @9;
  tooLarge @10;
  unsupportedMediaType @11;
  invalid @12;
  tooManyRequests @13;
  internal @14;
  unavailable @15;
  timeout @16;
}
