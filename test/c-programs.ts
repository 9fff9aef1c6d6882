// SPDX-License-Identifier: MIT
// Random programs of the subset, compiled by gcc with the kernel's calls stubbed, beside the same programs translated: call by call.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cFront, type CFront, failureIn, type Known, type Table, TABLE, wholeFile } from '../src/cfront/index.ts';
import { DEFAULT_PROFILE, INDEX, type K, type KernelConfig, type Patch } from '../src/kernel/index.ts';
import {
  bool,
  buildCode,
  columnOf,
  copyMemory,
  createMemory,
  domain,
  element,
  int,
  Interpreter,
  literal,
  mark,
  type Memory,
  optional,
  ordinal,
  type Program,
  program,
  shared,
  sharedScalar,
  type Taken,
  Value,
} from '../src/lang/index.ts';

/** Whole numbers that depend on a seed alone. */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) >>> 0;
  }

  below(most: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % most;
  }

  one<T>(...of: readonly [T, ...T[]]): T {
    return of[this.below(of.length)] ?? of[0];
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
}

const FOLIOS = 4;
const PAGES = 8;
const BATCH = 3;
const DRAWS = 512;
const MOST_EVENTS = 400;
/** Ways through the choices of a program that are followed. */
const MOST_WAYS = 2000;

// The stubs' side in the kernel language.

const DRAW = domain('draw');
const stream = shared('stream', [DRAW], int(63));
const cursor = sharedScalar('cursor', int(DRAWS));
const CALLED = mark<{ call: 'int'; a: 'int'; b: 'int' }>('called');

/** The next number of the stream, and moves behind it; within a step. */
function draw(k: K, most: number, use: (value: Value<'int'>) => void): void {
  use(stream.at(element(DRAW, cursor.mod(DRAWS))).mod(most));
  k.when(cursor.lt(DRAWS - 1), () => cursor.add(1));
}

const CALLS = [
  'folio_ref_count',
  'folio_mapcount',
  'folio_mapped',
  'folio_test_lru',
  'folio_get',
  'folio_put',
  'lru_add_drain',
  'lru_add_drain_all',
  'filemap_get_folios',
  'folio_batch_release',
  'lru_cache_drain_for_folio',
  'returns',
] as const;
const numberOf = (name: string): number => CALLS.findIndex((known) => known === name);

/** Most that a call's answer is, less one. */
const ANSWERS: Readonly<Record<string, number>> = {
  folio_ref_count: 5,
  folio_mapcount: 3,
  folio_mapped: 2,
  folio_test_lru: 2,
};

const zero = (): Value<'int'> => literal(0);

function stubbed(known: Known): Known {
  const { name } = known;
  const call = numberOf(name);
  const { takes: _takes, puts: _puts, read: _read, ...plain } = known;
  const answers = ANSWERS[name];
  const base = { ...plain, always: true };
  if (name === 'filemap_get_folios')
    return {
      ...base,
      text: (k, args) => {
        const { count, folios } = args.batch(3);
        const start = args.place(1, 'int');
        k.step(name, () => {
          k.observe(CALLED, { call, a: start, b: args.int(2) });
          draw(k, BATCH + 1, (n) => count.set(n));
          for (let i = 0; i < BATCH; i++) draw(k, FOLIOS, (of) => folios.at(i).set(element({ name: 'folio' }, of)));
          draw(k, PAGES + 1, (n) => start.set(n));
        });
      },
    };
  if (name === 'folio_batch_release')
    return {
      ...base,
      text: (k, args) => {
        const { count } = args.batch(0);
        k.step(name, () => {
          k.observe(CALLED, { call, a: count, b: 0 });
          count.set(0);
        });
      },
    };
  if (name === 'lru_cache_drain_for_folio')
    return {
      ...base,
      text: (k, args) =>
        k.step(name, () => {
          k.observe(CALLED, { call, a: args.int(0), b: args.int(1) });
          draw(k, 3, (n) => args.place(2, 'int').set(n));
        }),
    };
  return {
    ...base,
    ...(answers === undefined ? {} : { range: () => ({ low: 0, high: answers - 1 }) }),
    text: (k, args, result) =>
      k.step(name, () => {
        k.observe(CALLED, { call, a: known.params.length === 0 ? zero() : args.int(0), b: 0 });
        if (answers !== undefined) draw(k, answers, (value) => result?.set(value));
      }),
  };
}

