// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import {
  added,
  deleted,
  inserted,
  ioctl,
  made,
  returned,
  settled,
  summaryOf,
} from '../../test/support/kernel-events.ts';
import type { KernelEvent } from '../ledger/index.ts';
import { PATCHES } from '../machine/index.ts';
import type { MomentAnswer } from './answer.ts';
import { Explainer } from './explainer.ts';

const CONVERT = 0xc080aed2n;
/** One folio that was inserted, on the only CPU: all that stock events show is that a conversion is safe. */
const INSERTED = [...made({ at: 2 }), added({ index: 0, pfn: 1 }, { at: 10 }), inserted(1, { at: 20 })];
const call = (at: number, result: number): readonly KernelEvent[] => [
  ioctl(CONVERT, { at }),
  returned(result, { at: at + 5 }),
];

function atTheEnd(events: readonly KernelEvent[]): MomentAnswer | undefined {
  const explainer = new Explainer({ moments: [{ kind: 'end' }], patches: PATCHES });
  explainer.events(settled(events));
  return explainer.answer(summaryOf(events)).moments[0];
}

test('where only stock events are, a safe verdict is safe but for other references', () => {
  expect(atTheEnd(INSERTED)).toMatchObject({
    baseline: { verdict: 'safe' },
    strength: 'derived',
    unseen: { what: 'unrecorded references' },
  });
});

test('pages that are not there are held by nobody', () => {
  const gone = deleted({ index: 0, pfn: 1 }, { at: 30 });
  expect(atTheEnd([...INSERTED, gone])).toMatchObject({ folios: [], strength: 'derived', unseen: undefined });
});

test('what refused a call unseen may still be there', () => {
  expect(atTheEnd([...INSERTED, ...call(100, -11)])).toMatchObject({
    baseline: { verdict: 'safe' },
    strength: 'unknown',
    unseen: { what: 'refused call', at: 100n },
  });
});

test('until a call on that file succeeds', () => {
  const moment = atTheEnd([...INSERTED, ...call(100, -11), ...call(200, 0)]);
  expect(moment).toMatchObject({ strength: 'derived', unseen: { what: 'unrecorded references' } });
});

test('a refusal that a batch explains leaves nothing open', () => {
  const events = [
    ...made({ at: 2 }),
    added({ index: 0, pfn: 1 }, { at: 10, cpu: 1 }),
    ...call(100, -11),
    inserted(1, { at: 200, cpu: 1 }),
  ];
  expect(atTheEnd(events)).toMatchObject({ baseline: { verdict: 'safe' }, strength: 'derived' });
});

test('any other error leaves nothing open', () => {
  expect(atTheEnd([...INSERTED, ...call(100, -22)])).toMatchObject({ strength: 'derived' });
});
