// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildKernel, DEFAULT_PROFILE, KVM_MEMORY_ATTRIBUTE_PRIVATE, PAGE_SIZE, type Patch } from '../kernel/index.ts';
import type { Body } from '../lang/index.ts';
import { createMachine } from '../machine/index.ts';
import { cFront, type CFront, failureIn, type LineOrigin, type Translation, wholeFile } from './index.ts';

let front: CFront;
beforeAll(async () => {
  const grammar = new URL('../../node_modules/tree-sitter-c/tree-sitter-c.wasm', import.meta.url);
  front = await cFront({ grammar: readFileSync(grammar) });
});

/** A check with this body. */
const check = (body: string, before = ''): string =>
  `${before}static bool kvm_gmem_is_safe_for_conversion(struct inode *inode, pgoff_t start, size_t nr_pages, pgoff_t *err_index)\n{\n${body}\n}\n`;

const translated = (text: string): Translation => front.translate(wholeFile('f.c', text), { name: 'f' });

function formOf(text: string): Patch {
  const translation = translated(text);
  if (translation.kind === 'refused') throw new Error(translation.errors.join('\n'));
  return translation.form;
}

const refusalOf = (text: string): string => {
  const translation = translated(text);
  return translation.kind === 'refused' ? translation.errors.join('\n') : 'a form';
};

test('fallthrough, NULL checks of addresses, and folio_next_index()', () => {
  const body = `	struct folio *folio = filemap_get_folio(inode->i_mapping, start);
	bool safe = false;

	switch (folio_ref_count(folio)) {
	case 2:
		safe = err_index != NULL && !!err_index;
		fallthrough;
	default:
		if (err_index)
			*err_index = start;
	}
	start = folio_next_index(folio);
	folio_put(folio);
	return safe;`;
  expect(refusalOf(check(body))).toBe('a form');
});

test('a name that is none is told in one line', () => {
  expect(
    refusalOf('static bool one(int a,\n\t\tint b)(int c)\n{\n\treturn true;\n}\nbool two(int a)\n{\n}\n'),
  ).not.toContain('\n');
  const translation = front.translate(wholeFile('f.c', 'bool one(int a,\n int b)(int c)\n{\n\treturn true;\n}\n'), {
    name: 'f',
    function: 'other',
  });
  expect(translation).toMatchObject({
    errors: [expect.stringMatching(/^f\.c:1:1: no function 'other', expected one of [^\n]+$/)],
  });
});

test('what kernel code asserts besides says nothing here, and min_t() is the smaller one', () => {
  const body = `	struct folio *folio = filemap_get_folio(inode->i_mapping, start);
	pgoff_t at = min_t(pgoff_t, start, nr_pages);

	lockdep_assert_held_write(&inode->i_mapping->invalidate_lock);
	if (VM_WARN_ON_ONCE_FOLIO(folio_ref_count(folio) < 1, folio) || max_t(u64, at, 3) < 3)
		return false;
	folio_put(folio);
	return true;`;
  expect(refusalOf(check(body))).toBe('a form');
});