const STUBS: Table = {
  words: TABLE.words,
  steps: new Map(
    [...TABLE.steps].flatMap(([name, known]) =>
      numberOf(name) === -1
        ? name === 'folio_nr_pages'
          ? [[name, known] as const]
          : []
        : [[name, stubbed(known)] as const],
    ),
  ),
};

/** What the stubs are in C. */
const PREAMBLE = `
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <setjmp.h>
typedef unsigned long pgoff_t; typedef unsigned char u8; typedef unsigned int u32; typedef long s64;
struct address_space { int x; }; struct inode { struct address_space *i_mapping; }; struct folio { int id; };
struct folio_batch { unsigned char nr; bool percpu_pvec_drained; struct folio *folios[31]; };
static struct folio all[${FOLIOS}] = { {0}, {1}, {2}, {3} };
static const int *stream; static int cursor, events; static jmp_buf enough;
static int draw(int most) { int v = stream[cursor % ${DRAWS}] % most; if (cursor < ${DRAWS} - 1) cursor++; return v; }
static void called(int call, long a, long b) { if (++events > ${MOST_EVENTS}) longjmp(enough, 1); printf("%d %ld %ld\\n", call, a, b); }
static long idof(struct folio *f) { return f ? f->id : ${FOLIOS}; }
#define likely(x) (!!(x))
#define unlikely(x) (!!(x))
#define WARN_ON_ONCE(x) (!!(x))
#define READ_ONCE(x) (x)
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define cond_resched() ((void)0)
static int folio_ref_count(struct folio *f) { called(0, idof(f), 0); return draw(5); }
static int folio_mapcount(struct folio *f) { called(1, idof(f), 0); return draw(3); }
static bool folio_mapped(struct folio *f) { called(2, idof(f), 0); return draw(2); }
static bool folio_test_lru(struct folio *f) { called(3, idof(f), 0); return draw(2); }
static void folio_get(struct folio *f) { called(4, idof(f), 0); }
static void folio_put(struct folio *f) { called(5, idof(f), 0); }
static void lru_add_drain(void) { called(6, 0, 0); }
static void lru_add_drain_all(void) { called(7, 0, 0); }
static long folio_nr_pages(struct folio *f) { (void)f; return 1; }
static unsigned filemap_get_folios(struct address_space *m, pgoff_t *start, pgoff_t last, struct folio_batch *b)
{ (void)m; called(8, *start, last); b->nr = draw(${BATCH + 1}); for (int i = 0; i < ${BATCH}; i++) b->folios[i] = &all[draw(${FOLIOS})];
  *start = draw(${PAGES + 1}); return b->nr; }
static void folio_batch_release(struct folio_batch *b) { called(9, b->nr, 0); b->nr = 0; }
static void folio_batch_init(struct folio_batch *b) { b->nr = 0; }
static void folio_batch_reinit(struct folio_batch *b) { b->nr = 0; }
static unsigned folio_batch_count(struct folio_batch *b) { return b->nr; }
static void lru_cache_drain_for_folio(struct folio *f, int extra, unsigned *drained) { called(10, idof(f), extra); *drained = draw(3); }
`;

// Programs.

/** A random program, and the constructs in it. */
export interface Generated {
  readonly text: string;
  readonly has: ReadonlySet<string>;
}

interface Variable {
  readonly name: string;
  readonly type: 'int' | 'bool' | 'unsigned int' | 'unsigned long' | 'u8';
  readonly fixed: boolean;
}

interface Place {
  readonly loop: boolean;
  readonly labels: readonly string[];
  readonly returns: string;
}

class Writer {
  readonly #dice: Dice;
  readonly #id: number;
  readonly has = new Set<string>();
  #names = 0;
  #scopes: Variable[][] = [];
  /** How to get at folios: batch elements below the count are, and pointers to them. */
  #folios: string[] = [];
  #batch: string | undefined;
  #pointers: string[] = [];
  readonly #helpers: { readonly name: string; readonly params: readonly string[]; readonly returns: string }[] = [];
  #room = 0;

  constructor(seed: number, id: number) {
    this.#dice = new Dice(seed);
    this.#id = id;
  }

