// SPDX-License-Identifier: MIT

/** Formats that are known and not read, by their first bytes. */
const MAGICS: readonly { readonly bytes: readonly number[]; readonly advice: string }[] = [
  { bytes: [0x42, 0x5a, 0x68], advice: 'packed with bzip2; unpack it first (bunzip2 -c FILE | folioscope ... -)' },
  { bytes: [0x50, 0x4b, 0x03, 0x04], advice: 'a zip archive; unpack it first (unzip)' },
  {
    bytes: [...new TextEncoder().encode('PERFILE2')],
    advice: "perf.data, which is not read; give the text of it ('perf script --ns --show-lost-events -i FILE')",
  },
];

/** How many of the first lines are looked at. */
const LINES = 200;
/** What is looked at of each: the patterns take the square of a length. */
const LINE_BYTES = 400;

/** Text formats that are known and not read, by what one of the first lines looks like. */
const LINE_SIGNS: readonly { readonly sign: RegExp; readonly advice: string }[] = [
  {
    // Field by field, with a blank before the first one.
    sign: /^.{0,300}\d\.\d+: (?:mm_filemap_(?:add|delete)\w+: +pfn=\S+ i_ino=|mm_lru_insertion: +folio=\S+ pfn=\S+ lru=\S+ flags=0x)[^(]*$/,
    advice: "text of 'trace-cmd report -R'; leave the -R out, or give the trace.dat itself",
  },
  {
    sign: /^# verbose latency|^ *.{8,16} +\d+ +\d+ +\d [0-9a-f]{8} \[[0-9a-f]{8}\]/,
    advice:
      "text of options 'latency-format' and 'verbose' together; turn one off (echo noverbose > trace_options) and read 'trace' again",
  },
  {
    sign: /^\d+ \d+ \d+ (?:type: \d+|\w+:?)/,
    advice:
      "text of option 'raw', without the events' fields; turn it off (echo noraw > trace_options) and read 'trace' again",
  },
  {
    sign: /^(?:[0-9a-f]{8} ?){3,}/,
    advice:
      "text of option 'hex', without the events' fields; turn it off (echo nohex > trace_options) and read 'trace' again",
  },
  {
    sign: /^(?:mm_\w+|sched_\w+|tracing_mark_write|workqueue_\w+|page_ref_\w+|sys_\w+): \S/,
    advice:
      "text of option 'nocontext-info', without times and CPUs; turn it on (echo context-info > trace_options) and read 'trace' again",
  },
];

/**
 * Why a file that starts with `head` cannot be read and what to do about it, for formats that people are likely to
 * try; undefined for all others.
 */
export function whyUnsupported(head: Uint8Array): string | undefined {
  if (head.byteLength === 0) return 'empty';
  const magic = MAGICS.find(({ bytes }) => bytes.every((byte, index) => head[index] === byte));
  if (magic !== undefined) return magic.advice;
  const lines = new TextDecoder('latin1')
    .decode(head)
    .split('\n', LINES)
    .map((line) => line.slice(0, LINE_BYTES));
  return LINE_SIGNS.find(({ sign }) => lines.some((line) => sign.test(line)))?.advice;
}
