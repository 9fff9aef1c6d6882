// SPDX-License-Identifier: MIT
import { existsSync, readFileSync } from 'node:fs';
import { homedir, machine, release } from 'node:os';
import {
  isErrno,
  KVM_MEMORY_ATTRIBUTE_PRIVATE,
  GUEST_MEMFD_FLAG_INIT_SHARED,
  GUEST_MEMFD_FLAG_MMAP,
} from '../abi/index.ts';
import { zstdPacker } from './compress.ts';
import {
  batchSize,
  Bench,
  drainOfAll,
  mlockBatchHolds,
  outlivesLocalDrain,
  unmapDrains,
  waitsAfterTouch,
} from './experiments.ts';
import { GuestMemory, Vm } from './kvm.ts';
import { errorName, loadNative, type Native } from './native.ts';
import { PageReader } from './pages.ts';
import type { Probe } from './probe.ts';
import { eventsOfSet, type EventSet, Recorder } from './recorder.ts';
import { findTracefs, removeDead, TraceInstance } from './tracefs.ts';
import { UnavailableError } from './unavailable.ts';

/**
 * `ok`; `partly`: something of it is missing; `missing`: it can be had here; `unavailable`: this machine or kernel does
 * not have it; `crashed`: the check itself failed.
 */
type CheckResult = 'ok' | 'partly' | 'missing' | 'unavailable' | 'crashed';

export interface CheckAnswer {
  readonly name: string;
  readonly result: CheckResult;
  /** One line, without names of users, hosts or tasks. */
  readonly why: string;
  /** How to get what is missing. */
  readonly enable: string | undefined;
}

/** What a command can do here. */
export interface CommandAbility {
  readonly command: string;
  readonly can: boolean;
  /** What it cannot do, or why it cannot; '' if there is nothing to say. */
  readonly but: string;
}

/** Features of this kernel, found by experiment; undefined if there was no experiment, or no result. */
interface FoundFeatures {
  readonly drainNeeded: boolean | undefined;
  readonly batchSize: number | undefined;
  readonly unmapDrainsLocal: boolean | undefined;
  readonly mlockBatchHoldsReference: boolean | undefined;
  readonly drainOfAllMicroseconds: number | undefined;
}

export interface Diagnosis {
  readonly checks: readonly CheckAnswer[];
  readonly commands: readonly CommandAbility[];
  readonly features: FoundFeatures;
}

export interface DoctorOptions {
  /** Names of the checks to run, in the order of the list; all if undefined. */
  readonly names?: readonly string[] | undefined;
  /** Makes an experiment in a child process. @returns the signal that ended it, if one did. */
  readonly probe: (probe: Probe) => Promise<string | undefined>;
  /** Called before each check. */
  readonly onCheck?: ((name: string) => void) | undefined;
}

type Answer = Omit<CheckAnswer, 'name'>;
type Features = { -readonly [Name in keyof FoundFeatures]: FoundFeatures[Name] };

/** Data that checks share: the system calls, and the results so far. */
interface Context {
  readonly native: () => Promise<Native>;
  readonly probe: DoctorOptions['probe'];
  readonly features: Features;
}

interface Check {
  readonly name: string;
  /** The subject of the check. */
  readonly what: string;
  /** Whether it takes noticeably long. */
  readonly isSlow?: boolean;
  readonly run: (context: Context) => Promise<Answer>;
}

const ok = (why: string): Answer => ({ result: 'ok', why, enable: undefined });
const partly = (why: string, enable?: string): Answer => ({ result: 'partly', why, enable });
const missing = (why: string, enable: string): Answer => ({ result: 'missing', why, enable });
const unavailable = (why: string, enable?: string): Answer => ({ result: 'unavailable', why, enable });

/** With one CPU there is no batch of another CPU. */
const ONE_CPU = unavailable('this process may run on one CPU only', 'taskset, or a cpuset with more CPUs');

async function onBench(context: Context, look: (bench: Bench) => Answer): Promise<Answer> {
  const bench = new Bench(await context.native());
  try {
    return look(bench);
  } finally {
    bench.close();
  }
}

async function onInstance(look: (instance: TraceInstance) => Answer): Promise<Answer> {
  const instance = new TraceInstance(findTracefs(), 'doctor');
  try {
    return await Promise.resolve(look(instance));
  } finally {
    instance.close();
  }
}

async function onVm(context: Context, look: (vm: Vm, native: Native) => Answer): Promise<Answer> {
  const native = await context.native();
  const vm = new Vm(native);
  try {
    return look(vm, native);
  } finally {
    vm.close();
  }
}

