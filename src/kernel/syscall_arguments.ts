// SPDX-License-Identifier: GPL-2.0-only
import type { Pfn } from '../ledger/index.ts';
import { bool, element, int, literal, one, ordinal, TASK, type Type, type Value } from '../lang/index.ts';
import { contentsType } from './contents.ts';
import { LRU_BATCHES } from './cpu_fbatches.ts';
import { CPU, FOLIO, INDEX, INODE, MM, PIN } from './kernel.ts';

/** Arguments of a call, as a machine receives them. */
export interface CallFields {
  /** Number of the guest_memfd in the machine. */
  readonly inode: number;
  /** First page of a range. */
  readonly start: number;
  /** Pages of a range. */
  readonly pages: number;
  /** One page. */
  readonly index: number;
  /** The page that is the source of the copy. */
  readonly sourceInode: number;
  readonly sourceIndex: number;
  /** Number of a long reference among the machine's. */
  readonly pin: number;
  /** Whether the access is to private memory. */
  readonly private: boolean;
  /** Whether the kernel can write the struct. */
  readonly writable: boolean;
  /** A byte that stands for the whole content of a page. */
  readonly value: number;
  readonly cpu: number;
  /** Number of the task. */
  readonly task: number;
  /** Number of the process. */
  readonly process: number;
  /** Page frame, which is also the folio's number. */
  readonly pfn: Pfn;
  /** One of the LRU batches besides lru_add. */
  readonly batch: (typeof LRU_BATCHES)[number];
}
export type ArgumentName = keyof CallFields;

const TYPES: Readonly<Record<ArgumentName, Type>> = {
  inode: one(INODE),
  start: one(INDEX),
  pages: int(({ index = 0 }) => index),
  index: one(INDEX),
  sourceInode: one(INODE),
  sourceIndex: one(INDEX),
  pin: one(PIN),
  private: bool,
  writable: bool,
  value: contentsType,
  cpu: one(CPU),
  task: one(TASK),
  process: one(MM),
  pfn: one(FOLIO),
  batch: int(LRU_BATCHES.length - 1),
};

/** Types of a call's values, in order. */
export const argumentTypes = (names: readonly ArgumentName[]): readonly Type[] => names.map((name) => TYPES[name]);

/** The number of an argument in the kernel's memory. */
export const argumentNumber = (value: CallFields[ArgumentName]): number =>
  typeof value === 'string' ? LRU_BATCHES.indexOf(value) : Number(value);

/** Arguments of a call, as values of the kernel's text. */
export interface Arguments {
  readonly inode: Value<'inode'>;
  readonly start: Value<'index'>;
  readonly pages: Value<'int'>;
  readonly index: Value<'index'>;
  readonly sourceInode: Value<'inode'>;
  readonly sourceIndex: Value<'index'>;
  readonly pin: Value<'pin'>;
  readonly private: Value<'bool'>;
  readonly writable: Value<'bool'>;
  readonly value: Value<'int'>;
  readonly cpu: Value<'cpu'>;
  readonly task: Value<'task'>;
  readonly process: Value<'mm'>;
  readonly pfn: Value<'folio'>;
  readonly batch: Value<'int'>;
}

/** The same from the values of a call, in the order of `names`; 0 for absent arguments. */
export function argumentsOf(names: readonly ArgumentName[], values: readonly Value<string>[]): Arguments {
  const of = (name: ArgumentName): Value<'int'> => {
    const place = names.indexOf(name);
    if (place === -1) return literal(0);
    const value = values[place];
    if (value === undefined) throw new Error(`the value of '${name}' is missing`);
    return ordinal(value);
  };
  return {
    inode: element(INODE, of('inode')),
    start: element(INDEX, of('start')),
    pages: of('pages'),
    index: element(INDEX, of('index')),
    sourceInode: element(INODE, of('sourceInode')),
    sourceIndex: element(INDEX, of('sourceIndex')),
    pin: element(PIN, of('pin')),
    private: of('private').ne(0),
    writable: of('writable').ne(0),
    value: of('value'),
    cpu: element(CPU, of('cpu')),
    task: element(TASK, of('task')),
    process: element(MM, of('process')),
    pfn: element(FOLIO, of('pfn')),
    batch: of('batch'),
  };
}