describe('what is refused is said in one line with its place', () => {
  test.each([
    [
      '\tnothing_like_it();\n\treturn true;',
      "f.c:3:2: 'nothing_like_it()' is not known, expected its definition in this file, or a call that docs/c-subset.md lists",
    ],
    [
      '\tguard(mutex)(&inode->lock);\n\treturn true;',
      "f.c:3:2: 'guard(mutex)' is not supported, expected its calls of lock and unlock, or guard(rcu)",
    ],
    [
      '\tscoped_guard(mutex, &inode->lock) {\n\t\tstart++;\n\t}\n\treturn true;',
      "f.c:3:2: 'scoped_guard(mutex, &inode->lock)' is not supported, expected its calls of lock and unlock, or scoped_guard(rcu)",
    ],
    [
      '\tstruct folio *f __free(folio_put) = NULL;\n\treturn true;',
      "f.c:3:2: '__free(folio_put)' is not supported, expected its call, such as folio_put(), on every way out",
    ],
    [
      '\treturn IS_ENABLED(CONFIG_NUMA);',
      "f.c:3:9: 'IS_ENABLED(CONFIG_NUMA)' is not known: expected the line '#define CONFIG_NUMA 1' (or 0) in this file, as the kernel is configured",
    ],
    [
      '\tlru_add_drain_cpu(1);\n\treturn true;',
      "f.c:3:2: 'lru_add_drain_cpu(1)' touches the batches of a CPU without its lock, which the kernel does only for a CPU that is offline or its own, expected lru_add_drain_all(), or lru_add_drain_cpu() of get_cpu() before put_cpu()",
    ],
    [
      '\tfolio_ref_coun(inode);\n\treturn true;',
      "f.c:3:2: 'folio_ref_coun()' is not known, expected its definition in this file, or folio_ref_count(), or another call of docs/c-subset.md",
    ],
    [
      '\treturn folio_test_mlocked(NULL);',
      "f.c:3:9: 'folio_test_mlocked()' cannot be called: PG_mlocked is not modelled, only the mlock batch and its references, expected a check that does not call it",
    ],
    [
      '\tstruct folio *folio;\n\n\txas_for_each(&xas, folio, start) {\n\t}\n\treturn true;',
      "f.c:5:2: xas_for_each(&xas, folio, start) has no ';', expected one, or a loop macro over filemap_get_folios()",
    ],
    [
      '\tint a[3];\n\treturn true;',
      "f.c:3:6: 'a[3]' arrays are not supported, expected single variables or a struct folio_batch",
    ],
    ['\tint i;\n\treturn i;', "f.c:4:2: 'i' may be read here before it is set, expected a value where it is declared"],
    [
      '\tint i = 0;\n\treturn i++ + i;',
      "f.c:4:9: 'i++ + i' C leaves open when 'i' is changed here, expected separate statements",
    ],
    [
      '\tgoto out;\n\treturn true;',
      "f.c:3:2: 'goto out;' no label 'out' can be reached from here, expected one in this block or an enclosing one",
    ],
    ['\treturn inode->i_size;', "f.c:3:9: 'inode->i_size' the field 'i_size' is not known, expected i_mapping or host"],
    [
      '\treturn start / nr_pages;',
      "f.c:3:9: 'start / nr_pages' only a constant divisor is supported, expected one after '/'",
    ],
    [
      '\tstruct folio_batch b;\n\tfolio_batch_release(&b);\n\treturn true;',
      "f.c:4:2: 'b' may be used here before it is initialized, expected folio_batch_init()",
    ],
    [
      '#ifdef X\n\treturn true;\n#endif',
      "f.c:3:1: '#ifdef X' inside a function is not supported, expected only the lines that are compiled",
    ],
    ['\treturn 08;', "f.c:3:9: '08' is no number, expected octal digits"],
    ['\tfolio_get(start);\n\treturn true;', "f.c:3:12: 'start' is a unsigned long, expected a struct folio *"],
  ])('%j', (body, line) => {
    expect(refusalOf(check(body))).toBe(line);
  });

  test('recursion, and a file without a check', () => {
    const helper = 'static int again(int n)\n{\n\treturn n ? again(n - 1) : 0;\n}\n';
    expect(refusalOf(check('\treturn again(3);', helper))).toBe(
      "f.c:3:13: 'again()' calls itself, expected no recursion",
    );
    expect(refusalOf('int x;\n')).toBe(
      'f.c:1:1: has no function, expected kvm_gmem_is_safe_for_conversion() or another check',
    );
    expect(refusalOf('int f(void) { return }\n')).toContain('f.c:1:');
  });

  test('a line that nobody has written is said to be completed, others have their own places', () => {
    const lines = check('\tnothing();\n\treturn true;').split('\n');
    const from = (line: number): LineOrigin => (line === 2 ? 'completed' : { file: 'mail', line: 90 + line });
    const source = { name: 'the mail', lines: lines.map((text, i) => ({ text, from: from(i) })) };
    const translation = front.translate(source, { name: 'f' });
    expect(translation).toMatchObject({ kind: 'refused' });
    expect(translation.kind === 'refused' && translation.errors[0]).toMatch(/^the mail \(completed\):2: /);
  });
});

/** The texts that a check leaves to choose from, by the names of the steps that each begins with. */
function choicesIn(patch: Patch): readonly (readonly string[])[] {
  const found: string[][] = [];
  const firstOf = ([first]: readonly Body[]): string => (first?.kind === 'step' ? first.step.name : '');
  const visit = (parts: readonly Body[]): void => {
    for (const part of parts) {
      if (part.kind === 'either') found.push(part.options.map(firstOf));
      if (part.kind === 'if') for (const inner of [part.then, part.else]) visit(inner);
      if (part.kind === 'loop' || part.kind === 'block') visit(part.body);
    }
  };
  const sizes = { tasks: 2, cpus: 1, folios: 1, inodes: 1, pages: 1, mms: 1, pins: 0, references: 8, order: 0 };
  const { codes } = buildKernel({ profile: { ...DEFAULT_PROFILE, batchSize: 2 }, patch }, sizes, ['convert']);
  for (const { body } of codes) visit(body);
  return found;
}

