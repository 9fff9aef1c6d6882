// SPDX-License-Identifier: MIT
// A reader of Perfetto traces for tests, which shares nothing with the writer: the wire format by hand, the fields by numbers that
// were copied once more from Perfetto's .proto files. It refuses whatever it does not know, and whatever is not well-formed.

type Kind = 'uint' | 'int' | 'bool' | 'text' | 'fixed64';
interface Schema {
  readonly [field: number]: readonly [name: string, kind: Kind | (() => Schema), many?: 'many'];
}

const SNAPSHOT_CLOCK: Schema = { 1: ['id', 'uint'], 2: ['timestamp', 'uint'] };
const SNAPSHOT: Schema = { 1: ['clocks', () => SNAPSHOT_CLOCK, 'many'], 2: ['primary', 'uint'] };
const FIELD: Schema = { 1: ['name', 'text'], 3: ['text', 'text'], 4: ['int', 'int'], 5: ['uint', 'uint'] };
const GENERIC: Schema = { 1: ['name', 'text'], 2: ['fields', () => FIELD, 'many'] };
const FTRACE_EVENT: Schema = { 1: ['timestamp', 'uint'], 2: ['pid', 'uint'], 327: ['generic', () => GENERIC] };
const BUNDLE: Schema = {
  1: ['cpu', 'uint'],
  2: ['events', () => FTRACE_EVENT, 'many'],
  3: ['lostEvents', 'bool'],
  5: ['clock', 'uint'],
};
const ANNOTATION: Schema = {
  2: ['bool', 'bool'],
  3: ['uint', 'uint'],
  4: ['int', 'int'],
  6: ['text', 'text'],
  10: ['name', 'text'],
  11: ['members', () => ANNOTATION, 'many'],
  12: ['items', () => ANNOTATION, 'many'],
};
const TRACK_EVENT: Schema = {
  4: ['annotations', () => ANNOTATION, 'many'],
  9: ['type', 'uint'],
  11: ['track', 'uint'],
  23: ['name', 'text'],
  30: ['counter', 'int'],
  47: ['flows', 'fixed64', 'many'],
  48: ['terminatingFlows', 'fixed64', 'many'],
};
const COUNTER: Schema = { 3: ['unit', 'uint'] };
const DESCRIPTOR: Schema = {
  1: ['uuid', 'uint'],
  2: ['name', 'text'],
  5: ['parent', 'uint'],
  8: ['counter', () => COUNTER],
  11: ['childOrdering', 'uint'],
  12: ['rank', 'int'],
  14: ['description', 'text'],
  18: ['state', () => ({})],
};
const RENAME: Schema = { 1: ['tid', 'int'], 2: ['comm', 'text'] };
const PACKET: Schema = {
  1: ['ftraceEvents', () => BUNDLE],
  6: ['clockSnapshot', () => SNAPSHOT],
  8: ['timestamp', 'uint'],
  10: ['sequence', 'uint'],
  11: ['trackEvent', () => TRACK_EVENT],
  58: ['clock', 'uint'],
  60: ['descriptor', () => DESCRIPTOR],
  87: ['isFirst', 'bool'],
  120: ['rename', () => RENAME],
};
const TRACE: Schema = { 1: ['packets', () => PACKET, 'many'] };

interface WireAnnotation {
  readonly name?: string;
  readonly bool?: boolean;
  readonly uint?: bigint;
  readonly int?: bigint;
  readonly text?: string;
  readonly members?: readonly WireAnnotation[];
  readonly items?: readonly WireAnnotation[];
}

interface WirePacket {
  readonly timestamp?: bigint;
  readonly sequence?: bigint;
  readonly clock?: bigint;
  readonly isFirst?: boolean;
  readonly clockSnapshot?: {
    readonly clocks: readonly { readonly id: bigint; readonly timestamp: bigint }[];
    readonly primary: bigint;
  };
  readonly ftraceEvents?: {
    readonly cpu: bigint;
    readonly lostEvents?: boolean;
    readonly clock?: bigint;
    readonly events?: readonly {
      readonly timestamp: bigint;
      readonly pid: bigint;
      readonly generic: {
        readonly name: string;
        readonly fields?: readonly {
          readonly name: string;
          readonly text?: string;
          readonly int?: bigint;
          readonly uint?: bigint;
        }[];
      };
    }[];
  };
  readonly trackEvent?: {
    readonly type: bigint;
    readonly track: bigint;
    readonly name?: string;
    readonly counter?: bigint;
    readonly flows?: readonly bigint[];
    readonly terminatingFlows?: readonly bigint[];
    readonly annotations?: readonly WireAnnotation[];
  };
  readonly descriptor?: {
    readonly uuid: bigint;
    readonly name: string;
    readonly parent?: bigint;
    readonly counter?: object;
    readonly state?: object;
    readonly rank?: bigint;
  };
  readonly rename?: { readonly tid: bigint; readonly comm: string };
}