/** Number of pages that the known workload touches: a prime, so that it is recognised. */
const KNOWN = 23;

const CHECKS: readonly Check[] = [
  {
    name: 'system',
    what: 'the kernel, and the CPUs of this process',
    run: async ({ native }) => {
      const cpus = await native().then(
        (calls) => calls.affinity().length,
        () => undefined,
      );
      const where = `Linux ${release()} on ${machine()}, ${cpus ?? 'unknown'} CPUs`;
      return process.platform !== 'linux'
        ? unavailable(`this system is ${process.platform}`, 'run it on the machine of the VMM')
        : cpus === 1
          ? partly(`${where}: batches of other CPUs cannot be shown`, 'taskset, or a cpuset with more CPUs')
          : ok(where);
    },
  },
  {
    name: 'koffi',
    what: 'the optional package for system calls',
    run: async ({ native }) => {
      await native();
      return ok('loaded');
    },
  },
  {
    name: 'kvm',
    what: '/dev/kvm',
    run: (context) => onVm(context, () => ok('a VM can be made')),
  },
  {
    name: 'guest-memfd',
    what: 'guest_memfd, and exactly the flags that the kernel reports',
    run: (context) =>
      onVm(context, (vm, native) => {
        const { has, flags } = vm.guestMemfd;
        if (!has)
          return unavailable('this kernel has no guest_memfd', 'Linux 6.8 or newer with CONFIG_KVM_GUEST_MEMFD');
        const wrong = Array.from({ length: 64 }, (_, bit) => BigInt(bit)).filter((bit) => {
          const fd = vm.createGuestMemfd(BigInt(native.pageSize), 1n << bit);
          if (fd >= 0) native.close(fd);
          return fd >= 0 !== (((flags >> bit) & 1n) === 1n);
        });
        return wrong.length === 0
          ? ok(`flags ${flags} are reported, and accepted; all others are refused`)
          : partly(`flags ${flags} are reported, but bits ${wrong.join(', ')} do otherwise`);
      }),
  },
  {
    name: 'guest-memfd-mmap',
    what: 'whether the host can map guest_memfd',
    run: (context) =>
      onVm(context, (vm, native) => {
        new GuestMemory(native, vm, 1, GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED).close();
        return ok('made, mapped and closed');
      }),
  },
  {
    name: 'conversion',
    what: 'KVM_SET_MEMORY_ATTRIBUTES2 on a guest_memfd',
    run: (context) =>
      onVm(context, (vm, native) => {
        const memory = new GuestMemory(native, vm, 1, GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED);
        const { returned } = memory.convert(0, 1, KVM_MEMORY_ATTRIBUTE_PRIVATE);
        memory.close();
        if (isErrno(returned, 'ENOTTY'))
          return unavailable('this kernel does not convert in place (ENOTTY)', 'a kernel with the conversion series');
        return returned === 0 || isErrno(returned, 'EAGAIN')
          ? ok(`it returned ${returned === 0 ? '0' : errorName(returned)}`)
          : partly(`it returned ${errorName(returned)} for a VM of type 0`, 'a VM type with private memory');
      }),
  },
  {
    name: 'page-frames',
    what: '/proc/PID/pagemap, kpageflags and kpagecount',
    run: async ({ native }) => {
      const { pageSize } = await native();
      new PageReader('self', pageSize).close();
      return ok('page frames and their flags can be read');
    },
  },
  {
    name: 'page-cache',
    what: 'cachestat(2): how many pages of a file are in the page cache',
    run: (context) =>
      onVm(context, (vm, native) => {
        const memory = new GuestMemory(native, vm, 4, GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED);
        memory.touch(0, 3);
        const count = native.cached(process.pid, memory.fd);
        memory.close();
        if (count < 0)
          return unavailable(`it does not answer for a guest_memfd (${errorName(count)})`, 'Linux 6.5 or newer');
        return count === 3 ? ok('3 of 3 touched pages are counted') : partly(`${count} of 3 touched pages are counted`);
      }),
  },
  {
    name: 'tracefs',
    what: 'an instance of tracefs of our own; what killed processes left is removed',
    run: () => {
      const tracefs = findTracefs();
      const { removed, alive } = removeDead(tracefs);
      return onInstance(() =>
        ok(
          `an instance can be made${removed.length > 0 ? `; ${removed.length} that killed processes left were removed` : ''}${alive.length > 0 ? `; ${alive.length} of ours are in use` : ''}`,
        ),
      );
    },
  },
  ...(
    [
      ['minimal', 'events', 'the events without which there is no answer'],
      ['full', 'drain-events', 'events of system calls and of drains'],
      ['page-ref', 'page-ref', 'events of every reference'],
    ] as const
  ).map(([set, name, what]): Check => ({ name, what, run: () => onInstance((instance) => eventsOf(instance, set)) })),
  {
    name: 'zstd',
    what: 'packing of recordings',
    run: async ({ native }) => {
      const { by, isStored } = zstdPacker(await native());
      return isStored
        ? partly('recordings are written without compression', 'libzstd1, or Node 22.15 and newer')
        : ok(`by ${by}`);
    },
  },
  {
    name: 'lockdown',
    what: "the kernel's lockdown",
    run: () => {
      const file = '/sys/kernel/security/lockdown';
      const mode = existsSync(file) ? /\[(\w+)\]/.exec(readFileSync(file, 'utf8'))?.[1] : undefined;
      return Promise.resolve(
        mode === undefined || mode === 'none'
          ? ok('off')
          : mode === 'integrity'
            ? ok('integrity: tracing is allowed')
            : missing(`${mode}: the kernel closes tracefs and page frames`, 'boot without lockdown=confidentiality'),
      );
    },
  },
  {
    name: 'private-fault',
    what: 'that an access to a private page raises SIGBUS (in a child process)',
    isSlow: true,
    run: async (context) => {
      await onVm(context, () => ok(''));
      const signal = await context.probe('private-page');
      return signal === 'SIGBUS' ? ok('it does') : partly(`the access ended with ${signal ?? 'no signal'}`);
    },
  },
  {
    name: 'drain-needed',
    what: 'whether a touched page waits in a batch, also when another CPU drains its own',
    isSlow: true,
    run: (context) =>
      onBench(context, (bench) => {
        const waits = waitsAfterTouch(bench);
        const outlives = outlivesLocalDrain(bench);
        context.features.drainNeeded = outlives ?? waits;
        if (!waits) return ok('no: a touched page never waited in a batch');
        return outlives === undefined
          ? partly('a touched page waits; of other CPUs nothing is known: this process has one', ONE_CPU.enable)
          : ok(
              outlives
                ? "yes: it waits in its CPU's batch, and outlives a drain of another CPU"
                : 'no: another CPU drains it',
            );
      }),
  },
  {
    name: 'batch-size',
    what: 'how many folios fill a batch',
    isSlow: true,
    run: (context) =>
      onBench(context, (bench) => {
        const size = batchSize(bench);
        context.features.batchSize = size;
        return size === undefined ? partly('no batch was seen to fill') : ok(`${size}`);
      }),
  },
  {
    name: 'unmap-drains',
    what: 'whether an unmap drains its CPU',
    isSlow: true,
    run: (context) =>
      onBench(context, (bench) => {
        const drains = unmapDrains(bench);
        context.features.unmapDrainsLocal = drains;
        return ok(drains ? 'yes' : 'no');
      }),
  },
  {
    name: 'drain-of-all',
    what: 'lru_add_drain_all(), and its cost',
    isSlow: true,
    run: (context) =>
      onBench(context, (bench) => {
        const drain = drainOfAll(bench);
        if (drain === undefined) return ONE_CPU;
        if (!drain.reaches) return partly("no call reached another CPU's batch: the file of node is on no disk?");
        context.features.drainOfAllMicroseconds = drain.microseconds;
        return ok(
          `it reaches another CPU's batch; half of the calls took less than ${drain.microseconds.toFixed(0)} us`,
        );
      }),
  },
  {
    name: 'mlock-batch',
    what: 'whether an entry of the mlock batch holds a reference',
    isSlow: true,
    run: (context) =>
      onBench(context, (bench) => {
        const holds = mlockBatchHolds(bench);
        context.features.mlockBatchHoldsReference = holds;
        if (bench.other === undefined) return ONE_CPU;
        if (holds === undefined) return partly('other references disturbed it');
        return ok(holds ? 'yes: it would refuse a conversion, and no page flag shows it' : 'no');
      }),
  },
  {
    name: 'insertion-first',
    what: "whether a flush inserts a folio before it puts the batch's reference",
    isSlow: true,
    run: () =>
      onInstance((instance) =>
        instance.hasEvent('page_ref/page_ref_mod_and_test')
          ? partly('a recording with page-ref events shows it', 'folioscope record --events page-ref')
          : unavailable('only page_ref events show it', 'a kernel with CONFIG_DEBUG_PAGE_REF'),
      ),
  },
  {
    name: 'recording',
    what: `that a recording has the ${KNOWN} folios of a known workload`,
    isSlow: true,
    run: async (context) => {
      const native = await context.native();
      const options = { events: 'minimal', limit: 1024 * 1024, ringKilobytes: 256, version: '' } as const;
      const recorder = new Recorder(native, findTracefs(), options);
      try {
        await onBench(context, ({ memory }) => ok(`${memory.touch(0, KNOWN)} touched`));
        recorder.stop();
        const adds = recorder.countAdds();
        return adds === KNOWN
          ? ok(`${adds} of ${KNOWN} adds`)
          : partly(`${adds} adds of ${KNOWN}: others made guest_memfds meanwhile?`);
      } finally {
        recorder.close();
      }
    },
  },
];

