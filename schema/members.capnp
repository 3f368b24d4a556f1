@0xd5a1f0c27be94836;

# What servers tell each other of themselves, by calls between members (peer.capnp).

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("actord::schema::wire");

struct MemberAddress {
  # The payload of "member.address": where the calling member is from now on. It tells every member that it reaches, as long as
  # the cluster's record says something else; whoever leads writes it there. Answered with nothing.

  rpcAddress @0 :Text;
  # HOST:PORT for other members.

  apiAddress @1 :Text;
  # HOST:PORT of its API.
}
