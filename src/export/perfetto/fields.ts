// SPDX-License-Identifier: MIT

// Numbers of the fields that are written, from Perfetto's protos/perfetto/trace (v58.2), and nothing else of them.

/** How a field's value stands on the wire. */
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;

/** What stands before a field's value. */
const tag = (field: number, wire: 0 | 1 | 2): number => ((field << 3) | wire) >>> 0;

/** trace.proto */
export const TRACE = { packet: tag(1, BYTES) } as const;

/** trace_packet.proto */
export const PACKET = {
  ftraceEvents: tag(1, BYTES),
  clockSnapshot: tag(6, BYTES),
  timestamp: tag(8, VARINT),
  sequence: tag(10, VARINT),
  trackEvent: tag(11, BYTES),
  clock: tag(58, VARINT),
  trackDescriptor: tag(60, BYTES),
  firstOnSequence: tag(87, VARINT),
  taskRename: tag(120, BYTES),
} as const;

/** clock_snapshot.proto */
export const SNAPSHOT = { clocks: tag(1, BYTES), primary: tag(2, VARINT) } as const;
export const SNAPSHOT_CLOCK = { id: tag(1, VARINT), timestamp: tag(2, VARINT) } as const;

/** ftrace/ftrace_event_bundle.proto */
export const BUNDLE = {
  cpu: tag(1, VARINT),
  event: tag(2, BYTES),
  lostEvents: tag(3, VARINT),
  clock: tag(5, VARINT),
} as const;

/** ftrace/ftrace_event.proto */
export const FTRACE_EVENT = { timestamp: tag(1, VARINT), pid: tag(2, VARINT), generic: tag(327, BYTES) } as const;

/** ftrace/generic.proto */
export const GENERIC = { name: tag(1, BYTES), field: tag(2, BYTES) } as const;
export const GENERIC_FIELD = {
  name: tag(1, BYTES),
  text: tag(3, BYTES),
  signed: tag(4, VARINT),
  unsigned: tag(5, VARINT),
} as const;

/** generic_kernel/generic_task.proto */
export const RENAME = { tid: tag(1, VARINT), comm: tag(2, BYTES) } as const;

/** track_event/track_descriptor.proto */
export const TRACK = {
  uuid: tag(1, VARINT),
  name: tag(2, BYTES),
  parent: tag(5, VARINT),
  counter: tag(8, BYTES),
  childOrdering: tag(11, VARINT),
  rank: tag(12, VARINT),
  description: tag(14, BYTES),
  state: tag(18, BYTES),
} as const;
/** `ChildTracksOrdering.EXPLICIT`: by `rank`. */
export const BY_RANK = 3;
export const COUNTER = { unit: tag(3, VARINT) } as const;
/** `Unit.UNIT_COUNT` */
export const UNIT_COUNT = 2;

/** track_event/track_event.proto */
export const TRACK_EVENT = {
  annotations: tag(4, BYTES),
  type: tag(9, VARINT),
  track: tag(11, VARINT),
  name: tag(23, BYTES),
  counterValue: tag(30, VARINT),
  flows: tag(47, FIXED64),
  terminatingFlows: tag(48, FIXED64),
} as const;
/** `TrackEvent.Type`; `state` since v57. */
export const TYPE = { begin: 1, end: 2, instant: 3, counter: 4, state: 5 } as const;

/** track_event/debug_annotation.proto */
export const ANNOTATION = {
  flag: tag(2, VARINT),
  unsigned: tag(3, VARINT),
  signed: tag(4, VARINT),
  text: tag(6, BYTES),
  name: tag(10, BYTES),
  members: tag(11, BYTES),
  items: tag(12, BYTES),
} as const;
