// SPDX-License-Identifier: MIT
import { GUEST_MEMFD_FLAG_INIT_SHARED, GUEST_MEMFD_FLAG_MMAP } from '../abi/index.ts';
import { InputError } from '../ledger/index.ts';
import type { Patch, Result, Schedule } from '../machine/index.ts';
import type { RunEnd, Scenario } from '../scenario/index.ts';
import { makingOf, type PinKind, pinKindOf } from './calls.ts';
import { type HelperName, helpersText } from './helpers.ts';
import { type Ordered, type OrderedCall, orderOf } from './order.ts';
import { COMMON, HEADERS, MAIN } from './prelude.ts';

/** What a program is made from. */
export interface SelftestOptions {
  /** The form of the check whose results are asserted. */
  readonly patch: Patch;
  /** Order of steps; the scenario's own if absent. */
  readonly schedule?: Schedule | undefined;
  /** The latest end of the run; if absent, it ends only with its calls. */
  readonly end?: RunEnd | undefined;
  /** Program and version that write it, for its head. */
  readonly madeBy: string;
}

/** A program, and the orders that it cannot enforce. */
export interface Selftest {
  /** The program, in C. */
  readonly text: string;
  /** Sentences about orders that no user program can enforce; empty if the program enforces all. */
  readonly unordered: readonly string[];
}

/**
 * A scenario, in the order of one of its runs, as a stand-alone C program in the manner of the kernel's selftests.
 * @throws InputError if a user program cannot make one of the calls on purpose, or the run does not end.
 * @example
 * import { patchNamed } from 'folioscope/machine';
 * import { parseScenario } from 'folioscope/scenario';
 * import { writeSelftest } from 'folioscope/selftest';
 * const scenario = parseScenario('t.yaml', 'scenario: T\ntitle: One page\nmachine: { cpus: 1 }\nguest_memfd: { pages: 1 }\n' +
 *   'tasks: { T0: { cpu: 0 } }\nthreads: { T0: [{ touch: 0..1 }] }\n');
 * const { text, unordered } = writeSelftest(scenario, { patch: patchNamed('v8'), madeBy: 'folioscope' });
 * text.includes('end(0, touch(0, 0, 1, 0));'); // => true
 * unordered; // => []
 */
export function writeSelftest(scenario: Scenario, options: SelftestOptions): Selftest {
  const { patch, schedule = scenario.schedule, end, madeBy } = options;
  refuseWhatCannotBeMade(scenario);
  const order = orderOf(scenario, { patch, schedule, end });
  if (order.unended !== undefined)
    throw new InputError(
      `${scenario.file}: this run does not end under ${patch.name}: ${order.unended}, expected a run in which every call returns`,
    );
  const unordered = unorderedIn(scenario, order);
  const needed = new Set<HelperName>();
  const taskTexts = scenario.machine.tasks.map((_, task) => taskText(scenario, order, task, needed));
  const text = [
    '// SPDX-License-Identifier: MIT',
    headOf(scenario, patch, unordered, madeBy),
    HEADERS,
    '',
    tablesOf(scenario, order),
    COMMON.trimEnd(),
    helpersText(needed),
    '',
    ...taskTexts,
    tasksTable(scenario),
    setUpPins(scenario),
    MAIN.trim(),
    '',
  ].join('\n');
  return { text, unordered };
}

const allCalls = ({ before, threads }: Scenario) => [...before, ...threads.flatMap(({ calls }) => calls)];

function refuseWhatCannotBeMade(scenario: Scenario): void {
  const calls = allCalls(scenario);
  const inProcesses = new Set(scenario.machine.tasks.map(({ process = 0 }) => process)).size > 1;
  for (const { call, task, text } of calls) {
    const who = scenario.machine.tasks[task]?.name ?? '';
    const making = makingOf(call, 0, new Map());
    const why =
      call.call === 'release' && inProcesses
        ? 'other processes of the program have the file open'
        : 'cannot' in making
          ? making.cannot
          : undefined;
    if (why !== undefined)
      throw new InputError(
        `${scenario.file}: '${text}' of ${who}: no user program makes that call on purpose, because ${why}, expected a scenario without it`,
      );
  }
}

