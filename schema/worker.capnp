@0xe7c2915d40ab683f;

# Streams into the containers of another machine: what a server asks of a node, over the calls and streams of peer.capnp.
# Only servers may ask.
#
#   call   "node.find"     NodeRequest: container or pod   answered with nothing, or the failure (notFound: it does not run)
#   stream "node.stream"   NodeRequest: any other          frames, in both directions
#
# A frame is one byte that says what it is, three bytes that say how many follow (the lowest first, at most 65,532), and those.
# Numbers in frames have four bytes, the lowest first. Whatever does not belong where it stands fails the stream.
#
#   from the server                               from the node
#    1 input        bytes                         16 output             bytes; none: there is a log, though nothing in it yet
#    2 input ends   nothing                       17 error output       bytes
#    3 size         columns, rows: two each       18 output ends        nothing
#    4 taken        number: of output             19 error output ends  nothing
#    5 taken        number: of error output       20 sent               number: input that is with the process
#                                                 21 ended              NodeEnd; the last frame
#
# Neither side sends more than 256 KiB of input, output or error output that the other has not reported as sent or taken; a
# server may be one read of its client's connection ahead of that. Logs and images have no such reports: the windows of the
# stream itself hold their senders back.
#
#   server                                  node
#   open: execute "cat" ─────────────────▶
#   input "hello" ───────────────────────▶
#           ◀──────────────────────────── sent 5, output "hello"
#   taken 5, input ends ─────────────────▶
#           ◀──────────────────────────── output ends, error output ends, ended 0

# The other way a worker asks for its epoch (actors/nodes/fence/fence_terms.hpp says what it is good for), any server, which asks
# the one that leads. Failures: unavailable, timeout; nothing is confirmed by them.
#
#   call   "node.epoch"     worker to server: empty                   answered with nothing: confirmed
#   call   "node.epoch-of"  server to server: the worker's name       the same

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("actord::schema::wire");

struct NodeRequest {
  space @0 :Text;
  pod @1 :Text;
  podUid @2 :Text;
  container @3 :Text;

  union {
    findContainer @4 :Void;
    findPod @5 :Void;
    execute :group {
      command @6 :List(Text);
      terms @7 :StreamTerms;
    }
    attach @8 :StreamTerms;
    dial @9 :UInt16;
    # A TCP connection to this port, in the pod's own view.

    log @10 :LogTerms;
    image @11 :Void;
    # An OCI archive as input; no pod.

    visit @12 :UInt16;
    # A TCP connection to this port of the pod's own address.
  }
}

struct StreamTerms {
  input @0 :Bool;
  output @1 :Bool;
  errorOutput @2 :Bool;
  terminal @3 :Bool;
}

struct LogTerms {
  follow @0 :Bool;
  previous @1 :Bool;
  timestamps @2 :Bool;
  output @3 :Bool;
  errorOutput @4 :Bool;
  tailLines @5 :Int64 = -1; # negative: all
  limitBytes @6 :Int64 = -1; # negative: no limit
  sinceNs @7 :Int64; # after 1970; 0: from the beginning
  waitingReason @8 :Text; # why the container has not started, as far as the server knows
}

struct NodeEnd {
  exitCode @0 :Int32;
  images @1 :List(Text);
  # What was loaded.

  failed @2 :Bool;
  failureKind @3 :UInt8;
  # As error_kind (schema/base/error.hpp) counts them; an unknown one is read as internal.
  failureMessage @4 :Text;
  retryAfterS @5 :UInt32;
}
