// SPDX-License-Identifier: MIT
// The cases of the kernel's own selftests of guest_memfd (tools/testing/selftests/kvm/guest_memfd_test.c) and of its
// conversion (x86/guest_memfd_conversions_test.c of the series, v8), told in our words against the machine. A page's
// contents are one byte here, and a guest's access is as KVM would make it: there is no guest code. The host has one NUMA
// node, where the kernel's own mbind and numa_allocation return before they have done anything (docs/limits.md).
import { beforeEach, describe, expect, test } from 'vitest';
import {
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  GUEST_MEMFD_FLAG_INIT_SHARED,
  GUEST_MEMFD_FLAG_MMAP,
  KVM_MEMORY_ATTRIBUTE_PRIVATE,
  PAGE_SIZE,
} from '../src/abi/index.ts';
import { GuestMemfd, Host, type Mapping, PATCHES, type PinHandle, type Thread, type Vm } from '../src/machine/index.ts';

const MMAP = GUEST_MEMFD_FLAG_MMAP;
const SHARED = GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED;
/** What the kernel's test runs most cases with. */
const FLAGS = [0n, MMAP, SHARED];
const PAGES = 4n;
const SIZE = PAGES * PAGE_SIZE;
const KEEP = FALLOC_FL_KEEP_SIZE;
const PUNCH = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE;

/** What a call handed out. @throws Error where it failed. */
function got<T extends object>(returned: T | string | number): T {
  if (typeof returned !== 'object') throw new Error(`the call returned ${returned}`);
  return returned;
}

/** A host for all tests of a form of the check: it takes a while to build, and starts anew before each. */
const hostWith = (name: string): Host => {
  const patch = PATCHES.find((known) => known.name === name);
  return new Host({
    cpus: 2,
    threads: [
      { name: 'vmm', cpu: 0 },
      { name: 'vcpu', cpu: 1 },
      { name: 'child', cpu: 1, process: 1 },
    ],
    files: 2,
    pages: 16,
    pins: 1,
    ...(patch === undefined ? {} : { patch }),
  });
};

/** I6, after whatever a test did. */
const balanced = (host: Host): void => expect(host.machine.imbalances()).toEqual([]);

