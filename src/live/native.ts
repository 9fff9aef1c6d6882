// SPDX-License-Identifier: MIT
import { constants } from 'node:os';
import type koffiPackage from 'koffi';
import {
  CACHESTAT,
  CACHESTAT_RANGE,
  decodeStruct,
  DEFAULT_PAGE_SIZE,
  encodeStruct,
  F_ADD_SEALS,
  F_SEAL_WRITE,
  F_SETPIPE_SZ,
  MFD_ALLOW_SEALING,
  MFD_CLOEXEC,
  MLOCK_ONFAULT,
  type PageSize,
  pageSize,
  SYS_CACHESTAT,
  SYS_PIDFD_GETFD,
  SYS_PIDFD_OPEN,
} from '../abi/index.ts';
import { UnavailableError } from './unavailable.ts';

/** System calls that Node lacks. Each returns its result, or an errno as the kernel does: negative. */
export interface Native {
  /** @param argument a number, or a struct that the kernel reads and writes. */
  ioctl(fd: number, request: bigint, argument: number | Uint8Array): number;
  /** @returns the address of the mapping. @param offset in bytes. */
  mmap(length: number, protection: number, flags: number, fd: number, offset: number): number;
  munmap(address: number, length: number): number;
  mlock(address: number, length: number): number;
  munlock(address: number, length: number): number;
  madvise(address: number, length: number, advice: number): number;
  /**
   * A write fault at an address, made by the kernel on this CPU (read(2) of /dev/zero): -EFAULT where an access by the
   * process would raise SIGBUS or SIGSEGV.
   */
  touch(address: number): number;
  /** A store by the process itself. It may raise SIGBUS: for child processes. */
  store(address: number): void;
  /** Locks pages of a range when they are faulted in. */
  mlockOnFault(address: number, length: number): number;
  /** A read fault at an address, made by the kernel on this CPU: -EFAULT like {@link touch}. */
  peek(address: number): number;
  close(fd: number): number;
  /** A file in memory that takes seals. @returns its descriptor. */
  memfd(): number;
  /** Forbids writes to such a file. The kernel drains batches if a page has a reference that it does not expect. */
  sealWrites(fd: number): number;
  fallocate(fd: number, mode: number, offset: number, length: number): number;
  fadvise(fd: number, offset: number, length: number, advice: number): number;
  /** Lets the calling thread run on these CPUs only. */
  setAffinity(cpus: readonly number[]): number;
  /** The CPUs on which the calling thread may run. */
  affinity(): readonly number[];
  /** A pipe whose ends do not block. @returns the error, or the ends. */
  pipe(): number | { readonly read: number; readonly write: number };
  /** Sets a pipe's capacity, in bytes. */
  setPipeSize(fd: number, bytes: number): number;
  /** Puts the pages of a range of memory into a pipe: a reference to each until it is read or closed. */
  vmsplice(pipe: number, address: number, length: number): number;
  splice(from: number, to: number, length: number, flags: number): number;
  /**
   * Number of pages of a file of a process in the page cache, by a copy of its descriptor that is closed at once.
   * An error is negative.
   */
  cached(pid: number, fd: number): number;
  /** Of this machine. */
  readonly pageSize: PageSize;
  /** The library's function that packs with zstd; undefined if the machine has no libzstd. */
  readonly zstd: ((bytes: Uint8Array) => Uint8Array) | undefined;
}

let loaded: Promise<Native> | undefined;

/**
 * The calls, with koffi loaded.
 * @throws UnavailableError without koffi, or on another system.
 */
export function loadNative(): Promise<Native> {
  loaded ??= load();
  return loaded;
}

const RECIPE = 'npm install koffi (an optional package; everything but demo, record, inspect and doctor works without)';