  #name(stem: string): string {
    return `${stem}${this.#names++}`;
  }

  #note<T>(construct: string, value: T): T {
    this.has.add(construct);
    return value;
  }

  program(): string {
    const dice = this.#dice;
    const parts: string[] = [];
    if (dice.chance(40)) parts.push(this.#note('#define', `#define LIMIT_${this.#id} ${1 + dice.below(6)}`));
    if (dice.chance(40)) parts.push(this.#note('enum', `enum { A_${this.#id}, B_${this.#id} = 3, C_${this.#id} };`));
    const constants = [
      ...(parts[0]?.startsWith('#define') === true ? [`LIMIT_${this.#id}`] : []),
      ...(parts.some((part) => part.startsWith('enum')) ? [`A_${this.#id}`, `B_${this.#id}`, `C_${this.#id}`] : []),
    ];
    this.#constants = constants;
    if (dice.chance(30)) {
      const name = `shared_${this.#id}`;
      parts.push(this.#note('variable of the file', `static int ${name} = ${dice.below(3)};`));
      this.#statics.push({ name, type: 'int', fixed: false });
    }
    for (let i = dice.below(3); i > 0; i--) parts.push(this.#helper());
    this.#scopes = [[]];
    this.#room = 14 + dice.below(16);
    this.#pointers = [];
    const body = this.#block({ loop: false, labels: [], returns: 'bool' }, () => {
      const lines: string[] = ['struct folio_batch fb;', 'pgoff_t next = start, last = start + nr_pages - 1;'];
      this.#declare('last', 'unsigned long', true);
      lines.push(dice.chance(50) ? 'folio_batch_init(&fb);' : 'folio_batch_init(&fb);\n\tcond_resched();');
      lines.push('filemap_get_folios(inode->i_mapping, &next, last, &fb);');
      this.#batch = 'fb';
      this.#pointers = ['err_index'];
      return lines;
    });
    this.#batch = undefined;
    parts.push(
      `static bool check_${this.#id}(struct inode *inode, pgoff_t start, size_t nr_pages, pgoff_t *err_index)\n${body}`,
    );
    return parts.join('\n');
  }

  #constants: readonly string[] = [];
  readonly #statics: Variable[] = [];

  #helper(): string {
    const dice = this.#dice;
    const name = `help_${this.#id}_${this.#helpers.length}`;
    const returns = dice.one('int', 'bool', 'void');
    const params: string[] = [];
    this.#scopes = [[]];
    this.#folios = [];
    this.#pointers = [];
    if (dice.chance(70)) {
      params.push('struct folio *of');
      this.#folios = ['of'];
    }
    if (dice.chance(60)) {
      params.push('int n');
      this.#declare('n', 'int', false);
    }
    if (dice.chance(40)) {
      params.push('int *out');
      this.#pointers = ['out'];
      this.has.add('out-parameter');
    }
    this.#room = 6;
    const body = this.#block({ loop: false, labels: [], returns }, () => []);
    this.#folios = [];
    this.#pointers = [];
    this.#helpers.push({ name, params, returns });
    return `static ${returns} ${name}(${params.length === 0 ? 'void' : params.join(', ')})\n${body}`;
  }

  #declare(name: string, type: Variable['type'], fixed: boolean): Variable {
    const variable: Variable = { name, type, fixed };
    this.#scopes.at(-1)?.push(variable);
    return variable;
  }

  #visible(): readonly Variable[] {
    return [...this.#scopes.flat(), ...this.#statics];
  }

  /** A compound statement. */
  #block(place: Place, first: () => readonly string[]): string {
    this.#scopes.push([]);
    const folios = this.#folios;
    const lines: string[] = [...first()];
    const isOuter = this.#scopes.length === 2;
    const cleanup = isOuter && this.#dice.chance(50) ? this.#name('out') : undefined;
    const retry = isOuter && this.#dice.chance(25) ? this.#name('retry') : undefined;
    const counter = retry === undefined ? '' : this.#name('tries');
    if (isOuter && this.#dice.chance(30)) {
      const name = this.#name('kept');
      lines.push(this.#note('static local', `static int ${name} = ${this.#dice.below(4)};`));
      this.#declare(name, 'int', false);
    }
    for (let i = 1 + this.#dice.below(3); i > 0; i--) lines.push(this.#declaration());
    if (retry !== undefined) lines.push(`int ${counter} = 0;`, `${retry}:`, ';');
    const labels = cleanup === undefined ? place.labels : [...place.labels, cleanup];
    // Behind a label C may not jump over a declaration into its scope in all its uses: later ones stand in a block.
    const inner = isOuter
      ? [this.#block({ ...place, labels }, () => [])]
      : Array.from({ length: 1 + this.#dice.below(4) }, () => this.#statement({ ...place, labels }));
    lines.push(...inner);
    if (retry !== undefined)
      lines.push(this.#note('goto backward', `if (${counter}++ < ${1 + this.#dice.below(2)})\n\tgoto ${retry};`));
    if (cleanup !== undefined) lines.push(`${cleanup}:`, this.#simple());
    if (isOuter && place.returns !== 'void') lines.push(`return ${this.#number(2)};`);
    this.#folios = folios;
    this.#scopes.pop();
    return `{\n${lines.map((line) => line.replaceAll(/^/gm, '\t')).join('\n')}\n}`;
  }

  #declaration(): string {
    const dice = this.#dice;
    const type = dice.one<Variable['type']>('int', 'int', 'bool', 'unsigned int', 'unsigned long', 'u8');
    const name = this.#name('v');
    const isConst = dice.chance(15);
    const value = this.#fitting(type);
    this.#declare(name, type, isConst);
    if (isConst) this.has.add('const');
    this.has.add(`variable of ${type}`);
    return `${isConst ? 'const ' : ''}${type} ${name} = ${value};`;
  }

  /** A value that a variable of the type holds without wrapping, so that both sides agree on what it is. */
  #fitting(type: Variable['type']): string {
    switch (type) {
      case 'int':
        return this.#dice.chance(50) ? `(${this.#number(2)}) % 23` : `${this.#dice.below(12) - 2}`;
      case 'bool':
        return this.#number(2);
      case 'unsigned int':
      case 'unsigned long':
        return `(${this.#number(2)}) & 31`;
      case 'u8':
        return `(${this.#number(1)}) & 127`;
    }
  }

  #statement(place: Place): string {
    if (this.#room-- <= 0) return this.#simple();
    const dice = this.#dice;
    const kind = dice.below(17);
    switch (kind) {
      case 0:
      case 1:
        return this.#note('if', `if (${this.#condition()})\n\t${this.#nested(place)}`);
      case 2:
        return this.#note(
          'else',
          `if (${this.#condition()}) ${this.#block(place, () => [])} else ${this.#nested(place)}`,
        );
      case 3:
        return this.#for(place);
      case 4: {
        const name = this.#name('n');
        this.#declare(name, 'int', true);
        const condition = dice.chance(50) ? `${name}-- > 0` : `${name} > 0 && (${name}--, ${this.#condition()})`;
        const before = `int ${name} = ${1 + dice.below(4)};`;
        return this.#note('while', `${before}\nwhile (${condition})\n\t${this.#nested({ ...place, loop: true })}`);
      }
      case 5: {
        const name = this.#name('n');
        this.#declare(name, 'int', true);
        const body = this.#block({ ...place, loop: true }, () => []);
        return this.#note(
          'do',
          `int ${name} = 0;\ndo ${body} while (++${name} < ${1 + dice.below(4)} && (${this.#condition()}));`,
        );
      }
      case 6:
        return this.#switch(place);
      case 7:
        return place.loop ? this.#jump() : this.#simple();
      case 8: {
        const [label] = place.labels.toReversed();
        return label === undefined
          ? this.#simple()
          : this.#note('goto forward', `if (${this.#condition()})\n\tgoto ${label};`);
      }
      case 9: {
        if (place.returns === 'void') return this.#note('early return', `if (${this.#condition()})\n\treturn;`);
        return this.#note('early return', `if (${this.#condition()})\n\treturn ${this.#number(1)};`);
      }
      case 10:
        return this.#note(
          'compound',
          this.#block(place, () => []),
        );
      case 11:
        return this.#refill();
      default:
        return this.#simple();
    }
  }

  #nested(place: Place): string {
    return this.#dice.chance(60) ? this.#block(place, () => []) : this.#plain(place);
  }

  /** A statement that is no declaration, so that it may stand alone. */
  #plain(place: Place): string {
    if (place.loop && this.#dice.chance(25)) return this.#jump();
    return this.#simple();
  }

  #jump(): string {
    return this.#dice.chance(50) ? this.#note('break', 'break;') : this.#note('continue', 'continue;');
  }

  #for(place: Place): string {
    const dice = this.#dice;
    const name = this.#name('i');
    this.#scopes.push([]);
    this.#declare(name, 'unsigned int', true);
    const folios = this.#folios;
    let head = `for (unsigned int ${name} = 0; ${name} < ${1 + dice.below(3)}; ${dice.one(`${name}++`, `++${name}`, `${name} += 1`)})`;
    let body: string;
    if (this.#batch !== undefined && dice.chance(60)) {
      head = `for (unsigned int ${name} = 0; ${name} < folio_batch_count(&${this.#batch}); ${name}++)`;
      const folio = this.#name('f');
      const { [0]: batch } = [this.#batch];
      // Nothing in the loop fills the batch anew: its folios stay what they are.
      this.#batch = undefined;
      this.#folios = [...this.#folios, folio];
      body = this.#block({ ...place, loop: true }, () => [`struct folio *${folio} = ${batch}.folios[${name}];`]);
      this.#batch = batch;
      this.has.add('folios of a batch');
    } else body = this.#block({ ...place, loop: true }, () => []);
    this.#folios = folios;
    this.#scopes.pop();
    return this.#note('for', `${head} ${body}`);
  }

  #switch(place: Place): string {
    const dice = this.#dice;
    const lines: string[] = [];
    const values = [0, 1, 2, 3, 4].filter(() => dice.chance(60));
    const fallback = dice.chance(70) ? dice.below(values.length + 1) : -1;
    for (const [i, value] of [...values, -1].entries()) {
      if (i === fallback)
        lines.push(this.#note('default', 'default:'), `\t${this.#simple()}`, ...(dice.chance(70) ? ['\tbreak;'] : []));
      if (value === -1) break;
      lines.push(`case ${value}:`);
      if (dice.chance(20)) {
        this.has.add('fallthrough');
        continue;
      }
      lines.push(`\t${this.#block({ ...place }, () => [])}`);
      if (dice.chance(70)) lines.push('\tbreak;');
      else this.has.add('fallthrough');
    }
    if (lines.at(-1)?.endsWith(':') === true) lines.push('\tbreak;');
    if (lines.length === 0) lines.push('default:', '\tbreak;');
    return this.#note('switch', `switch (${this.#number(1)}) {\n${lines.join('\n')}\n}`);
  }

  #refill(): string {
    if (this.#batch === undefined) return this.#simple();
    return this.#note(
      'batch filled in a condition',
      `if (filemap_get_folios(inode->i_mapping, &next, ${this.#dice.below(PAGES)}, &${this.#batch}) && (${this.#condition()}))\n\t${this.#simple()}`,
    );
  }

  /** A statement without statements in it. */
  #simple(): string {
    const dice = this.#dice;
    const free = this.#visible().filter(({ fixed }) => !fixed);
    const variable = free[dice.below(Math.max(1, free.length))];
    const kind = dice.below(10);
    if (kind === 0) return this.#note('call of a drain', dice.one('lru_add_drain();', 'lru_add_drain_all();'));
    if (kind === 1 && this.#batch !== undefined) return `folio_batch_release(&${this.#batch});`;
    if (kind === 2 && this.#folios.length > 0)
      return dice.one(`folio_get(${this.#folio()});`, `folio_put(${this.#folio()});`);
    if (kind === 3 && this.#pointers.length > 0) {
      const pointer = this.#pointers[0] ?? '';
      return this.#note(
        'store through a pointer',
        `*${pointer} = ${pointer === 'err_index' ? `(${this.#number(1)}) & 7` : `(${this.#number(1)}) % 19`};`,
      );
    }
    if (kind === 4) {
      const call = this.#helperCall();
      if (call !== undefined) return `${call.text};`;
    }
    if (variable === undefined) return 'cond_resched();';
    if (kind === 5 && (variable.type === 'int' || variable.type === 'u8'))
      return this.#note(
        '++ and --',
        dice.one(
          `${variable.name}++;`,
          `++${variable.name};`,
          ...(variable.type === 'int' ? [`${variable.name}--;`] : []),
        ),
      );
    if (kind === 6 && variable.type === 'int') {
      const operator = dice.one('+=', '-=', '*=', '|=', '&=', '^=', '%=', '/=', '<<=', '>>=');
      this.has.add(operator);
      if (operator === '%=' || operator === '/=') return `${variable.name} ${operator} ${2 + dice.below(5)};`;
      if (operator === '>>=') return `${variable.name} = (${variable.name} & 63) >> ${dice.below(4)};`;
      if (operator === '<<=') return `${variable.name} = (${variable.name} & 7) << ${dice.below(4)};`;
      if (operator === '*=') return `${variable.name} = (${variable.name} % 9) * ${dice.below(5)};`;
      return `${variable.name} ${operator} (${this.#number(1, variable)}) % 7;`;
    }
    if (kind === 7 && variable.type === 'int') {
      const other = free.find(({ name, type }) => name !== variable.name && type === 'int');
      if (other !== undefined)
        return this.#note('assignments in a row', `${variable.name} = ${other.name} = ${this.#fitting('int')};`);
    }
    return this.#note('assignment', `${variable.name} = ${this.#fitting(variable.type)};`);
  }

  #folio(): string {
    return this.#folios[this.#dice.below(this.#folios.length)] ?? 'NULL';
  }

  #helperCall(): { readonly text: string; readonly returns: string } | undefined {
    const usable = this.#helpers.filter(
      ({ params, name }) =>
        (!params.includes('struct folio *of') || this.#folios.length > 0) &&
        !name.startsWith('none') &&
        this.#scopes.length > 1,
    );
    const helper = usable[this.#dice.below(Math.max(1, usable.length))];
    if (helper === undefined) return undefined;
    const target = this.#visible().find(({ type, fixed, name }) => type === 'int' && !fixed && name.startsWith('v'));
    if (helper.params.includes('int *out') && target === undefined) return undefined;
    const args = helper.params.map((param) => {
      if (param === 'struct folio *of') return this.#folio();
      return param === 'int *out' ? `&${target?.name ?? ''}` : `${this.#dice.below(6)}`;
    });
    this.has.add('helper function');
    return { text: `${helper.name}(${args.join(', ')})`, returns: helper.returns };
  }

  /** A condition, which may have effects: nothing else is in its expression. */
  #condition(): string {
    const dice = this.#dice;
    const kind = dice.below(12);
    const free = this.#visible().filter(({ fixed, type, name }) => !fixed && type === 'int' && name.startsWith('v'));
    const variable = free[dice.below(Math.max(1, free.length))];
    if (kind === 0 && variable !== undefined)
      return this.#note('assignment in a condition', `(${variable.name} = ${this.#fitting('int')}) > ${dice.below(5)}`);
    if (kind === 1 && variable !== undefined)
      return this.#note(
        '++ in a condition',
        `${dice.one(`${variable.name}++`, `--${variable.name}`)} < ${dice.below(9)}`,
      );
    if (kind === 2) return this.#note('&& of conditions', `(${this.#condition()}) && (${this.#condition()})`);
    if (kind === 3) return this.#note('|| of conditions', `(${this.#condition()}) || (${this.#condition()})`);
    if (kind === 4) return this.#note('! of a condition', `!(${this.#condition()})`);
    if (kind === 5)
      return this.#note(
        'likely and WARN_ON_ONCE',
        `${dice.one('likely', 'unlikely', 'WARN_ON_ONCE')}(${this.#number(1)})`,
      );
    if (kind === 6) {
      const call = this.#helperCall();
      if (call !== undefined && call.returns !== 'void') return call.text;
    }
    return this.#number(2);
  }

  /** An expression without effects but those of calls. @param without a variable that it does not read. */
  #number(depth: number, without?: Variable): string {
    const dice = this.#dice;
    const kind = depth === 0 ? dice.below(5) : dice.below(19);
    const inner = (): string => this.#number(depth - 1, without);
    switch (kind) {
      case 0:
      case 1:
        return `${dice.below(8)}`;
      case 2:
        return this.#constants.length === 0
          ? '2'
          : this.#note('constant', this.#constants[dice.below(this.#constants.length)] ?? '1');
      case 3:
      case 4: {
        const known = this.#visible().filter(({ name }) => name !== without?.name);
        const variable = known[dice.below(Math.max(1, known.length))];
        if (variable === undefined) return '1';
        // Mixed with negative numbers what is unsigned would wrap, of which the model makes an error.
        return variable.type.startsWith('unsigned') ? this.#note('cast', `(int)${variable.name}`) : variable.name;
      }
      case 5:
        return `(${inner()} + ${inner()})`;
      case 6:
        return this.#note('-', `(${inner()} - ${inner()})`);
      case 7:
        return this.#note('*', `((${inner()}) % 5 * ${dice.below(6)})`);
      case 8:
        return this.#note('/ and %', `((${inner()}) ${dice.one('/', '%')} ${1 + dice.below(6)})`);
      case 9:
        return this.#note('bits', `(((${inner()}) & 15) ${dice.one('&', '|', '^')} ${dice.below(16)})`);
      case 10:
        return this.#note('shifts', `(((${inner()}) & 7) ${dice.one('<<', '>>')} ${dice.below(4)})`);
      case 11:
        return this.#note('comparison', `(${inner()} ${dice.one('<', '<=', '>', '>=', '==', '!=')} ${inner()})`);
      case 12:
        return this.#note('short circuit', `(${inner()} ${dice.one('&&', '||')} ${inner()})`);
      case 13:
        return this.#note('?:', `(${inner()} ? ${inner()} : ${inner()})`);
      case 14:
        return this.#note('unary', `${dice.one('!', '-', '~')}(${inner()})`);
      case 15:
        return this.#note('min and max', `${dice.one('min', 'max')}(${dice.below(9)}, (int)(${this.#pure(without)}))`);
      case 16:
        return this.#batch === undefined
          ? inner()
          : this.#note('count of a batch', `(int)folio_batch_count(&${this.#batch})`);
      default: {
        if (this.#folios.length === 0) return inner();
        const of = this.#folio();
        return this.#note(
          'call in an expression',
          dice.one(
            `folio_ref_count(${of})`,
            `folio_mapcount(${of})`,
            `folio_mapped(${of})`,
            `folio_test_lru(${of})`,
            `(int)folio_nr_pages(${of})`,
            `(${of} == ${this.#folio()})`,
            `(${of} != NULL)`,
          ),
        );
      }
    }
  }

  /** An expression that a macro may evaluate twice. */
  #pure(without?: Variable): string {
    const known = this.#visible().filter(({ name }) => name !== without?.name);
    return known[this.#dice.below(Math.max(1, known.length))]?.name ?? '3';
  }
}

