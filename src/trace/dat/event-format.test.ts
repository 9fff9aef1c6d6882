// SPDX-License-Identifier: MIT
import { expect, it } from 'vitest';
import { parseEventFormat, parseField } from './event-format.ts';

it.each([
  [
    '\tfield:unsigned long pfn;\toffset:8;\tsize:8;\tsigned:0;',
    { type: 'unsigned long', name: 'pfn', offset: 8, size: 8, isArray: false },
  ],
  ['\tfield:struct folio * folio;\toffset:8;\tsize:8;', { type: 'struct folio *', name: 'folio', isArray: false }],
  ['\tfield:char comm[16];\toffset:8;\tsize:16;\tsigned:0;', { type: 'char', name: 'comm', isArray: true }],
  ['\tfield:unsigned long args[6];\toffset:16;\tsize:48;\tsigned:0;', { name: 'args', size: 48, isArray: true }],
  [
    '\tfield:__data_loc char[] name;\toffset:8;\tsize:4;\tsigned:0;',
    { type: '__data_loc char[]', name: 'name', isArray: true },
  ],
  [
    '\tfield:__data_loc cpumask_t *[] mask;\toffset:8;\tsize:4;',
    { type: '__data_loc cpumask_t *[]', name: 'mask', isArray: true },
  ],
  ['\tfield:char __attribute__((user)) * filename;\toffset:8;\tsize:8;', { name: 'filename' }],
  ['\tfield:char buf[];\toffset:16;\tsize:0;\tsigned:0;', { type: 'char', name: 'buf', size: 0, isArray: true }],
])('%s', (line, field) => {
  expect(parseField(line)).toMatchObject(field);
});

it.each(['', 'print fmt: "%d", REC->x', '\tfield:;\toffset:1;\tsize:1;', '\tfield:int a;\toffset:x;\tsize:1;'])(
  '%j is no field',
  (line) => {
    expect(parseField(line)).toBeUndefined();
  },
);

it('a format without an id of 16 bits is none', () => {
  expect(parseEventFormat('x', 'name: a\nID: 70000\n')).toBeUndefined();
  expect(parseEventFormat('x', 'ID: 7\n')).toBeUndefined();
  expect(parseEventFormat('x', 'name: a\nID: 7\n')).toMatchObject({ system: 'x', name: 'a', id: 7 });
});