const STRICT = new TextDecoder('utf-8', { fatal: true });

class Wire {
  #at: number;
  readonly #bytes: Uint8Array;
  readonly #end: number;

  constructor(bytes: Uint8Array, from: number, end: number) {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = end;
  }

  get isOver(): boolean {
    return this.#at >= this.#end;
  }

  varint(): bigint {
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt(low);
    }
    let value = BigInt(low);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (value >= 1n << 64n) throw new Error(`byte ${this.#at}: more than 64 bits`);
        return value;
      }
    }
    throw new Error(`byte ${this.#at}: a varint without an end`);
  }

  take(length: number): { readonly from: number; readonly end: number } {
    const from = this.#at;
    if (from + length > this.#end) throw new Error(`byte ${from}: ${length} bytes run past the end of their message`);
    this.#at += length;
    return { from, end: this.#at };
  }

  #byte(): number {
    const { from } = this.take(1);
    return this.#bytes[from]!;
  }
}

function message(bytes: Uint8Array, from: number, end: number, schema: Schema): Record<string, unknown> {
  const wire = new Wire(bytes, from, end);
  const result: Record<string, unknown> = {};
  while (!wire.isOver) {
    const tag = Number(wire.varint());
    const field = schema[tag >>> 3];
    if (field === undefined) throw new Error(`field ${tag >>> 3} is not known here`);
    const [name, kind, many] = field;
    const expected = kind === 'fixed64' ? 1 : kind === 'text' || typeof kind === 'function' ? 2 : 0;
    if ((tag & 7) !== expected) throw new Error(`${name} has wire type ${tag & 7}`);
    const value = valueOf(bytes, wire, kind);
    if (many === undefined) {
      if (name in result) throw new Error(`${name} stands twice`);
      result[name] = value;
    } else {
      const list = (result[name] ??= []) as unknown[];
      list.push(value);
    }
  }
  return result;
}

function valueOf(bytes: Uint8Array, wire: Wire, kind: Kind | (() => Schema)): unknown {
  if (kind === 'uint') return wire.varint();
  if (kind === 'int') return BigInt.asIntN(64, wire.varint());
  if (kind === 'bool') return wire.varint() === 1n;
  if (kind === 'fixed64') {
    const { from } = wire.take(8);
    return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(from, true);
  }
  const { from, end } = wire.take(Number(wire.varint()));
  return kind === 'text' ? STRICT.decode(bytes.subarray(from, end)) : message(bytes, from, end, kind());
}

/** A fact beside an event. */
export type Fact = boolean | bigint | string | readonly Fact[] | { readonly [name: string]: Fact };

function factOf({ bool, uint, int, text, members, items }: WireAnnotation): Fact {
  if (members !== undefined) return factsOf(members);
  return items?.map(factOf) ?? bool ?? uint ?? int ?? text ?? [];
}

const factsOf = (annotations: readonly WireAnnotation[]): { readonly [name: string]: Fact } =>
  Object.fromEntries(annotations.map((one) => [one.name ?? '', factOf(one)]));

export interface Track {
  readonly uuid: bigint;
  readonly name: string;
  readonly parent: Track | undefined;
  readonly is: 'state' | 'counter' | 'other';
}

export interface ReadSlice {
  readonly track: Track;
  readonly name: string;
  readonly from: bigint;
  /** Undefined: it has no end. */
  to: bigint | undefined;
  readonly depth: number;
  readonly facts: { readonly [name: string]: Fact };
  readonly flows: readonly bigint[];
  readonly terminatingFlows: readonly bigint[];
}

