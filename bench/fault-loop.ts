// SPDX-License-Identifier: MIT
// A loop of page faults on a guest_memfd, on one CPU: for each line on standard input a measurement, nanoseconds a fault.
import { createInterface } from 'node:readline';
import { Cpus } from '../src/live/cpus.ts';
import { GuestMemory, Vm } from '../src/live/kvm.ts';
import { loadNative } from '../src/live/native.ts';

const PAGES = 256;
const ROUNDS = 40;

const native = await loadNative();
const vm = new Vm(native);
const memory = new GuestMemory(native, vm, PAGES, 3n);
const cpus = new Cpus(native);
cpus.moveTo(cpus.allowed.at(-1) ?? 0);

for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'end') break;
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    memory.punch(0, PAGES);
    const began = process.hrtime.bigint();
    memory.touch(0, PAGES);
    best = Math.min(best, Number(process.hrtime.bigint() - began) / PAGES);
  }
  console.log(best.toFixed(1));
}
memory.close();
vm.close();
