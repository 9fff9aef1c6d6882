// SPDX-License-Identifier: MIT

const FIELD = /(\w+)=(?:0x([0-9a-f]{1,16})|\((\d{1,20})\)|(\d{1,20})(?= \w|$))/g;

/** `a=0x1f (31) b=(7)`, as option `fields` prints an event; `a=31 b=7`, as Perfetto does. */
export function fieldsOf(text: string): Map<string, bigint> {
  const fields = new Map<string, bigint>();
  for (const [, name = '', hex, bracketed, plain = '0'] of text.matchAll(FIELD)) {
    fields.set(name, BigInt(hex === undefined ? (bracketed ?? plain) : `0x${hex}`));
  }
  return fields;
}