export interface ReadTrace {
  readonly packets: readonly WirePacket[];
  readonly tracks: readonly Track[];
  readonly slices: readonly ReadSlice[];
  readonly instants: readonly {
    readonly track: Track;
    readonly at: bigint;
    readonly name: string;
    readonly facts: { readonly [name: string]: Fact };
  }[];
  /** The state of a track after all events up to a time; undefined where it has none. */
  readonly stateAt: (
    track: Track,
    at: bigint,
  ) => { readonly name: string; readonly facts: { readonly [name: string]: Fact } } | undefined;
  readonly counterAt: (track: Track, at: bigint) => bigint | undefined;
}

/** Reads a trace as Perfetto's trace processor does: packets in the order of their times, those of one time as they stand. */
export function readPerfetto(bytes: Uint8Array): ReadTrace {
  const { packets = [] } = message(bytes, 0, bytes.byteLength, TRACE) as { packets?: readonly WirePacket[] };
  if (packets[0]?.isFirst !== true) throw new Error('the first packet does not say that it is the first');
  const tracks = new Map<bigint, Track>();
  const timed: { readonly at: bigint; readonly event: NonNullable<WirePacket['trackEvent']> }[] = [];
  for (const { timestamp, sequence, clock, descriptor, trackEvent } of packets) {
    if (sequence !== 1n) throw new Error('a packet without its sequence');
    if (descriptor !== undefined) {
      const { uuid, name, parent, counter, state } = descriptor;
      if (uuid === 0n || tracks.has(uuid)) throw new Error(`track ${name} has the number of another`);
      const above = parent === undefined ? undefined : tracks.get(parent);
      if (parent !== undefined && above === undefined) throw new Error(`track ${name} stands before its parent`);
      tracks.set(uuid, {
        uuid,
        name,
        parent: above,
        is: state !== undefined ? 'state' : counter !== undefined ? 'counter' : 'other',
      });
    }
    if (trackEvent === undefined) continue;
    if (timestamp === undefined || clock === undefined) throw new Error('an event without its time or clock');
    if (!tracks.has(trackEvent.track)) throw new Error('an event before its track');
    timed.push({ at: BigInt.asIntN(64, timestamp), event: trackEvent });
  }
  timed.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  return { packets, tracks: [...tracks.values()], ...eventsOf(tracks, timed) };
}

function eventsOf(
  tracks: ReadonlyMap<bigint, Track>,
  timed: readonly { readonly at: bigint; readonly event: NonNullable<WirePacket['trackEvent']> }[],
): Omit<ReadTrace, 'packets' | 'tracks'> {
  const slices: ReadSlice[] = [];
  const instants: ReadTrace['instants'][number][] = [];
  const open = new Map<bigint, ReadSlice[]>();
  const values = new Map<
    bigint,
    { readonly at: bigint; readonly name: string; readonly facts: object; readonly counter: bigint }[]
  >();
  for (const { at, event } of timed) {
    const { type, track: uuid, name = '', annotations = [], flows = [], terminatingFlows = [], counter = 0n } = event;
    const track = tracks.get(uuid)!;
    const stack = open.get(uuid) ?? [];
    open.set(uuid, stack);
    const facts = factsOf(annotations);
    const expected = type === 4n ? 'counter' : type === 5n ? 'state' : 'other';
    if (track.is !== expected) throw new Error(`an event of type ${type} on track ${track.name}`);
    if (type === 1n) {
      const slice = { track, name, from: at, to: undefined, depth: stack.length, facts, flows, terminatingFlows };
      slices.push(slice);
      stack.push(slice);
    } else if (type === 2n) {
      const slice = stack.pop();
      if (slice === undefined) throw new Error(`an end without a begin on track ${track.name}`);
      slice.to = at;
    } else if (type === 3n) instants.push({ track, at, name, facts });
    else if (type === 4n || type === 5n) {
      const ofTrack = values.get(uuid) ?? [];
      // UpdateState() in its state_tracker.cc adds the facts of the second to those of the first.
      if (name !== '' && ofTrack.at(-1)?.name === name)
        throw new Error(`track ${track.name}: a state follows one of the same name, and Perfetto makes one of both`);
      ofTrack.push({ at, name, facts, counter });
      values.set(uuid, ofTrack);
    } else throw new Error(`an event of type ${type}`);
  }
  const last = (track: Track, at: bigint) => values.get(track.uuid)?.findLast((value) => value.at <= at);
  return {
    slices,
    instants,
    stateAt: (track, at) => {
      const state = last(track, at);
      return state === undefined || state.name === '' ? undefined : { name: state.name, facts: { ...state.facts } };
    },
    counterAt: (track, at) => last(track, at)?.counter,
  };
}
