// SPDX-License-Identifier: MIT
export { zstdPacker } from './compress.ts';
export { Cpus } from './cpus.ts';
export { type DemoAnswer, MARKER_VARIABLE, runDemo } from './demo.ts';
export { type CheckAnswer, type CommandAbility, diagnose, type Diagnosis, listChecks } from './doctor.ts';
export { type InspectedInode, type Inspection, Inspector } from './inspect.ts';
export { type ConversionResult, GuestMemory, Vm } from './kvm.ts';
export { loadNative, type Native } from './native.ts';
export { type MappedPage, PageReader } from './pages.ts';
export { type Probe, runProbe } from './probe.ts';
export { CommandError, record, type RecordAnswer } from './record.ts';
export { EVENT_SETS, type EventSet } from './recorder.ts';
export { UnavailableError } from './unavailable.ts';