describe.each([
  ['the default type', { hasPrivateMemory: false, inPlaceConversion: false }],
  ['KVM_X86_SW_PROTECTED_VM', { hasPrivateMemory: true, inPlaceConversion: true }],
])('guest_memfd_test, VM of %s', (_, kind) => {
  const host = hostWith('v8');
  let vm: Vm;
  let vmm: Thread;
  beforeEach(() => {
    host.boot();
    vm = host.createVm(kind);
    vmm = host.thread('vmm');
  });
  const create = (flags: bigint, size = SIZE): GuestMemfd => got(vm.createGuestMemfd({ size, flags }));
  const map = (file: GuestMemfd, length = file.size): Mapping => got(vmm.mmap(file, { length, shared: true }));

  test('guest_memfd_flags: each single flag is accepted if and only if it is reported', () => {
    for (let bit = 0n; bit < 64n; bit++) {
      host.boot();
      const made = host.createVm(kind).createGuestMemfd({ size: PAGE_SIZE, flags: 1n << bit });
      expect(made instanceof GuestMemfd, `bit ${bit}`).toBe(((1n << bit) & vm.guestMemfdFlags) !== 0n);
      if (!(made instanceof GuestMemfd)) expect(made).toBe('EINVAL');
    }
    expect(vm.guestMemfdFlags).toBe(SHARED);
  });

  test('create_guest_memfd_multiple: two files have sizes and memory of their own', () => {
    const [one, other] = [create(SHARED, PAGE_SIZE), create(SHARED, 2n * PAGE_SIZE)];
    expect([one.stat().size, other.stat().size]).toEqual([PAGE_SIZE, 2n * PAGE_SIZE]);
    expect(one.inode).not.toBe(other.inode);
    expect(vmm.store(map(one), 0n, 0xaa)).toBe('ok');
    expect(vmm.load(map(other), 0n)).toBe(0);
    balanced(host);
  });

  test.each(FLAGS)('create_guest_memfd_invalid_sizes, flags %i', (flags) => {
    for (let size = 0n; size < PAGE_SIZE; size++) expect(vm.createGuestMemfd({ size, flags })).toBe('EINVAL');
    // loff_t is signed.
    expect(vm.createGuestMemfd({ size: (1n << 64n) - PAGE_SIZE, flags })).toBe('EINVAL');
    expect(vm.createGuestMemfd(undefined)).toBe('EFAULT');
  });

  test.each(FLAGS)('file_read_write, flags %i: neither, with a position or without', (flags) => {
    const file = create(flags);
    expect([vmm.read(file), vmm.write(file)]).toEqual(['EINVAL', 'EINVAL']);
    expect([vmm.read(file, 0n), vmm.write(file, 0n)]).toEqual(['ESPIPE', 'ESPIPE']);
    expect(host.machine.holders().size).toBe(0);
  });

  test('mmap_supported: what was written is there, a hole is zeros, and can be written again', () => {
    const file = create(SHARED);
    const mem = map(file);
    const all = (): unknown[] => [0n, 1n, 2n, 3n].map((page) => vmm.load(mem, page * PAGE_SIZE));
    for (let page = 0n; page < PAGES; page++) expect(vmm.store(mem, page * PAGE_SIZE, 0xaa)).toBe('ok');
    expect(all()).toEqual([0xaa, 0xaa, 0xaa, 0xaa]);
    expect(vmm.fallocate(file, { mode: PUNCH, offset: 0n, length: PAGE_SIZE })).toBe('ok');
    expect(all()).toEqual([0, 0xaa, 0xaa, 0xaa]);
    expect(vmm.store(mem, 0n, 0xbb)).toBe('ok');
    expect(all()).toEqual([0xbb, 0xaa, 0xaa, 0xaa]);
    expect(vmm.munmap(mem)).toBe('ok');
    expect(vmm.load(mem, 0n)).toBe('SIGSEGV');
    balanced(host);
  });

  test('fault_overflow: an access beyond the file ends in SIGBUS, though it is mapped', () => {
    const mem = map(create(SHARED), 4n * SIZE);
    for (const offset of [SIZE, 4n * SIZE - PAGE_SIZE]) {
      expect(vmm.load(mem, offset)).toBe('SIGBUS');
      expect(vmm.store(mem, offset, 1)).toBe('SIGBUS');
    }
    expect(vmm.store(mem, SIZE - PAGE_SIZE, 1)).toBe('ok');
  });

  test('fault_private: without INIT_SHARED every access ends in SIGBUS', () => {
    const mem = map(create(MMAP));
    for (let page = 0n; page < PAGES; page++) {
      expect(vmm.load(mem, page * PAGE_SIZE)).toBe('SIGBUS');
      expect(vmm.store(mem, page * PAGE_SIZE, 1)).toBe('SIGBUS');
    }
  });

  test('mmap_cow and mmap_not_supported', () => {
    for (const flags of [MMAP, SHARED]) {
      host.boot();
      expect(vmm.mmap(create(flags), { length: SIZE, shared: false })).toBe('EINVAL');
    }
    const unmappable = create(0n);
    for (const shared of [true, false]) expect(vmm.mmap(unmappable, { length: SIZE, shared })).toBe('ENODEV');
  });

  test('collapse: advised, and refused, which leaves every folio as it is; what was dropped faults in again', () => {
    const mem = map(create(SHARED));
    for (let page = 0n; page < PAGES; page++) expect(vmm.load(mem, page * PAGE_SIZE)).toBe(0);
    const before = host.machine.holders();
    expect(vmm.madviseHugePages(mem, 'MADV_HUGEPAGE')).toBe('ok');
    expect(vmm.madviseHugePages(mem, 'MADV_COLLAPSE')).toBe('EINVAL');
    expect(host.machine.holders()).toEqual(before);
    vmm.store(mem, PAGE_SIZE, 0x55);
    expect(vmm.madviseDontneed(mem, 0n, SIZE)).toBe('ok');
    expect(vmm.load(mem, PAGE_SIZE)).toBe(0x55);
    balanced(host);
  });

  test.each(FLAGS)('file_size, flags %i', (flags) => {
    expect(create(flags).stat()).toEqual({ size: SIZE, blksize: PAGE_SIZE });
  });

  test.each(FLAGS)('fallocate, flags %i', (flags) => {
    const file = create(flags);
    const asked = (mode: number, offset: bigint, length: bigint) => vmm.fallocate(file, { mode, offset, length });
    expect(asked(KEEP, 0n, SIZE)).toBe('ok');
    expect(asked(PUNCH, PAGE_SIZE - 1n, PAGE_SIZE)).toBe('EINVAL');
    expect(asked(KEEP, PAGE_SIZE - 1n, PAGE_SIZE)).toBe('EINVAL');
    for (const offset of [SIZE, SIZE + PAGE_SIZE]) {
      expect(asked(KEEP, offset, PAGE_SIZE)).toBe('EINVAL');
      expect(asked(PUNCH, offset, PAGE_SIZE)).toBe('ok');
    }
    expect(asked(PUNCH, PAGE_SIZE, PAGE_SIZE - 1n)).toBe('EINVAL');
    expect(asked(PUNCH, PAGE_SIZE, PAGE_SIZE)).toBe('ok');
    expect(asked(KEEP, PAGE_SIZE, PAGE_SIZE)).toBe('ok');
    balanced(host);
  });

  test('and modes: only with KEEP_SIZE, and nothing but holes', () => {
    const file = create(SHARED);
    const [offset, length] = [0n, PAGE_SIZE];
    for (const mode of [0, FALLOC_FL_PUNCH_HOLE, KEEP | 0x10])
      expect(vmm.fallocate(file, { mode, offset, length })).toBe('EOPNOTSUPP');
    expect(vmm.fallocate(file, { mode: 0x10, offset: -1n, length })).toBe('EINVAL');
    expect(vmm.fallocate(file, { mode: PUNCH, offset, length: 0n })).toBe('EINVAL');
    expect(vmm.fallocate(file, { mode: PUNCH, offset: (1n << 63n) - PAGE_SIZE, length: PAGE_SIZE })).toBe('EFBIG');
  });

  test.each(FLAGS)('invalid_punch_hole, flags %i', (flags) => {
    const file = create(flags);
    const P = PAGE_SIZE;
    const testcases: readonly (readonly [bigint, bigint])[] = [
      [0n, 1n],
      [0n, P - 1n],
      [0n, P + 1n],
      [1n, 1n],
      [1n, P - 1n],
      [1n, P],
      [1n, P + 1n],
      [P, 1n],
      [P, P - 1n],
      [P, P + 1n],
    ];
    for (const [offset, length] of testcases)
      expect(vmm.fallocate(file, { mode: PUNCH, offset, length }), `${offset}+${length}`).toBe('EINVAL');
  });

  test('guest_memfd_guest: host and guest see what the other wrote', () => {
    const file = create(SHARED);
    const mem = map(file);
    const vcpu = host.thread('vcpu');
    expect(vm.setUserMemoryRegion2(vmm, 1, { gpa: 1n << 32n, size: SIZE, file, offset: 0n })).toBe('ok');
    expect(vmm.store(mem, 0n, 0xaa)).toBe('ok');
    expect(vcpu.guestLoad(vm, 1n << 32n)).toBe(0xaa);
    expect(vcpu.guestStore(vm, 1n << 32n, 0xff)).toBe('ok');
    expect(vmm.load(mem, 0n)).toBe(0xff);
    balanced(host);
  });

  test('memory slots: bound once, within the file, by its own VM; a deleted one is an exit to the program', () => {
    const file = create(SHARED);
    const region = { gpa: 0n, size: 2n * PAGE_SIZE, file, offset: 0n };
    expect(vm.setUserMemoryRegion2(vmm, 0, { ...region, offset: 1n })).toBe('EINVAL');
    expect(vm.setUserMemoryRegion2(vmm, 0, { ...region, offset: SIZE - PAGE_SIZE })).toBe('EINVAL');
    expect(host.createVm(kind).setUserMemoryRegion2(vmm, 0, region)).toBe('EINVAL');
    expect(vm.setUserMemoryRegion2(vmm, 0, region)).toBe('ok');
    // The guest's addresses are free, but the file's pages have a slot.
    expect(vm.setUserMemoryRegion2(vmm, 1, { ...region, gpa: SIZE, offset: PAGE_SIZE })).toBe('EEXIST');
    const vcpu = host.thread('vcpu');
    expect(vcpu.guestStore(vm, PAGE_SIZE, 7)).toBe('ok');
    expect(vm.setUserMemoryRegion2(vmm, 0, { ...region, size: 0n })).toBe('ok');
    expect(vcpu.guestLoad(vm, PAGE_SIZE)).toBe('MMIO');
    expect(vm.setUserMemoryRegion2(vmm, 2, { ...region, gpa: SIZE })).toBe('ok');
    expect(vcpu.guestLoad(vm, SIZE + PAGE_SIZE)).toBe(7);
    balanced(host);
  });

  test('close: the memory goes with the last reference to the file, save what somebody has pinned', () => {
    const file = create(SHARED);
    const mem = map(file);
    expect(vm.setUserMemoryRegion2(vmm, 0, { gpa: 0n, size: SIZE, file, offset: 0n })).toBe('ok');
    for (let page = 0n; page < PAGES; page++) vmm.store(mem, page * PAGE_SIZE, 1);
    const pin: PinHandle = got(vmm.pin(mem, 2n * PAGE_SIZE, 'vmsplice'));
    vmm.munmap(mem);
    expect(vmm.close(file)).toBe('ok');
    expect(host.thread('vcpu').guestLoad(vm, 0n)).toBe('MMIO');
    const held = () => [...host.machine.holders().values()].flatMap((holders) => holders.map(({ kind: of }) => of));
    expect(held()).toEqual(['gup']);
    vmm.unpin(pin);
    expect(held()).toEqual([]);
    // Its place is free for the next one, whose memory is clear.
    expect(vmm.load(map(create(SHARED)), 0n)).toBe(0);
  });
});