/** The program of a seed. Its names are its own, so that many stand in one file. */
export function generate(seed: number, id: number): Generated {
  const writer = new Writer(seed, id);
  return { text: writer.program(), has: writer.has };
}

/** A call that was made, with what it was given; the last one is the answer. */
type Event = readonly [call: number, a: number, b: number];

/** Runs programs compiled by gcc. @returns the events of each; undefined where it made too many. */
export function compiled(
  programs: readonly Generated[],
  streams: readonly (readonly number[])[],
): readonly (readonly Event[] | undefined)[] {
  const directory = mkdtempSync(join(tmpdir(), 'folioscope-c-'));
  try {
    const runs = programs.map(
      (_, i) =>
        `{ static const int s[${DRAWS}] = { ${(streams[i] ?? []).join(',')} }; stream = s; cursor = events = 0; printf("= ${i}\\n");\n` +
        `if (setjmp(enough)) printf("enough\\n"); else for (int again = 0; again < 2; again++) { pgoff_t err = ${PAGES}; bool r = check_${i}(&inode, 1, 3, &err); printf("11 %d %lu\\n", r, err); } }`,
    );
    const text = `${PREAMBLE}\n${programs.map((one) => one.text).join('\n')}\nint main(void) { struct address_space mapping; struct inode inode = { &mapping };\n${runs.join('\n')}\nreturn 0; }\n`;
    writeFileSync(join(directory, 'all.c'), text);
    const binary = join(directory, 'all');
    const built = spawnSync('gcc', ['-std=gnu11', '-O0', '-w', '-fwrapv', '-o', binary, join(directory, 'all.c')], {
      encoding: 'utf8',
    });
    if (built.status !== 0) throw new Error(`gcc: ${built.stderr.split('\n').slice(0, 5).join('\n')}`);
    const run = spawnSync(binary, { encoding: 'utf8', maxBuffer: 2 ** 30, timeout: 60_000 });
    if (run.status !== 0) throw new Error(`the compiled programs ended with ${run.status} ${run.signal}`);
    return run.stdout
      .split(/^= \d+\n/m)
      .slice(1)
      .map((part) => {
        if (part.includes('enough')) return undefined;
        return part
          .trim()
          .split('\n')
          .map((line): Event => {
            const [call = -1, a = 0, b = 0] = line.split(' ').map(Number);
            return [call, a, b];
          });
      });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export const streamOf = (seed: number): readonly number[] => {
  const dice = new Dice(seed ^ 0x5f356495);
  return Array.from({ length: DRAWS }, () => dice.below(64));
};

let front: Promise<CFront> | undefined;

/** The front end with the grammar that npm has put there. */
export function readyFront(): Promise<CFront> {
  const grammar = new URL('../node_modules/tree-sitter-c/tree-sitter-c.wasm', import.meta.url);
  front ??= cFront({ grammar: readFileSync(grammar) });
  return front;
}

/** What became of a program: the same events, other ones, or why it was not translated or left what the model holds. */
export type Outcome =
  | { readonly kind: 'same' | 'long' }
  | { readonly kind: 'refused' | 'out of range'; readonly why: string }
  | { readonly kind: 'differs'; readonly why: string };

/** Runs a program as it is translated, and holds its events against those of gcc's. */
export function compared(
  translator: CFront,
  { text }: Generated,
  draws: readonly number[],
  events: readonly Event[] | undefined,
): Outcome {
  if (events === undefined) return { kind: 'long' };
  const translation = translator.translate(wholeFile('program.c', text), { name: 'program', table: STUBS });
  if (translation.kind === 'refused') return { kind: 'refused', why: translation.errors.join('\n') };
  try {
    const built = programOf(translation.form);
    const interpreter = new Interpreter(built, createMemory(built));
    columnOf(interpreter.memory, stream).set(draws);
    interpreter.start(0, 0);
    return follow(built, interpreter.memory, events);
  } catch (error) {
    if (!(error instanceof Error) || failureIn(error.message) === undefined) throw error;
    return { kind: 'out of range', why: error.message };
  }
}

function programOf(patch: Patch): Program {
  const config: KernelConfig = { profile: { ...DEFAULT_PROFILE, batchSize: BATCH }, patch };
  const sizes = {
    task: 1,
    cpu: 1,
    folio: FOLIOS,
    inode: 1,
    index: PAGES,
    references: 63,
    order: 0,
    mm: 1,
    large: 0,
    freeze: 0,
    draw: DRAWS,
  };
  const statics = patch.statics ?? [];
  const code = buildCode(
    'check',
    config,
    sizes,
    0,
    (k: K) => {
      for (let again = 0; again < 2; again++)
        k.scope(() => {
          const safe = k.let('safe', bool, true);
          const index = k.let('err_index', optional(INDEX), PAGES);
          k.call(patch.check, {
            inode: literal<'inode'>(0),
            start: literal<'index'>(1),
            nr: literal<'int'>(3),
            safe,
            err_index: index,
          });
          k.step('returns', () =>
            k.observe(CALLED, {
              call: numberOf('returns'),
              a: ordinal(new Value<string>(safe.expr)),
              b: ordinal(index),
            }),
          );
        });
    },
    [stream.variable, cursor.variable, ...statics.map(({ variable }) => variable)],
  );
  return program(sizes, [stream, cursor, ...statics], [code]);
}

/** Follows events through every choice that the text leaves, until one way has made them all. */
function follow(built: Program, from: Memory, events: readonly Event[]): Outcome {
  const ways: { readonly memory: Memory; readonly at: number }[] = [{ memory: from, at: 0 }];
  let farthest = -1;
  let wrong = '';
  let tried = 0;
  for (let way = ways.pop(); way !== undefined && tried++ < MOST_WAYS; way = ways.pop()) {
    const interpreter = new Interpreter(built, way.memory);
    let { at } = way;
    for (;;) {
      const options = interpreter.options(0);
      if (options.length === 0) {
        if (at === events.length) return { kind: 'same' };
        if (at > farthest) [farthest, wrong] = [at, `ends after ${at} of ${events.length} events`];
        break;
      }
      for (let option = 1; option < options.length; option++) {
        const other = new Interpreter(built, copyMemory(interpreter.memory));
        const taken = other.step(0, option);
        const made = taken === undefined ? undefined : eventsOf(taken);
        if (made?.every((event, i) => isSame(event, events[at + i])) === true)
          ways.push({ memory: other.memory, at: at + made.length });
      }
      const taken = interpreter.step(0);
      if (taken === undefined) break;
      const made = eventsOf(taken);
      const off = made.findIndex((event, i) => !isSame(event, events[at + i]));
      if (off !== -1) {
        if (at + off > farthest)
          [farthest, wrong] = [
            at + off,
            `event ${at + off}: gcc ${events[at + off]?.join(' ')}, here ${made[off]?.join(' ')}`,
          ];
        break;
      }
      at += made.length;
    }
  }
  return { kind: 'differs', why: wrong };
}

const isSame = (a: Event, b: Event | undefined): boolean => b !== undefined && a.every((value, i) => value === b[i]);

const eventsOf = ({ observed }: Taken): readonly Event[] =>
  observed
    .filter((one) => one.mark === CALLED)
    .map(({ args }): Event => [args['call'] ?? -1, args['a'] ?? 0, args['b'] ?? 0]);
