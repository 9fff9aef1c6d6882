// SPDX-License-Identifier: MIT
import type { PeerVariant } from '../peer/index.ts';
import type { Options } from './check-options.ts';
import type { Asked } from './check-asked.ts';
import { UsageError } from './failure.ts';

/**
 * The question of a file about the peer protocol; no other part of the command line knows this protocol. @throws InputError,
 * UsageError
 */
export async function peerIn(file: string, text: string, { cpus, folios, patch }: Options): Promise<Asked> {
  const { checkingPeer, parsePeerQuestion, PEER_VARIANTS } = await import('../peer/index.ts');
  const question = parsePeerQuestion(file, text);
  const subject = { ...question, cpus: cpus ?? question.cpus, folios: folios ?? question.folios };
  const variantNamed = (word: string): PeerVariant => {
    const variant = PEER_VARIANTS.find((name) => name === word);
    if (variant !== undefined) return variant;
    throw new UsageError(`the peer protocol has no form '${word}', expected ${PEER_VARIANTS.join(', ')}`);
  };
  return {
    subject,
    forms: () =>
      (patch?.map(({ word }) => variantNamed(word)) ?? PEER_VARIANTS).map((variant) => ({
        name: variant,
        files: [file],
        checking: (search) => checkingPeer(subject, { ...search, variant }),
      })),
  };
}
