// SPDX-License-Identifier: MIT
// An experiment that may end its process by a signal: `doctor` runs this file in a child process.
import { type Probe, runProbe } from '../live/index.ts';
import { reportFailure } from './failure.ts';

const PROBES: readonly Probe[] = ['private-page'];

try {
  for (const probe of PROBES.filter((name) => name === process.argv[2])) await runProbe(probe);
} catch (error) {
  process.exitCode = reportFailure(error);
}