/** How each pin is taken. */
const pinKinds = (scenario: Scenario): ReadonlyMap<number, PinKind> =>
  new Map(
    allCalls(scenario).flatMap(({ call }) => {
      const kind = pinKindOf(call);
      return kind === undefined || !('pin' in call) ? [] : [[call.pin, kind] as const];
    }),
  );

const callNameOf = ({ machine }: Scenario, { answer }: OrderedCall): string =>
  `${machine.tasks[answer.of.task]?.name ?? ''}: ${answer.of.text}`;

/** The orders that a user program cannot enforce, in sentences. */
function unorderedIn(scenario: Scenario, { calls }: Ordered): readonly string[] {
  const unordered = calls.flatMap((call) =>
    call.overlaps.flatMap((earlier) => {
      const other = calls[earlier];
      return other === undefined
        ? []
        : [
            `'${callNameOf(scenario, call)}' begins before '${callNameOf(scenario, other)}' has returned; ` +
              'where inside that call it steps in is not ordered',
          ];
    }),
  );
  return unordered.length === 0
    ? []
    : [...new Set(unordered), 'results from the first such call on are printed and not asserted'];
}

const COLUMNS = 100;

/** A sentence as lines of a comment. */
function commented(text: string): readonly string[] {
  const lines: string[] = [];
  let line = ' *';
  for (const word of text.replaceAll('*/', '* /').replaceAll('/*', '/ *').split(/\s+/)) {
    if (line.length + 1 + word.length > COLUMNS && line !== ' *') {
      lines.push(line);
      line = ' *';
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

function headOf(scenario: Scenario, patch: Patch, unordered: readonly string[], madeBy: string): string {
  const program = scenario.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  const pinned = [...pinKinds(scenario).values()].includes('ring')
    ? ['A pin is a registered buffer of an io_uring: FOLL_PIN with FOLL_LONGTERM.']
    : [];
  return [
    '/*',
    ...commented(`${scenario.name}: ${scenario.title}`),
    ' *',
    ...(scenario.about === undefined ? [] : [...commented(scenario.about), ' *']),
    ...commented(`Written by ${madeBy} from ${scenario.file}. Build and run, as root:`),
    ` *   cc -Wall -Wextra -O2 -pthread -o ${program} ${program}.c && ./${program}`,
    ...commented('Exit code: 0 passed, 1 failed, 4 skipped. The output is TAP, as of the kernel selftests.'),
    ' *',
    ...commented(
      `Asserted: what each call returns, and the page of error_offset, on a kernel whose safety check is '${patch.name}'. ` +
        'Drains and holders are not visible to a user program.',
    ),
    ...pinned.flatMap(commented),
    ' *',
    ...commented(
      'Ordered: each call waits until all calls have returned that returned before it in the run of the model.',
    ),
    ...commented(
      'Not ordered: what else waits in the batches of a CPU. Other memory that is touched there may fill a batch, and ' +
        'other activity may drain it.',
    ),
    ...unordered.flatMap((sentence) => commented(`Not ordered: ${sentence}.`)),
    ' */',
  ].join('\n');
}

/** A text as a string of C. */
const quoted = (text: string): string => `"${text.replaceAll(/["\\?]/g, String.raw`\$&`).replaceAll(/\p{Cc}/gu, ' ')}"`;

/** A result as access_byte() and errno have it. */
function resultText(result: Result): string {
  switch (result) {
    case 'ok':
      return '0';
    case 'SIGBUS':
    case 'SIGSEGV':
      return `-${result}`;
    case 'MMIO':
      throw new Error('only a guest has this result');
    case 'EAGAIN':
    case 'EBUSY':
    case 'EEXIST':
    case 'EFAULT':
    case 'EHWPOISON':
    case 'EINVAL':
    case 'ENOMEM':
    case 'ENOTTY':
      return result;
  }
}

function tablesOf(scenario: Scenario, { calls }: Ordered): string {
  const { machine } = scenario;
  const files = machine.guestMemfds;
  const rows = calls.map((call) => {
    const { outcome, loaded, cpu } = call.answer;
    const isAsserted = call.isCertain && outcome !== undefined;
    const value = loaded ?? outcome?.errorIndex;
    const what = callNameOf(scenario, call).replace(':', ` on CPU ${cpu}:`);
    return `\t{ ${quoted(what)}, ${isAsserted ? resultText(outcome.result) : 'ANY'}, ${isAsserted && value !== undefined ? value : 'ANY'} },`;
  });
  const flags = (initShared: boolean): bigint =>
    GUEST_MEMFD_FLAG_MMAP | (initShared ? GUEST_MEMFD_FLAG_INIT_SHARED : 0n);
  return `enum {
	CALLS = ${calls.length},
	CPUS = ${machine.cpus},
	TASKS = ${machine.tasks.length},
	PROCESSES = ${1 + Math.max(0, ...machine.tasks.map(({ process = 0 }) => process))},
	FILES = ${files.length},
	PINS = ${Math.max(1, scenario.pins.length)},
};

/** The guest_memfds: bytes, flags, and whether the VM has private memory. */
static const long sizes[FILES] = { ${files.map(({ pages }) => `${pages}L * PAGE`).join(', ')} };
static const uint64_t flags_of[FILES] = { ${files.map(({ initShared = true }) => flags(initShared)).join(', ')} };
static const int vm_of[FILES] = { ${files.map(({ vmHasPrivateMemory = true }) => (vmHasPrivateMemory ? 1 : 0)).join(', ')} };

static const struct call {
	const char *what;
	/** 0, an errno, the negative number of a signal, or ANY. */
	int result;
	/** The page of error_offset, the loaded byte, or ANY. */
	long value;
} calls[CALLS] = {
${rows.join('\n')}
};
`;
}

function taskText(scenario: Scenario, { calls }: Ordered, task: number, needed: Set<HelperName>): string {
  const pins = pinKinds(scenario);
  const { name = '', cpu = 0 } = scenario.machine.tasks[task] ?? {};
  const lines = calls.flatMap(({ answer, overlaps }, number) => {
    if (answer.of.task !== task) return [];
    const making = makingOf(answer.of.call, number, pins);
    if ('cannot' in making) throw new Error(making.cannot);
    for (const need of making.needs) needed.add(need);
    return [
      `\tbegin(${number}, (const int[]){ ${[...overlaps, -1].join(', ')} });`,
      `\tend(${number}, ${making.text});`,
    ];
  });
  return [
    `/* ${name.replaceAll(/[^\w .-]/g, '?')} */`,
    `static void *task_${task}(void *unused)`,
    '{',
    '\t(void)unused;',
    `\tstart_task(${task}, ${cpu});`,
    ...lines,
    '\treturn NULL;',
    '}',
    '',
  ].join('\n');
}

const tasksTable = ({ machine }: Scenario): string => `static const struct {
	void *(*text)(void *);
	int process;
} tasks[TASKS] = {
${machine.tasks.map(({ process = 0 }, task) => `\t{ task_${task}, ${process} },`).join('\n')}
};
`;

/** Pipes and rings are made before there are processes, so that each of them can give a pin back. */
function setUpPins(scenario: Scenario): string {
  const pins = [...pinKinds(scenario)];
  const lines = pins.flatMap(([pin, kind]) =>
    kind === 'pipe'
      ? [`\tif (pipe2(pins[${pin}], O_CLOEXEC) != 0)`, '\t\tskip("no pipe");']
      : [
          `\tpins[${pin}][0] = (int)syscall(SYS_io_uring_setup, 1, (char[120]){ 0 });`,
          `\tif (pins[${pin}][0] < 0)`,
          '\t\tskip("no io_uring for a pin");',
        ],
  );
  return [
    'static _Noreturn void skip(const char *why);',
    '',
    'static void set_up_pins(void)',
    '{',
    ...(lines.length === 0 ? ['\tpins[0][0] = -1;'] : lines),
    '}',
    '',
  ].join('\n');
}
