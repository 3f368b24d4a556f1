@0xd2c6a1e7f0934b58;

# What lies in the Raft log: the specification of a log entry and of the messages between members. Keys and tables are
# specified in storage/layout.hpp; the values inside a batch in storage.capnp.
#
# Both are frames of fixed little-endian fields, written by storage/log/log_entry.cpp and storage/raft/transport.cpp:
# they are read by offset straight out of the map, one item at a time, which a Cap'n Proto message in chunks of a page
# could not be. This file is their description and holds their version numbers.
#
# ENTRY. A log entry lies in rows (index, chunk) of table `log`, cut into chunks of at most 4080 bytes.
#   offset  bytes
#        0      1  version of this front (rowVersion)
#        1      1  kind: 1 command, 2 barrier, 3 change of the members
#        2      2  0
#        4      4  bytes of the payload
#        8      8  term
#       16         payload: of a command a BATCH; of a barrier nothing; of a change, for each server, id:u64 flags:u8
#                  (1 voter, 2 an address follows: bytes:u16 address)
#
# BATCH. Everything that was sealed together: whole transactions, final bytes, never commands.
#        0      2  format (batchFormat)
#        2      2  0
#        4      4  CRC-32C of everything from offset 8 to the end
#        8      8  term; equal to the entry's
#       16      8  base: revision of the first item; item i has revision base + i. Newest revision + 1 when empty
#       24      8  time: nanoseconds since 1970 when it was sealed; never below the batch before
#       32      8  bytes of all batches before this one, ever
#       40      8  announce: history at or below this revision is gone from here on; 0 for none
#       48      8  trim: log rows up to this index go with this batch; 0 for none
#       56      4  number of items
#       60      4  number of requests
#       64      4  offset of the requests
#       68      4  number of entries before this one whose state is checked; 0 for no check
#       72      8  hash that the members agreed on for the state after that entry
#       80  4 each offsets of the items, ascending, the items one behind the other
#
# ITEM. One object's new version.
#        0      1  kind: 1 put, 2 remove (the value is the object's last form)
#        1      1  0
#        2      2  resource
#        4      2  bytes of the namespace
#        6      2  bytes of the name
#        8      4  bytes of the value
#       12      8  previous: revision of the version it replaces; 0 when there was none
#       20         namespace, name, value
#
# REQUEST. The outcome of a transaction that carried an id.
#        bytes of the id:u16, id, number of changes:u16, for each its revision:u64 (0: the object was kept)
#
# MESSAGE. Between members.
#        0      1  version (messageVersion)
#        1      4  CRC-32C of the rest
#        5      1  type: 0 append, 1 append result, 2 vote, 3 vote result, 4 install, 5 timeout now
#        6      8  term
#       14         by type, in the order of the structs in storage/raft/consensus.hpp: integers as they are, flags in one
#                  byte, entries as number:u32, then for each term:u64 kind:u8 bytes:u32 payload

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("actord::schema::wire");

const rowVersion :UInt8 = 1;
const batchFormat :UInt16 = 1;
const messageVersion :UInt8 = 1;
