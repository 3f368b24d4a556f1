@0xb1e0c6f2a85d3c47;

# The wire between servers and between workers and servers: its specification.
#
# A connection is TCP, then TLS 1.3 with certificates on both sides (net/pki/node_certificate.hpp says what they name), then
# Cap'n Proto RPC whose bootstrap capability is a Door. A frame has at most 512 segments and 16 MiB; whoever sends more, or
# anything that is no frame, is dropped. Nothing is parsed before both certificates were found good.
#
# Each member dials all others, and sends consensus messages and asks only over connections that it dialed. A worker listens on
# nothing and dials every server; both ends ask over that connection. Streams are opened by either end of any connection.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("actord::schema::wire");

const peerVersion :UInt32 = 1;
# What is spoken here. A change that an older reader would misread gets a number; fields may be added without.

interface Door {
  hello @0 (caller :Hello) -> (answer :HelloAnswer);
  # From a server or a worker that wants to be a peer; the first call of a connection, the only one until it is answered, and
  # never made twice.
}

struct Hello {
  lowestVersion @0 :UInt32;
  highestVersion @1 :UInt32;
  # The range the caller speaks. The highest that both speak is spoken.

  clusterId @2 :Text;
  nodeName @3 :Text;
  member @4 :UInt64;
  # Who the caller is; member 0: a worker. Refused unless its certificate says the same.

  meant @5 :UInt64;
  # The member the caller means to have reached; refused by any other: addresses are handed on.

  back @6 :Peer;
  # Where the one that was dialed asks and sends steps of streams. Without it there are no streams.
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

  removed @4 :Bool;
  # With `refused`: the caller was a member of this cluster and has been taken out of it. Its number is given to nobody again,
  # so that this is the last word.
}

interface Peer {
  # Of a worker's connection, neither end takes `raft` and `part`: whoever sends them is refused.

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

  stream @4 (steps :List(StreamStep)) -> ();
  # Steps of any streams of this connection, in the order in which they happened. Answered once they are taken in, whether or
  # not a consumer has taken what they carry: at most 256 KiB of steps are under way, so that nothing else waits long.
}

struct CallAnswer {
  union {
    payload @0 :Data;
    failure @1 :Failure;
  }
}

struct StreamStep {
  # A stream is two lines of bytes, one for each direction, that end apart; it is over when both have ended or one side failed
  # it. Steps of a stream that is over are ignored: they crossed its end.
  #
  #   opener                                   other end
  #   open 1 "logs" ────────────────────────▶
  #            ◀──────────────────────────── data 20000, data 20000      20000 < 32768: one more piece may follow
  #   taken 40000, window 65536 ────────────▶                            the consumer keeps up: it gets more room
  #   end ──────────────────────────────────▶
  #            ◀──────────────────────────── data 5, end                 over

  stream @0 :UInt64;
  opened @1 :Bool;
  # Numbers are given by the end that opens, rising; `opened`: the sender of this step is that end.

  union {
    open :group {
      method @2 :Text;
      payload @3 :Data;
    }
    data @4 :Data;
    # A piece of 1 to 65,536 bytes, sent only while fewer bytes than the window are sent and not yet reported as taken.
    taken :group {
      bytes @5 :UInt64; # since the last such step
      window @6 :UInt32;
      # Of the other end from now on: 32,768 in the beginning, never less than before, at most 1,048,576.
    }
    end @7 :Void;
    fail @8 :Failure;
  }
}

struct Failure {
  kind @0 :FailureKind;
  message @1 :Text;
  retryAfterS @2 :UInt32;
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
