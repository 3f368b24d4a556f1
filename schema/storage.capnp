@0xb3a7c1d2e4f50617;
# What lies in the store: the specification of the value format. See storage/layout.hpp for the tables and keys.
#
# A stored value is
#   [u32 little endian: bytes of envelope][u32 little endian: 0x314f4341, "ACO1"]
#   [envelope: one Cap'n Proto message, flat, single segment][text]
# where `text` is the object's canonical JSON: keys sorted, no white space, without `kind`, `apiVersion` and
# `metadata.resourceVersion`. The envelope answers every question of an index, a selector, the scheduler's queue and the
# garbage collector without parsing the text.
#
# When you add a field: append it with the next ordinal, give it a default that is true for values written before it,
# and fill it in schema/object/stored_object.cpp; readers of older values see the default.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("actord::schema::wire");

struct StoredObject {
  revision @0 :UInt64;
  # Stamped by the proposer when the batch is sealed; 0 in an envelope that was not proposed yet.

  resource @1 :UInt16;
  # Row of the resource table; from 0x1000 on the number the cluster gave a custom resource definition.

  namespace @2 :Text;
  name @3 :Text;
  uid @4 :Text;

  labels @5 :List(Pair);
  # Sorted by key.

  owners @6 :List(Owner);
  selectable @7 :List(Text);
  # Values of the fields this kind can be selected by, metadata aside, in the order of the kind's row in
  # schema/object/selectable_fields.cpp (where fields are only ever appended). Custom objects, whose definition may
  # change, name each field before its value: name, value, name, value.

  finalizerCount @8 :UInt16;
  deletionTime @9 :Int64;
  # Nanoseconds since 1970 of metadata.deletionTimestamp; 0 while the object is not being deleted.

  creationTime @10 :Int64;

  deadline @11 :Int64;
  # When the object has outlived its time and is to be removed (schema/object/object_deadline.hpp), 0 for never.

  generation @12 :Int64;

  facts @13 :Facts;
  schemaHash @14 :UInt64;
  # Of the type the text was written with; a text of another hash goes through the engine before it is served.

  keyId @15 :UInt32;
  # Key the text is encrypted with; 0 for plain text.

  versionOffset @16 :UInt32;
  # Where in the text `"resourceVersion":"N"` belongs. The writer of the API form inserts a comma after it when
  # another member follows, before it when it is last.

  versionComma @17 :Comma;

  cause @18 :Cause;

  version @19 :Text;
  # Version a custom object's text was written in; empty for built-in kinds.

  enum Comma { after @0; before @1; none @2; }
}

struct Pair { key @0 :Text; value @1 :Text; }

struct Owner { uid @0 :Text; resource @1 :UInt16; name @2 :Text; controller @3 :Bool; blocksDeletion @4 :Bool; }
# `resource` is 0xffff when the kind is not known here.

struct Facts {
  # A few facts per kind that decisions ask for all the time.
  podPhase @0 :Text;
  podReady @1 :Bool;
  podAddress @2 :Text;
  nodeName @3 :Text;
}

struct Cause {
  # Why this revision exists: a request of a person or program, or an earlier revision that a controller reacted to.
  actor @0 :Text;
  # User name for requests; controller or worker name otherwise.
  verb @1 :Text;
  requestId @2 :Text;
  revision @3 :UInt64;
  # The revision reacted to, 0 for requests from outside.
  note @4 :Text;
  # Why, in a few words ("scale up from 2 to 3").
}
