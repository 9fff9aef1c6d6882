// SPDX-License-Identifier: MIT
// Every recording of a real kernel in the repository is a behaviour of the model, with the kernel's release and the form of
// the check that it was made with; and with a wrong form, a wrong kernel or a mistake in the model's text it is not.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MODEL_MUTANTS, mutatedPatch } from '../bench/conform-mutants.ts';
import { type Conformance, type ConformQuestion, conformTrace } from '../src/conform/index.ts';
import { type Patch, patchNamed, type Profile, PROFILES } from '../src/machine/index.ts';
import { memorySource } from '../src/trace/index.ts';

const conform = (path: string, question: ConformQuestion = {}): Promise<Conformance> =>
  conformTrace(memorySource(path, new Uint8Array(readFileSync(new URL(path, import.meta.url)))), question);
const profileNamed = (name: string): Profile => {
  const found = PROFILES.find((profile) => profile.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};
const filesIn = (folder: string, wanted: RegExp): readonly string[] =>
  readdirSync(new URL(folder, import.meta.url))
    .filter((name) => wanted.test(name))
    .map((name) => `${folder}${name}`);

/** The form of the check that a recording was made with: `s2_n31.v8.txt`. */
const formOf = (path: string): Patch => patchNamed(path.split('/').at(-1)?.split('.')[1] ?? '');
const lab = [
  // A few recordings of lab/ are cut to their conversions.
  ...filesIn('lab/', /^(?!.*pageref).*\.txt$/),
  ...filesIn('recordings/', /^s\d+_\w+\..*\.txt(?:\.gz)?$/),
];

test.each(lab)('%s: with the form it was made with, on linux-7.3', async (path) => {
  const { verdict, divergence, matched } = await conform(path, {
    profile: profileNamed('linux-7.3'),
    patches: [formOf(path)],
  });
  expect({ verdict, divergence }).toEqual({ verdict: 'conforms', divergence: undefined });
  expect(matched).toBeGreaterThan(0);
});

test.each([
  ...['two-cpu', 'punch', 'single', 'random-1', 'random-2', 'random-3'].map((name) => `recordings/${name}.dat`),
  ...['fallocate', 'mlock', 'noisy'].map((name) => `recordings/${name}.txt.gz`),
  'recordings/t_lossy.dat',
  ...filesIn('wild/', /\.txt\.gz$/).filter((path) => !path.includes('uptime')),
])('%s: on linux-6.18', async (path) => {
  const { verdict, divergence, matched } = await conform(path, { profile: profileNamed('linux-6.18') });
  expect({ verdict, divergence }).toEqual({ verdict: 'conforms', divergence: undefined });
  expect(matched).toBeGreaterThan(0);
});

test('a clock that counts does not order the events of two CPUs', async () => {
  const { verdict, because } = await conform('wild/23.uptime.txt.gz', { profile: profileNamed('linux-6.18') });
  expect([verdict, because]).toEqual([
    'undecided',
    'its clock counts, so the order of events of two CPUs is not known',
  ]);
});

test('all page_ref events are matched, with their counts', async () => {
  const { kinds } = await conform('recordings/s4_vmsplice.v8.pageref.txt', { patches: [patchNamed('v8')] });
  const references = kinds.find(({ kind }) => kind === 'reference');
  expect(references?.matched).toBe(references?.consumed);
  expect(references?.matched).toBeGreaterThan(100);
});

test('what the check did tells its form', async () => {
  expect((await conform('lab/s2_othercpu.baseline.txt')).forms).toEqual(['baseline', 'local-drain']);
  expect((await conform('lab/s2_othercpu.v8.txt')).forms).toEqual(['v6', 'v8', 'drain-for-folio']);
});

test.each([
  ['batch-of-30', 'lab/s2_n31.v8.txt', 'linux-7.3'],
  ['newest-first', 'lab/s2_n31.v8.txt', 'linux-7.3'],
  ['reference-dropped-at-insertion', 'recordings/s2_othercpu.v8.pageref.txt', 'linux-7.3'],
  ['flush-inserts-the-dead', 'lab/s8_punch.v8.txt', 'linux-7.3'],
  ['batch-of-32', 'recordings/fallocate.txt.gz', 'linux-6.18'],
])('%s: %s is no behaviour of the mutated model', async (name, path, profileName) => {
  const mutant = MODEL_MUTANTS.find((one) => one.name === name);
  if (mutant === undefined) throw new Error(name);
  const profile = { ...profileNamed(profileName), ...mutant.profile };
  const { verdict, divergence } = await conform(path, { profile, patches: [mutatedPatch(patchNamed('v8'), mutant)] });
  expect(verdict).toBe('diverges');
  expect(divergence?.allowed).not.toBe('');
  expect(divergence?.guard).not.toBe('');
});