const LOOKED_UP =
  '\tstruct folio *folio = filemap_get_folio(inode->i_mapping, start);\n\tif (IS_ERR(folio))\n\t\treturn true;\n';

test('what has either value has both, and what is only printed needs no model', () => {
  const form = formOf(
    check(
      `#define CONFIG_NUMA 0
	unsigned long seen = BIT(0) | BIT(5);

	BUILD_BUG_ON(PAGEVEC_SIZE > 255);
	if (IS_ENABLED(CONFIG_NUMA))
		cond_resched();
	preempt_disable();
	if (fatal_signal_pending(current) && __ratelimit(&state))
		pr_warn("%s %lu %lu\\n", __func__, inode->i_ino, seen);
	preempt_enable();
	return seen == 33;`,
    ),
  );
  expect(choicesIn(form)).toEqual([
    ['fatal_signal_pending: 0', 'fatal_signal_pending: 1'],
    ['__ratelimit: 0', '__ratelimit: 1'],
  ]);
});

describe('orders that C leaves open', () => {
  test('both orders of two reads are texts of their own', () => {
    const form = formOf(
      check(
        `${LOOKED_UP}\tbool safe = folio_ref_count(folio) == folio_mapcount(folio) + 2;\n\tfolio_put(folio);\n\treturn safe;`,
      ),
    );
    expect(choicesIn(form)).toEqual([['folio_ref_count', 'folio_mapcount']]);
  });

  test('what && puts into an order has one, and so has a read of what cannot change', () => {
    const form = formOf(
      check(
        `${LOOKED_UP}\tbool safe = !folio_mapped(folio) && folio_ref_count(folio) == folio_nr_pages(folio) + 1;\n\tfolio_put(folio);\n\treturn safe;`,
      ),
    );
    expect(choicesIn(form)).toEqual([]);
  });

  test('three reads have six orders, and too many are refused', () => {
    const three = 'folio_ref_count(folio) + folio_mapcount(folio) + folio_test_lru(folio)';
    expect(
      choicesIn(formOf(check(`${LOOKED_UP}\tint n = ${three};\n\tfolio_put(folio);\n\treturn n;`)))[0],
    ).toHaveLength(6);
    expect(
      refusalOf(check(`${LOOKED_UP}\treturn ${three} + folio_mapped(folio) + folio_test_locked(folio);`)),
    ).toContain('has too many accesses in unspecified order');
  });
});

/** What stops the conversion of a page, in one line; undefined where nothing does. */
function failureOf(patch: Patch): string | undefined {
  try {
    const machine = createMachine({
      cpus: 1,
      tasks: [{ name: 'T', cpu: 0 }],
      guestMemfds: [{ pages: 1 }],
      patch,
      calls: ['touch', 'convert'],
    });
    machine.begin(0, { call: 'touch', inode: 0, start: 0, pages: 1 });
    while (machine.busy(0)) if (machine.step(0) === undefined) machine.step(1);
    const argument = { offset: 0n, size: PAGE_SIZE, attributes: KVM_MEMORY_ATTRIBUTE_PRIVATE, flags: 0n, reserved: [] };
    machine.begin(0, { call: 'set-memory-attributes2', inode: 0, argument });
    while (machine.busy(0)) if (machine.step(0) === undefined) machine.step(1);
    return undefined;
  } catch (error) {
    return failureIn(error instanceof Error ? error.message : String(error));
  }
}