function eventsOf(instance: TraceInstance, set: EventSet): Answer {
  const { have, added, lack, enable } = eventsOfSet(instance, set);
  if (lack.length === 0) return ok(`${have.length} events`);
  const [system = ''] = lack[0]?.split('/') ?? [];
  if (lack.length === added.length) return unavailable(`this kernel has no ${system} events`, enable);
  const why = `this kernel lacks ${lack.join(', ')}`;
  return set === 'minimal' ? unavailable(why, enable) : partly(why, enable);
}

/**
 * The checks in their order, the slow ones last.
 * @example
 * import { listChecks } from 'folioscope/live';
 * listChecks()[0]; // => { name: 'system', what: 'the kernel, and the CPUs of this process', isSlow: false }
 */
export const listChecks = (): readonly { readonly name: string; readonly what: string; readonly isSlow: boolean }[] =>
  CHECKS.map(({ name, what, isSlow = false }) => ({ name, what, isSlow }));

/**
 * Examines this machine. A failed check is a result; the other checks still run.
 * @example
 * import { diagnose } from 'folioscope/live';
 * const { checks } = await diagnose({ names: ['system'], probe: () => Promise.resolve(undefined) });
 * checks.map(({ name }) => name); // => ['system']
 */
export async function diagnose({ names, probe, onCheck }: DoctorOptions): Promise<Diagnosis> {
  const features: Features = {
    drainNeeded: undefined,
    batchSize: undefined,
    unmapDrainsLocal: undefined,
    mlockBatchHoldsReference: undefined,
    drainOfAllMicroseconds: undefined,
  };
  const context: Context = { native: loadNative, probe, features };
  const checks: CheckAnswer[] = [];
  for (const { name, run } of CHECKS) {
    if (names !== undefined && !names.includes(name)) continue;
    onCheck?.(name);
    checks.push({ name, ...(await guarded(() => run(context))) });
  }
  return { checks, commands: abilities(checks), features };
}

