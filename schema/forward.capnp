@0xd4f1b7a93c62e581;

# A write on its way from the server that took it to the server that leads: payload and answer of the call "forward" of
# schema/peer.capnp. The one that took it has authenticated the sender; the one that leads authorizes, admits and answers.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("actord::schema::wire");

struct NameValue {
  name @0 :Text;
  value @1 :Data;
}

struct NameValues {
  name @0 :Text;
  values @1 :List(Text);
}

struct ForwardedRequest {
  requestId @0 :Text;
  # The same for every try. A transaction of the log that carries it is the outcome of all of them.

  again @1 :Bool;
  # An earlier try may have taken effect.

  counted @2 :Bool;
  # The server that took it has passed it through flow control and audit; else the leader does.

  user @3 :Text;
  uid @4 :Text;
  groups @5 :List(Text);
  extra @6 :List(NameValues);
  # Who sent it, by the credentials shown. Credentials themselves do not travel.

  method @7 :Text;
  path @8 :Text;
  query @9 :Text;
  headers @10 :List(NameValue);
  body @11 :Data;
  remoteAddress @12 :Text;

  quiet @13 :Bool;
  # Of a success nobody reads more than its code.
}

struct ForwardedBatch {
  # What a worker asks as itself (call "node-writes"), or what the server that it asked passes on to the one that leads
  # ("node-writes-of"). Each request is as if it had come alone: it succeeds or fails by itself.

  node @0 :Text;
  # Whose requests these are, when a server passes them on. A worker is who its certificate says.
  requests @1 :List(Data);
  # Each a ForwardedRequest; 1 to 64.
}

struct ForwardedAnswers {
  answers @0 :List(Data);
  # Each a ForwardedAnswer, in the order of the requests.
}

struct ForwardedAnswer {
  union {
    answered :group {
      code @0 :UInt16;
      headers @1 :List(NameValue);
      body @2 :Data;
      applied @3 :UInt64;
      # Whoever reads at this revision or a later one sees what was done.
    }

    notLeading @4 :Void;
    # Nothing was done; ask the server that leads.

    leaderLost @5 :Void;
    # The server stopped leading while it worked: the outcome is the next leader's to tell.
  }
}