describe.each(PATCHES)('guest_memfd_conversions_test, $name', ({ name }) => {
  const host = hostWith(name);
  const drains = name !== 'baseline' && name !== 'local-drain';
  let vm: Vm;
  let vmm: Thread;
  let vcpu: Thread;
  let file: GuestMemfd;
  let mem: Mapping;
  beforeEach(() => {
    host.boot();
    vm = host.createVm({ hasPrivateMemory: true, inPlaceConversion: true });
    vmm = host.thread('vmm');
    vcpu = host.thread('vcpu');
  });
  /** A file that a slot at guest address 0 is bound to, and that the VMM maps. */
  const setup = (pages: bigint, flags: bigint): void => {
    const size = pages * PAGE_SIZE;
    file = got(vm.createGuestMemfd({ size, flags }));
    mem = got(vmm.mmap(file, { length: size, shared: true }));
    expect(vm.setUserMemoryRegion2(vmm, 0, { gpa: 0n, size, file, offset: 0n })).toBe('ok');
  };
  const at = (page: number): bigint => BigInt(page) * PAGE_SIZE;
  const ask = (start: number, pages: number, attributes: bigint) =>
    vmm.setMemoryAttributes2(file, { offset: at(start), size: at(pages), attributes, flags: 0n, reserved: [] });
  /** The selftest runs where nothing waits in batches long: with forms that do not drain, somebody else has to. */
  const toPrivate = (start: number, pages: number) => {
    if (!drains) vmm.call({ call: 'lru-add-drain-all' });
    return ask(start, pages, KVM_MEMORY_ATTRIBUTE_PRIVATE);
  };
  const toShared = (start: number, pages: number) => ask(start, pages, 0n);
  const isPrivate = (page: number, before: number, value: number): void => {
    expect([vmm.load(mem, at(page)), vmm.store(mem, at(page), 0x5a)]).toEqual(['SIGBUS', 'SIGBUS']);
    expect(vcpu.guestLoad(vm, at(page))).toBe(before);
    expect(vcpu.guestStore(vm, at(page), value)).toBe('ok');
  };
  const isShared = (page: number, before: number, host_: number, guest: number): void => {
    expect(vmm.load(mem, at(page))).toBe(before);
    expect(vmm.store(mem, at(page), host_)).toBe('ok');
    expect(vcpu.guestLoad(vm, at(page))).toBe(host_);
    expect(vcpu.guestStore(vm, at(page), guest)).toBe('ok');
    expect(vmm.load(mem, at(page))).toBe(guest);
  };
  const A = 0x41;
  const OK = { result: 'ok' };

  test('init_private', () => {
    setup(1n, MMAP);
    isPrivate(0, 0, A);
    expect(toShared(0, 1)).toEqual(OK);
    isShared(0, A, A + 1, A + 2);
    expect(toPrivate(0, 1)).toEqual(OK);
    isPrivate(0, A + 2, A + 3);
    balanced(host);
  });

  test('init_shared', () => {
    setup(1n, SHARED);
    isShared(0, 0, A, A + 1);
    expect(toPrivate(0, 1)).toEqual(OK);
    isPrivate(0, A + 1, A + 2);
    expect(toShared(0, 1)).toEqual(OK);
    isShared(0, A + 2, A + 3, A + 4);
    balanced(host);
  });

  test.each([0, 1, 2, 3])('indexing: only page %i changes', (page) => {
    setup(4n, SHARED);
    for (let i = 3; i >= 0; i--) isShared(i, 0, A + i, A + i);
    const others = [0, 1, 2, 3].filter((i) => i !== page);
    expect(toPrivate(page, 1)).toEqual(OK);
    for (const i of others) isShared(i, A + i, A + i, A + i);
    isPrivate(page, A + page, A + page);
    expect(toShared(page, 1)).toEqual(OK);
    for (let i = 0; i < 4; i++) isShared(i, A + i, A + i, A + i);
    balanced(host);
  });

  test('before_allocation_shared: what is not allocated is converted, too', () => {
    setup(1n, SHARED);
    expect(toPrivate(0, 1)).toEqual(OK);
    isPrivate(0, 0, A);
  });

  test('before_allocation_private', () => {
    setup(1n, MMAP);
    expect(toShared(0, 1)).toEqual(OK);
    isShared(0, 0, A, A + 1);
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7])(
    'unallocated_folios: page %i and page 4 are there, holes do not matter',
    (page) => {
      setup(8n, SHARED);
      isShared(page, 0, A, A);
      if (page !== 4) isShared(4, 0, A, A);
      expect(toPrivate(0, 8)).toEqual(OK);
      expect(file.attributes()).toEqual([{ start: 0, pages: 8, private: true }]);
      for (let i = 0; i < 8; i++) {
        const before = i === page || i === 4 ? A : 0;
        isPrivate(i, before, before);
        expect(toShared(i, 1)).toEqual(OK);
        expect(file.attributes()).toHaveLength(i === 7 ? 1 : 2);
        isShared(i, before, A, A);
      }
      balanced(host);
    },
  );

  test('truncate: a hole leaves the attribute, and zeros', () => {
    setup(1n, SHARED);
    const punch = () => vmm.fallocate(file, { mode: PUNCH, offset: 0n, length: PAGE_SIZE });
    isShared(0, 0, A, A);
    expect(punch()).toBe('ok');
    isShared(0, 0, A, A);
    expect(toPrivate(0, 1)).toEqual(OK);
    isPrivate(0, A, A + 1);
    expect(punch()).toBe('ok');
    isPrivate(0, 0, A);
    balanced(host);
  });

  test('forked_accesses: a conversion takes the page from all processes', () => {
    setup(1n, SHARED);
    const child = host.thread('child');
    expect(vmm.fork(1)).toBe('ok');
    expect(child.store(mem, 0n, A)).toBe('ok');
    isShared(0, A, A, A);
    expect(toPrivate(0, 1)).toEqual(OK);
    expect([child.load(mem, 0n), child.store(mem, 0n, 1)]).toEqual(['SIGBUS', 'SIGBUS']);
    isPrivate(0, A, A);
    expect(toShared(0, 1)).toEqual(OK);
    expect(child.load(mem, 0n)).toBe(A);
    balanced(host);
  });

  describe.each(['vmsplice', 'pin-user-pages', 'pin-longterm'] as const)('elevated_refcount by %s', (how) => {
    test.each([0, 1, 2, 3])('of page %i', (page) => {
      setup(4n, SHARED);
      for (let i = 0; i < 4; i++) isShared(i, 0, A, A);
      const pin: PinHandle = got(vmm.pin(mem, at(page), how));
      const refused = { result: 'EAGAIN', errorOffset: at(page) };
      expect(toPrivate(0, 4)).toEqual(refused);
      expect(file.attributes()).toEqual([{ start: 0, pages: 4, private: false }]);
      for (let i = 0; i < 4; i++) expect(toPrivate(i, 1)).toEqual(i === page ? refused : OK);
      vmm.unpin(pin);
      expect(toPrivate(0, 4)).toEqual(OK);
      for (let i = 0; i < 4; i++) isPrivate(i, A, A);
      balanced(host);
    });
  });

  test('private_mem_conversions: slots over the file, converted with and without holes punched, more than once', () => {
    const size = 8n * PAGE_SIZE;
    file = got(vm.createGuestMemfd({ size, flags: SHARED }));
    mem = got(vmm.mmap(file, { length: size, shared: true }));
    // Two slots; the guest sees the second half first.
    const half = size / 2n;
    expect(vm.setUserMemoryRegion2(vmm, 0, { gpa: half, size: half, file, offset: 0n })).toBe('ok');
    expect(vm.setUserMemoryRegion2(vmm, 1, { gpa: 0n, size: half, file, offset: half })).toBe('ok');
    const gpaOf = (page: number): bigint => at((page + 4) % 8);
    for (const punching of [false, true])
      for (const [start, pages] of [
        [0, 8],
        [1, 1],
        [2, 5],
        [3, 2],
      ] as const) {
        for (let i = start; i < start + pages; i++) expect(vmm.store(mem, at(i), A + i)).toBe('ok');
        expect(toPrivate(start, pages)).toEqual(OK);
        for (let i = start; i < start + pages; i++) {
          expect(vmm.load(mem, at(i))).toBe('SIGBUS');
          expect(vcpu.guestLoad(vm, gpaOf(i))).toBe(A + i);
          expect(vcpu.guestStore(vm, gpaOf(i), i)).toBe('ok');
        }
        const range = { offset: at(start), length: at(pages) };
        if (punching) expect(vmm.fallocate(file, { mode: PUNCH, ...range })).toBe('ok');
        expect(toShared(start, pages)).toEqual(OK);
        for (let i = start; i < start + pages; i++) expect(vmm.load(mem, at(i))).toBe(punching ? 0 : i);
      }
    balanced(host);
  });

  test('private_mem_kvm_exits: a deleted slot is MMIO, also for what was private', () => {
    setup(1n, MMAP);
    isPrivate(0, 0, A);
    expect(vm.setUserMemoryRegion2(vmm, 0, { gpa: 0n, size: 0n, file, offset: 0n })).toBe('ok');
    expect(vcpu.guestLoad(vm, 0n)).toBe('MMIO');
  });

  test('an access of the other kind is an exit to the program', () => {
    setup(1n, MMAP);
    expect(vcpu.call({ call: 'guest-load', inode: file.inode, index: 0, private: false })).toBe('EFAULT');
  });

  test('no memory for the attributes: ENOMEM, error_offset is the start, and nothing else has happened', () => {
    setup(4n, SHARED);
    isShared(1, 0, A, A);
    const argument = { offset: at(1), size: at(2), attributes: 8n, flags: 0n, reserved: [] };
    const before = host.machine.holders();
    expect(vmm.setMemoryAttributes2(file, argument, { outOfMemory: true })).toEqual({
      result: 'ENOMEM',
      errorOffset: PAGE_SIZE,
    });
    expect(host.machine.holders()).toEqual(before);
    expect(file.attributes()).toEqual([{ start: 0, pages: 4, private: false }]);
    // Where the range is as it is to be, no memory is needed; and another call's result names no page.
    expect(vmm.setMemoryAttributes2(file, { ...argument, attributes: 0n }, { outOfMemory: true })).toEqual(OK);
  });

  test('attributes are kept as whole ranges that are merged', () => {
    setup(8n, SHARED);
    expect([toPrivate(2, 2), toPrivate(5, 1)]).toEqual([OK, OK]);
    expect(file.attributes().map((range) => [range.start, range.pages, range.private])).toEqual([
      [0, 2, false],
      [2, 2, true],
      [4, 1, false],
      [5, 1, true],
      [6, 2, false],
    ]);
    expect(toPrivate(4, 1)).toEqual(OK);
    expect(file.attributes().map(({ start, pages }) => [start, pages])).toEqual([
      [0, 2],
      [2, 4],
      [6, 2],
    ]);
    expect(toShared(0, 8)).toEqual(OK);
    expect(file.attributes()).toEqual([{ start: 0, pages: 8, private: false }]);
  });

  test('without the module parameter, or of a VM without private memory, there is no conversion', () => {
    const argument = { offset: 0n, size: PAGE_SIZE, attributes: 8n, flags: 0n, reserved: [] };
    for (const [hasPrivateMemory, inPlaceConversion, result] of [
      [true, false, 'ENOTTY'],
      [false, true, 'EINVAL'],
    ] as const) {
      const other = host.createVm({ hasPrivateMemory, inPlaceConversion });
      const made: GuestMemfd = got(other.createGuestMemfd({ size: PAGE_SIZE, flags: MMAP }));
      expect(vmm.setMemoryAttributes2(made, argument)).toEqual({ result });
    }
  });

  test('populate: a launch fills private pages from a shared one of the same file', () => {
    setup(2n, SHARED);
    isShared(0, 0, A, A);
    expect(vmm.populate(file, at(1), mem, at(0))).toBe('EINVAL');
    expect(toPrivate(1, 1)).toEqual(OK);
    expect(vmm.populate(file, at(1), mem, at(0))).toBe('ok');
    isPrivate(1, A, A);
    expect(vmm.populate(file, at(1), mem, at(1))).toBe('EFAULT');
    balanced(host);
  });
});