async function guarded(run: () => Promise<Answer>): Promise<Answer> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof UnavailableError) return missing(error.missing, error.enable);
    const text = error instanceof Error ? error.message : String(error);
    return {
      result: 'crashed',
      why: text.replaceAll(homedir(), '~'),
      enable: 'report it: this is a defect of folioscope',
    };
  }
}

/** Needs of each command: without the first list it cannot run, without an entry of the second it can do less. */
const NEEDS: readonly {
  readonly command: string;
  readonly all: readonly string[];
  readonly better: readonly (readonly [check: string, without: string])[];
}[] = [
  {
    command: 'demo',
    all: ['koffi', 'kvm', 'guest-memfd-mmap', 'page-frames'],
    better: [['conversion', 'converts nothing']],
  },
  {
    command: 'record',
    all: ['koffi', 'tracefs', 'events'],
    better: [
      ['kvm', 'no filter for guest_memfd: recordings are larger'],
      ['drain-events', 'no cost of drains'],
      ['page-ref', 'no --events page-ref'],
    ],
  },
  {
    command: 'inspect',
    all: ['koffi', 'page-frames'],
    better: [
      ['tracefs', '--watch does not know the CPU'],
      ['page-cache', 'pages that are not mapped are not counted'],
    ],
  },
];

function abilities(checks: readonly CheckAnswer[]): readonly CommandAbility[] {
  const made = new Map(checks.map(({ name, result }) => [name, result]));
  const lacks = (name: string): boolean => {
    const result = made.get(name);
    return result === 'missing' || result === 'unavailable' || result === 'crashed';
  };
  // If only single checks were requested, nothing follows for the commands.
  return NEEDS.filter(({ all }) => all.every((name) => made.has(name))).map(({ command, all, better }) => {
    const without = all.filter(lacks);
    return without.length > 0
      ? { command, can: false, but: `needs ${without.join(', ')}` }
      : { command, can: true, but: better.flatMap(([name, but]) => (lacks(name) ? [but] : [])).join('; ') };
  });
}