describe('what cannot be is said with its place where it happens', () => {
  test.each([
    [
      'a loop without a step that does not end',
      '\tbool safe = true;\n\twhile (safe)\n\t\tcond_resched();\n\treturn safe;',
      "f.c:4:2: 'turns of the loop without a step' is 4096 here, expected 0 to 4095",
    ],
    [
      'an unsigned number that has wrapped, where no number here is its value',
      '\tu32 at = start;\n\tlru_add_drain();\n\treturn (pgoff_t)(at - 1) > nr_pages;',
      "f.c:5:9: '(pgoff_t)(at - 1)' is -1 here, expected 0 to 2147483647",
    ],
    [
      'a number that does not fit into its variable',
      '\tu8 at = start;\n\n\tlru_add_drain();\n\tat = nr_pages + 289;\n\treturn at;',
      "f.c:6:7: 'nr_pages + 289' is 290 here, which C cuts to 34 in 8 bits, expected 0 to 255",
    ],
    [
      'a counter without a bound',
      '\tint n = 0;\n\tfor (;;) {\n\t\tlru_add_drain();\n\t\tn += 300;\n\t}\n\treturn n;',
      "f.c:6:3: 'n += 300' is 1200 here, expected -1024 to 1023",
    ],
  ])('%s', (_, body, line) => {
    expect(failureOf(formOf(check(body)))).toBe(line);
  });

  test('a loop that ends by itself, and a counter with a bound, are well', () => {
    expect(
      failureOf(formOf(check('\tint n = 0;\n\tdo\n\t\tn += 300;\n\twhile (n < 3000);\n\treturn n == 3000;'))),
    ).toBeUndefined();
  });
});

/** What a check answers about page 0, the only page. */
const answers = (body: string): boolean => {
  const wrong = `${body}\n\t{\n\t\tint bad = right ? 0 : INT_MAX;\n\n\t\tlru_add_drain();\n\t\tu8 none = bad;\n\t\treturn !none;\n\t}`;
  return failureOf(formOf(check(wrong))) === undefined;
};

describe('unsigned values wrap as in C', () => {
  test.each([
    ['(pgoff_t)-1 == ULONG_MAX && (pgoff_t)(-1) == ~0UL && -1UL == U64_MAX', true],
    ['(u32)-1 == UINT_MAX && (u64)UINT_MAX == 4294967295UL', true],
    ['(u8)-1 == 255 && (u8)(300) == 44 && (u64)-1 > 1', true],
    ['(pgoff_t)-1 < 1', false],
    ['start + (pgoff_t)-1 == ULONG_MAX', true],
    ['start - 1 > nr_pages && !(start - 1 < nr_pages)', true],
    ['nr_pages < start - 1 && nr_pages <= start - 1 && !(start - 1 <= nr_pages)', true],
    ['max(start - 1, nr_pages) == ULONG_MAX && min(start - 1, nr_pages) == nr_pages', true],
    ['ULONG_MAX / 2 == 0x7fffffffffffffff', undefined],
    ['ULONG_MAX / 4294967296 == 4294967295 && UINT_MAX % 10 == 5 && UINT_MAX >> 28 == 15', true],
    ['start < LONG_MAX && (int)ULONG_MAX == -1', true],
  ])('%s', (condition, expected) => {
    const text = `\tbool right = ${condition};`;
    if (expected === undefined) expect(refusalOf(check(`${text}\n\treturn right;`))).toContain('exactly here');
    else expect(answers(text)).toBe(expected);
  });

  test('a sentinel that no page has is kept, and a step back from 0 is undone', () => {
    const sentinel = (none: string): string => `\tpgoff_t busy = ${none};
	unsigned int i;
	bool first = true;

	for (i = 0; i < nr_pages; i++) {
		if (first) {
			first = false;
			i--;
			continue;
		}
		if (busy == ${none})
			busy = start + i;
	}
	bool right = busy == 0 && i == 1;`;
    for (const none of ['(pgoff_t)-1', 'ULONG_MAX', '(pgoff_t)(-1)', 'INT_MAX', '~0UL'])
      expect(answers(sentinel(none))).toBe(true);
    expect(refusalOf(check('\tloff_t none = LONG_MAX;\n\treturn none;'))).toBe(
      "f.c:3:9: 'none = LONG_MAX' is larger than the values that a variable keeps here, expected at most INT_MAX, or -1 or ULONG_MAX for what is no index",
    );
  });
});

