// SPDX-License-Identifier: MIT

/** Known but unsupported formats, by their first bytes. */
const MAGICS: readonly { readonly bytes: readonly number[]; readonly advice: string }[] = [
  { bytes: [0x42, 0x5a, 0x68], advice: 'packed with bzip2; unpack it first (bunzip2 -c FILE | folioscope ... -)' },
  { bytes: [0x50, 0x4b, 0x03, 0x04], advice: 'a zip archive; unpack it first (unzip)' },
  {
    bytes: [...new TextEncoder().encode('PERFILE2')],
    advice: "perf.data, which is not read; give the text of it ('perf script --ns --show-lost-events -i FILE')",
  },
];

/** Number of first lines that are examined. */
const LINES = 200;
/** Bytes of each that are examined: the patterns take the square of a length. */
const LINE_BYTES = 400;

/** Known but unsupported text formats, by a pattern of one of the first lines. */
const LINE_SIGNS: readonly { readonly sign: RegExp; readonly advice: string; readonly inTrace: boolean }[] = [
  {
    // Field by field, with a blank before the first one.
    sign: /^.{0,300}\d\.\d+: (?:mm_filemap_(?:add|delete)\w+: +pfn=\S+ i_ino=|mm_lru_insertion: +folio=\S+ pfn=\S+ lru=\S+ flags=0x)[^(]*$/,
    inTrace: false,
    advice: "text of 'trace-cmd report -R'; leave the -R out, or give the trace.dat itself",
  },
  {
    sign: /^.{1,40}\[\d+\] +\d+\.\d+: +(?:filemap:mm_filemap_(?:add|delete)\w+|pagemap:mm_lru_insertion|syscalls:sys_enter_ioctl): *$/,
    inTrace: false,
    advice: "text of 'perf script -F ...' without the events' fields; leave the -F out, or add 'trace' to it",
  },
  {
    sign: /^# verbose latency|^ *.{8,16} +\d+ +\d+ +\d [0-9a-f]{8} \[[0-9a-f]{8}\]/,
    inTrace: true,
    advice:
      "text of options 'latency-format' and 'verbose' together; turn one off (echo noverbose > trace_options) and read 'trace' again",
  },
  {
    sign: /^\d+ \d+ \d+ (?:type: \d+|\w+:?)/,
    inTrace: true,
    advice:
      "text of option 'raw', without the events' fields; turn it off (echo noraw > trace_options) and read 'trace' again",
  },
  {
    sign: /^(?:[0-9a-f]{8} ?){3,}/,
    inTrace: true,
    advice:
      "text of option 'hex', without the events' fields; turn it off (echo nohex > trace_options) and read 'trace' again",
  },
  {
    sign: /^(?:mm_\w+|sched_\w+|tracing_mark_write|workqueue_\w+|page_ref_\w+|sys_\w+): \S/,
    inTrace: true,
    advice:
      "text of option 'nocontext-info', without times and CPUs; turn it on (echo context-info > trace_options) and read 'trace' again",
  },
];

/**
 * Why a file that starts with `head` cannot be read, and what to do about it, for formats that people are likely to
 * try; undefined for all others.
 */
export function whyUnsupported(head: Uint8Array): string | undefined {
  if (head.byteLength === 0) return 'empty';
  const magic = MAGICS.find(({ bytes }) => bytes.every((byte, index) => head[index] === byte));
  if (magic !== undefined) return magic.advice;
  const lines = firstLines(head);
  // Perfetto also prints generic fields, with the kernel's header before them.
  const isTracer = lines.some((line) => line.startsWith('# tracer: '));
  return LINE_SIGNS.find(({ sign, inTrace }) => (inTrace || !isTracer) && lines.some((line) => sign.test(line)))
    ?.advice;
}

const firstLines = (head: Uint8Array): readonly string[] =>
  new TextDecoder('latin1')
    .decode(head)
    .split('\n', LINES)
    .map((line) => line.slice(0, LINE_BYTES));

/** Other files that are no trace, and advice for each; used if nothing else fits. */
const OTHER_SIGNS: readonly { readonly sign: RegExp; readonly advice: string }[] = [
  {
    sign: /^\s*<(?:!doctype html|html)/i,
    advice:
      "a page of HTML; in Android's systrace the trace is text inside it: sed -n '/class=.trace-data/,/<.script>/p' FILE | folioscope explain -",
  },
  {
    sign: /^ *\d+\.\d{3} \( *(?:\d+\.\d{3})? *ms?\) ?:? *\S+\/\d+|^ *\d+\.\d{3} \( *(?:\d+\.\d{3} ms)? *\): \S/,
    advice:
      "output of 'perf trace', without CPUs; record the events with 'perf record -a -e ...' and give 'perf script --ns --show-lost-events'",
  },
  {
    sign: /^# (?:To display the perf\.data header|Samples: |Overhead\b)|^# Total Lost Samples/,
    advice:
      "a profile ('perf report'), without events; give 'perf script --ns --show-lost-events' of a recording of the page cache's events",
  },
  {
    sign: /\bpage: ?(?:refcount:|\S+ (?:refcount|count):)-?\d+ mapcount:/,
    advice:
      'a dump of one page (dump_page()): it has the count, but not the holders; a recording of page cache and LRU events shows them',
  },
  {
    sign: /\b(?:BUG: soft lockup|watchdog: BUG:|INFO: task .* blocked for more than|rcu: INFO: \w+ (?:self-)?detected stall|NMI watchdog:|Watchdog detected hard LOCKUP)/,
    advice:
      'a report of a lockup, without events; where the kernel dumped its trace buffer (ftrace_dump_on_oops, sysrq-z), give that part of the log too',
  },
];

/** Head of a raw ring-buffer page: a time, and the number of used bytes. */
const PAGE_HEAD_BYTES = 16;

/** Advice for a file that is no known recording; undefined if nothing is known of it. */
export function whyNoRecording(head: Uint8Array): string | undefined {
  if (isRawPage(head))
    return "raw pages of one CPU's ring buffer (trace.dat.cpuN, which a killed recorder leaves); 'trace-cmd restore -o trace.dat trace.dat.cpu*' makes a trace.dat of them";
  const lines = firstLines(head);
  return OTHER_SIGNS.find(({ sign }) => lines.some((line) => sign.test(line)))?.advice;
}

/**
 * Whether bytes begin like a ring-buffer page: a 64-bit time, then the number of used bytes, less than a page, both
 * little endian.
 */
function isRawPage(head: Uint8Array): boolean {
  if (head.byteLength < PAGE_HEAD_BYTES) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const [time, commit] = [view.getBigUint64(0, true), view.getBigUint64(8, true)];
  const used = Number(commit & 0xfff_ffffn);
  return time > 0n && time < 1n << 62n && used > 0 && used <= 65_536 - PAGE_HEAD_BYTES && commit >> 32n === 0n;
}
