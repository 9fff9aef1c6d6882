// SPDX-License-Identifier: MIT
import type { MomentAnswer } from '../explain/index.ts';
import { foldNumbers, type Ledger, type Verdict } from '../ledger/index.ts';
import { timeText } from './clock-text.ts';
import { othersPhrase } from './explain-evidence.ts';
import { whenPhrase } from './explain-names.ts';
import { wrap } from './flow.ts';

/** `refused at 74`, `safe`, `undecided`. */
function verdictPhrase(verdict: Verdict): string {
  switch (verdict.verdict) {
    case 'safe':
      return 'safe';
    case 'refused':
      return `refused at ${verdict.index}`;
    case 'undecided':
      return 'undecided';
  }
}

/** `refused at 93: baseline, local-drain; safe: v6, v8`. */
function verdictsByPhrase<Key>(verdicts: ReadonlyMap<Key, Verdict>, name: (keys: readonly Key[]) => string): string {
  const groups = new Map<string, Key[]>();
  for (const [key, verdict] of verdicts) {
    const phrase = verdictPhrase(verdict);
    const group = groups.get(phrase);
    if (group === undefined) groups.set(phrase, [key]);
    else group.push(key);
  }
  return [...groups].map(([phrase, keys]) => `${phrase}: ${name(keys)}`).join('; ');
}

/** Indexes that wait in each CPU's batch, by rising CPU; certain or possible ones. */
function waitingByCpu(folios: Ledger, sure: boolean): ReadonlyMap<number, readonly number[]> {
  const indexes = new Map<number, number[]>();
  for (const { index, strength, holders } of folios)
    for (const { kind, cpu } of holders)
      if (kind === 'lru-add-batch' && cpu !== undefined && (strength !== 'unknown') === sure)
        indexes.set(cpu, [...(indexes.get(cpu) ?? []), index]);
  return new Map([...indexes].toSorted(([a], [b]) => a - b));
}

/** `CPU 0: 13 (74-98 step 2)`, or the text for "none waits". */
function waitingPhrase(moment: MomentAnswer): string {
  const { notable: folios, unsettled, count, staleCount, goneNotable } = moment;
  const list = (sure: boolean): string =>
    [...waitingByCpu(folios, sure)]
      .map(([cpu, indexes]) => `CPU ${cpu}: ${indexes.length} (${foldNumbers(indexes)})`)
      .join('; ');
  const [waits, mayWait] = [list(true), list(false)];
  const others = otherHoldersPhrase(folios);
  const unclear = folios.filter(
    ({ index, strength, holders }) =>
      strength === 'unknown' && !goneNotable.has(index) && !holders.some(({ kind }) => kind === 'lru-add-batch'),
  );
  const gone =
    staleCount === 0
      ? ''
      : `not known whether still there: ${staleCount === count ? 'all of them' : `${staleCount} of them`}`;
  return [
    waits === '' ? '' : `in lru_add batches of ${waits}`,
    mayWait === '' ? '' : `not known whether still in batches of ${mayWait}`,
    others === '' ? '' : `held by ${others}`,
    unclear.length === 0 && unsettled.length === 0
      ? ''
      : `not known whether in a batch (again): ${[
          ...unsettled.map(({ from, to }) => (to - from === 1 ? String(from) : `${from}-${to - 1}`)),
          ...(unclear.length === 0 ? [] : [foldNumbers(unclear.map(({ index }) => index))]),
        ].join(', ')}`,
    gone,
  ]
    .filter((part) => part !== '')
    .join('; ');
}

/** `1 gup ('vmm') on 5, 8-9`: other holders of folios, and the folios. */
function otherHoldersPhrase(folios: Ledger): string {
  const indexes = new Map<string, number[]>();
  for (const folio of folios) {
    const phrase = othersPhrase(folio);
    if (phrase !== '') indexes.set(phrase, [...(indexes.get(phrase) ?? []), folio.index]);
  }
  return [...indexes].map(([phrase, on]) => `${phrase} on ${foldNumbers(on)}`).join('; ');
}

/** The text of a moment, without its time. */
function describe(moment: MomentAnswer): string[] {
  const { verdicts, localDrainByCpu, cpu, unseen } = moment;
  const count = `${moment.count} ${moment.count === 1 ? 'folio' : 'folios'}`;
  const waiting = waitingPhrase(moment);
  const lines = wrap(`${count}${waiting === '' ? ', none in a batch' : `, ${waiting}`}`, '    ', '      ');
  lines.push(
    ...wrap(
      verdictsByPhrase(verdicts, (names) => names.join(', ')),
      '    ',
      '      ',
    ),
  );
  const own = verdicts.get('local-drain');
  const elsewhere = [...(localDrainByCpu ?? [])].filter(
    ([other, verdict]) => other !== cpu && own !== undefined && verdictPhrase(verdict) !== verdictPhrase(own),
  );
  if (elsewhere.length > 0) {
    const phrase = verdictsByPhrase(new Map(elsewhere), (cpus) => `local-drain on CPU ${foldNumbers(cpus)}`);
    lines.push(...wrap(phrase, '    ', '      '));
  }
  const undecided = [...verdicts.values(), moment.baseline].find(({ verdict }) => verdict === 'undecided');
  if (undecided?.verdict === 'undecided') lines.push(...wrap(undecided.reason, '    ', '      '));
  if (unseen?.what === 'refused call')
    lines.push(
      ...wrap(`no event shows whether what refused the call at ${timeText(unseen.at)} is gone`, '    ', '      '),
    );
  return lines;
}

/** Equal neighbouring moments share one line, at most this many of them in a row. */
const MOST_ALIKE = 3;

export const isOnOneCpu = (moments: readonly MomentAnswer[]): boolean =>
  new Set(moments.map(({ cpu }) => cpu)).size <= 1;

/** Every moment of one inode: time, number of folios, batches, answer of each form of the check. */
export function momentLines(moments: readonly MomentAnswer[]): string[] {
  const onOneCpu = isOnOneCpu(moments);
  const lines: string[] = [];
  let before = '';
  let alike: MomentAnswer[] = [];
  const tellAlike = (): void => {
    const shown = alike.length <= MOST_ALIKE ? alike : alike.slice(-1);
    if (shown.length < alike.length) lines.push(`  ${alike.length - 1} more moments as before`);
    for (const moment of shown) lines.push(...wrap(`${whenPhrase(moment)}: as before`, '  ', '    '));
    alike = [];
  };
  for (const moment of moments) {
    const description = describe(moment);
    const said = description.join('\n');
    if (said === before) {
      alike.push(moment);
      continue;
    }
    tellAlike();
    const where = onOneCpu ? '' : `, on CPU ${moment.cpu}`;
    lines.push(...wrap(`${whenPhrase(moment)}${where}:`, '  ', '    '), ...description);
    before = said;
  }
  tellAlike();
  return lines;
}