describe('where a task may not sleep', () => {
  test.each([
    ['\trcu_read_lock();\n\tlru_add_drain_all();\n\trcu_read_unlock();', 'rcu_read_lock'],
    ['\tpreempt_disable();\n\tlru_add_drain_all();\n\tpreempt_enable();', 'preempt_disable'],
    ['\tget_cpu();\n\tlru_cache_disable();\n\tput_cpu();', 'get_cpu'],
  ])('%j', (body, begin) => {
    expect(refusalOf(check(`${body}\n\treturn true;`))).toContain(
      `may sleep, expected no ${begin}() before it without its end`,
    );
  });

  test.each([
    ['\tguard(rcu)();\n\tlru_add_drain_all();', 'guard(rcu)'],
    ['\tscoped_guard(rcu) {\n\t\tlru_add_drain_all();\n\t}', 'scoped_guard(rcu)'],
    ['\tscoped_guard(rcu)\n\t\tlru_add_drain_all();', 'scoped_guard(rcu)'],
    ['\tguard(rcu)();\n\tscoped_guard(rcu)\n\t\tstart++;\n\tlru_add_drain_all();', 'guard(rcu)'],
  ])('%j', (body, guard) => {
    expect(refusalOf(check(`${body}\n\treturn true;`))).toContain(
      `'lru_add_drain_all()' may sleep, expected it outside of ${guard}`,
    );
  });

  test('behind what is guarded, a task may', () => {
    const body = `	if (nr_pages) {
		guard(rcu)();
		if (nr_pages > 1)
			return false;
	}
	while (nr_pages) {
		scoped_guard(rcu) {
			start++;
			if (start)
				break;
			start++;
		}
		lru_add_drain_all();
		break;
	}
	bool right = start == 1;`;
    expect(answers(body)).toBe(true);
  });

  test('behind its end, and behind a way out of it, a task may', () => {
    const text = check(
      '\trcu_read_lock();\n\tif (nr_pages > 1) {\n\t\trcu_read_unlock();\n\t\treturn false;\n\t}\n\trcu_read_unlock();\n\tlru_add_drain_all();\n\treturn true;',
    );
    expect(formOf(text).name).toBe('f');
    const within = text.replace('\trcu_read_unlock();\n\tlru_add', '\tlru_add');
    expect(refusalOf(within)).toContain('may sleep');
  });
});

describe('jumps', () => {
  /** Which of the two calls come, in order, from a text with a loop made of gotos and a way out behind it. */
  test('a goto passes a loop that gotos form, out of it and over it', () => {
    const text = check(
      `\tbool again = true;
\tif (!nr_pages)
\t\tgoto out;
retry:
\tlru_add_drain();
\tif (!again)
\t\tgoto out;
\tagain = false;
\tgoto retry;
out:
\tlru_add_drain_all();
\treturn true;`,
    );
    expect(formOf(text).name).toBe('f');
  });

  test('a goto into the middle of such a loop is refused, at the goto', () => {
    expect(
      refusalOf(
        check(`\tif (nr_pages > 1)
\t\tgoto middle;
retry:
\tlru_add_drain();
middle:
\tlru_add_drain_all();
\tif (nr_pages > 2)
\t\tgoto retry;
\treturn true;`),
      ),
    ).toBe(
      "f.c:4:3: 'goto middle;' this goto leads to 'middle', into the loop that a goto back to 'retry' forms, expected a loop that is entered at its begin",
    );
  });
});

describe('a form', () => {
  test('has what its text asks for: parts, exports, remarks', () => {
    const text = `/* folioscope: skipsLru */\n${check('\tlru_cache_disable();\n\tlru_cache_enable();\n\treturn true;')}EXPORT_SYMBOL_GPL(lru_cache_disable);\n`;
    expect(formOf(text)).toMatchObject({ parts: ['lru_disable'], exports: ['lru_cache_disable'], skipsLru: true });
    expect(refusalOf(`/* folioscope: nonsense */\n${check('\treturn true;')}`)).toBe(
      "f.c:1:1: 'folioscope: nonsense' is not a known remark, expected trueMeansUsed or givenCount or givenEnd or givenLast or skipsLru or guestFaultPutsAtOnce",
    );
  });

  test('keeps what is static from request to request', () => {
    const { statics } = formOf(check('\tstatic int asked = 3;\n\tasked = 5;\n\treturn asked == 5;'));
    expect(statics?.map(({ variable: { name, type } }) => [name, type.initial, type.max])).toEqual([
      ['static asked', 3, 5],
    ]);
  });

  test('names its line of C at every step', () => {
    const program = buildKernel(
      { profile: { ...DEFAULT_PROFILE, batchSize: 2 }, patch: formOf(check('\tlru_add_drain();\n\treturn true;')) },
      { tasks: 2, cpus: 1, folios: 1, inodes: 1, pages: 1, mms: 1, pins: 0, references: 8, order: 0 },
      ['convert'],
    );
    const origins = program.codes.flatMap(({ flow }) =>
      flow.nodes.flatMap((node) => (node.kind === 'step' && node.step.origin !== undefined ? [node.step.origin] : [])),
    );
    expect(new Set(origins.map(({ place, text }) => `${place} ${text}`))).toEqual(new Set(['f.c:3 lru_add_drain()']));
  });
});