async function load(): Promise<Native> {
  if (process.platform !== 'linux')
    throw new UnavailableError(`this system is ${process.platform}, not Linux`, 'run it on the machine of the VMM');
  let koffi;
  try {
    koffi = (await import('koffi')).default;
  } catch (error) {
    const [why = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw new UnavailableError(`the npm package koffi cannot be loaded (${why})`, RECIPE);
  }
  return bind(koffi);
}

type Koffi = typeof koffiPackage;
/** A function of a library, as koffi hands it out. */
type Foreign = (...args: readonly unknown[]) => unknown;

/** Bytes of a mask of CPUs: as many as the kernel can be built for (NR_CPUS 8192). */
const MASK_BYTES = 1024;
/** O_CLOEXEC and O_NONBLOCK, for pipe2(2). */
const PIPE_FLAGS = 0o2_004_000;

function libraryOf(koffi: Koffi, names: readonly string[]): ReturnType<Koffi['load']> | undefined {
  for (const name of names) {
    try {
      return koffi.load(name);
    } catch {
      // Another C library has another file name.
    }
  }
  return undefined;
}

function bind(koffi: Koffi): Native {
  const c = libraryOf(koffi, ['libc.so.6', 'libc.so', 'libc.musl-x86_64.so.1', 'libc.musl-aarch64.so.1']);
  if (c === undefined) throw new UnavailableError('no C library can be loaded', 'glibc or musl as a shared library');
  const foreign = (prototype: string): Foreign => c.func(prototype);
  /** A number; -errno if the function failed. Addresses stay below 2^53 in user space. */
  const call = (prototype: string): ((...args: readonly unknown[]) => number) => {
    const run = foreign(prototype);
    return (...args) => {
      const result = run(...args);
      // MAP_FAILED is the one result that does not fit a double.
      return typeof result === 'number' && result !== -1 ? result : -koffi.errno();
    };
  };
  const ioctlNumber = call('int ioctl(int fd, unsigned long request, unsigned long argument)');
  const ioctlStruct = call('int ioctl(int fd, unsigned long request, void *argument)');
  const mmap = call(
    'uint64_t mmap(uint64_t address, size_t length, int protection, int flags, int fd, int64_t offset)',
  );
  const read = call('int64_t read(int fd, uint64_t buffer, size_t length)');
  const setAffinity = call('int sched_setaffinity(int pid, size_t length, const uint8_t *mask)');
  const getAffinity = call('int sched_getaffinity(int pid, size_t length, uint8_t *mask)');
  const pipe2 = call('int pipe2(void *ends, int flags)');
  const fcntl = call('int fcntl(int fd, int command, int argument)');
  const vmsplice = call('int64_t vmsplice(int fd, const void *vectors, size_t count, unsigned int flags)');
  const splice = call('int64_t splice(int from, void *at, int to, void *there, size_t length, unsigned int flags)');
  const munmap = call('int munmap(uint64_t address, size_t length)');
  const mlock = call('int mlock(uint64_t address, size_t length)');
  const munlock = call('int munlock(uint64_t address, size_t length)');
  const madvise = call('int madvise(uint64_t address, size_t length, int advice)');
  const memset = call('uint64_t memset(uint64_t address, int byte, size_t length)');
  const fallocate = call('int fallocate(int fd, int mode, int64_t offset, int64_t length)');
  const fadvise = call('int posix_fadvise(int fd, int64_t offset, int64_t length, int advice)');
  const syscall = call('long syscall(long number, long a, long b, long c, long d)');
  const syscallStructs = call('long syscall(long number, long a, const void *b, void *c, long d)');
  const close = call('int close(int fd)');
  const mlock2 = call('int mlock2(uint64_t address, size_t length, unsigned int flags)');
  const memfdCreate = call('int memfd_create(const char *name, unsigned int flags)');
  const write = call('int64_t write(int fd, uint64_t buffer, size_t length)');
  const readInto = call('int64_t read(int fd, void *buffer, size_t length)');
  const open = call('int open(const char *path, int flags)');
  const pageBytes = call('int getpagesize()')();
  // Opened at the first use, and kept: opening it between two touches would cause a page fault of this process.
  let zero: number | undefined;
  let scratch: { readonly read: number; readonly write: number } | undefined;

  const mask = new Uint8Array(MASK_BYTES);
  return {
    ioctl: (fd, request, argument) =>
      typeof argument === 'number' ? ioctlNumber(fd, request, argument) : ioctlStruct(fd, request, argument),
    mmap: (length, protection, flags, fd, offset) => mmap(0, length, protection, flags, fd, offset),
    munmap,
    mlock,
    munlock,
    madvise,
    touch: (address) => {
      zero ??= open('/dev/zero', 0o2_000_000);
      return read(zero, address, 1);
    },
    store: (address) => {
      memset(address, 1, 1);
    },
    mlockOnFault: (address, length) => mlock2(address, length, MLOCK_ONFAULT),
    peek: (address) => {
      if (scratch === undefined) {
        const ends = new Int32Array(2);
        if (pipe2(ends, PIPE_FLAGS) < 0) return -koffi.errno();
        scratch = { read: ends[0] ?? -1, write: ends[1] ?? -1 };
      }
      const written = write(scratch.write, address, 1);
      if (written === 1) readInto(scratch.read, new Uint8Array(1), 1);
      return written;
    },
    close,
    memfd: () => memfdCreate('folioscope', MFD_CLOEXEC | MFD_ALLOW_SEALING),
    sealWrites: (fd) => fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE),
    fallocate,
    fadvise: (fd, offset, length, advice) => -fadvise(fd, offset, length, advice),
    setAffinity: (cpus) => {
      mask.fill(0);
      for (const cpu of cpus) mask[cpu >> 3] = (mask[cpu >> 3] ?? 0) | (1 << (cpu & 7));
      return setAffinity(0, MASK_BYTES, mask);
    },
    affinity: () => {
      mask.fill(0);
      getAffinity(0, MASK_BYTES, mask);
      return [...mask.entries()].flatMap(([byte, bits]) =>
        [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => ((bits >> bit) & 1) === 1).map((bit) => 8 * byte + bit),
      );
    },
    pipe: () => {
      const ends = new Int32Array(2);
      const failed = pipe2(ends, PIPE_FLAGS);
      const [from = -1, to = -1] = ends;
      return failed < 0 ? failed : { read: from, write: to };
    },
    setPipeSize: (fd, bytes) => fcntl(fd, F_SETPIPE_SZ, bytes),
    vmsplice: (pipe, address, length) => {
      // struct iovec: an address and a length, a long each.
      const vector = new BigUint64Array([BigInt(address), BigInt(length)]);
      return vmsplice(pipe, vector, 1, 0);
    },
    splice: (from, to, length, flags) => splice(from, null, to, null, length, flags),
    cached: (pid, fd) => {
      const process = syscall(SYS_PIDFD_OPEN, pid, 0, 0, 0);
      if (process < 0) return process;
      const copy = syscall(SYS_PIDFD_GETFD, process, fd, 0, 0);
      close(process);
      if (copy < 0) return copy;
      const counts = encodeStruct(CACHESTAT, {});
      const failed = syscallStructs(SYS_CACHESTAT, copy, encodeStruct(CACHESTAT_RANGE, {}), counts, 0);
      close(copy);
      return failed < 0 ? failed : Number(decodeStruct(CACHESTAT, counts)['nr_cache']);
    },
    pageSize: pageSize(pageBytes) ?? DEFAULT_PAGE_SIZE,
    get zstd() {
      return zstdOf(koffi);
    },
  };
}

/** Level of trace-cmd, which prefers speed to size. */
const ZSTD_LEVEL = 3;

function zstdOf(koffi: Koffi): Native['zstd'] {
  const library = libraryOf(koffi, ['libzstd.so.1', 'libzstd.so']);
  if (library === undefined) return undefined;
  const bound: Foreign = library.func('size_t ZSTD_compressBound(size_t size)');
  const compress: Foreign = library.func(
    'size_t ZSTD_compress(void *to, size_t room, const void *from, size_t size, int level)',
  );
  return (bytes) => {
    const packed = new Uint8Array(Number(bound(bytes.byteLength)));
    const size = Number(compress(packed, packed.byteLength, bytes, bytes.byteLength, ZSTD_LEVEL));
    // An error is a number close to the largest.
    if (size > packed.byteLength) throw new Error('libzstd refused to pack a part of the recording');
    return packed.subarray(0, size);
  };
}

/** The name of an error that a call returned, `EAGAIN`. @param returned negative. */
export const errorName = (returned: number): string =>
  Object.entries(constants.errno).find(([, number]) => number === -returned)?.[0] ?? `error ${-returned}`;
