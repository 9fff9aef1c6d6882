// SPDX-License-Identifier: MIT

/** One field of an event's record, from a line of its format text. */
export interface FormatField {
  /** The C type as written, without the name and the array bounds: `unsigned long`, `__data_loc char[]`. */
  readonly type: string;
  readonly name: string;
  /** In bytes from the start of the record. */
  readonly offset: number;
  /** In bytes; 0 for a plain array that runs to the end of the record. */
  readonly size: number;
  readonly isArray: boolean;
  readonly isSigned: boolean;
}

/** The format of one event, as tracefs gives it in `events/SYSTEM/NAME/format`. */
export interface EventFormat {
  readonly system: string;
  readonly name: string;
  /** `common_type` of its records; differs from boot to boot. */
  readonly id: number;
  readonly fields: ReadonlyMap<string, FormatField>;
  /** Fields that the event's text prints as the name of a function: `%ps` and its kin. */
  readonly functions: ReadonlySet<string>;
}

/** Longest line of a format; matching a longer one could take the square of its length. */
const MAX_LINE = 500;

/** `field:TYPE NAME[BOUNDS];  offset:N;  size:N;  signed:N;` - very old kernels print no `signed:`. */
const FIELD = /^\s*field:(.*?);\s*offset:(\d+);\s*size:(\d+);(?:\s*signed:([01]);)?/;

/**
 * Reads a format text by the grammar in libtraceevent's event-parse.c. Of the `print fmt:` line, which is C, only the functions' names.
 * @returns undefined if the text has no name or no usable id.
 */
export function parseEventFormat(system: string, text: string): EventFormat | undefined {
  const name = /^name: (.*)$/m.exec(text)?.[1]?.trim();
  const id = Number(/^ID: (\d+)$/m.exec(text)?.[1] ?? Number.NaN);
  if (name === undefined || !(id <= 0xffff)) return undefined;
  const fields = new Map<string, FormatField>();
  for (const line of text.split('\n')) {
    const field = parseField(line);
    if (field !== undefined) fields.set(field.name, field);
  }
  return { system, name, id, fields, functions: functionsOf(text) };
}

/** A conversion of printk (Documentation/core-api/printk-formats.rst): flags, width, length, and its letters. */
const CONVERSION = /%[-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(?:hh|h|ll|l|z|t|j)?([%diouxXcs]|p[A-Za-z]*)/g;

/** Arguments of the printed text that are printed as functions, as far as they are plain fields. */
function functionsOf(text: string): ReadonlySet<string> {
  const [, format, args = ''] = /^print fmt: "((?:[^"\\]|\\.)*)"(.*)$/m.exec(text) ?? [];
  const functions = new Set<string>();
  if (format === undefined || !/%[^%]*p[sSfFB]/.test(format)) return functions;
  const places = args.split(/,(?![^()]*\))/).slice(1);
  const conversions = [...format.matchAll(CONVERSION)].map(([, letters = '']) => letters).filter((one) => one !== '%');
  for (const [nth, letters] of conversions.entries()) {
    const [, field] = /REC->(\w+)/.exec(places[nth] ?? '') ?? [];
    if (field !== undefined && /^p[sSfFB]/.test(letters)) functions.add(field);
  }
  return functions;
}

/** One `field:` line, of an event format or of `header_page`; undefined for any other line. */
export function parseField(line: string): FormatField | undefined {
  if (line.length > MAX_LINE) return undefined;
  const [, declaration = '', offset = '', size = '', signed] = FIELD.exec(line) ?? [];
  // The name is the last word; its bounds may follow it or, in a dynamic array, the type.
  const [, type = '', name = '', bounds] = /^(.*?)\s*([A-Za-z_]\w*)\s*(\[[^\]]*\])?\s*$/.exec(declaration.trim()) ?? [];
  if (name === '') return undefined;
  return {
    type,
    name,
    offset: Number(offset),
    size: Number(size),
    isArray: bounds !== undefined || type.includes('['),
    isSigned: signed === undefined ? !/\bu(?:nsigned|8|16|32|64|int|long)\b|\*/.test(type) : signed === '1',
  };
}
