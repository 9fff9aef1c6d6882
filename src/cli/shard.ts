// SPDX-License-Identifier: MIT
import { InvalidArgumentError } from 'commander';

/** A part of the scenario files of `check --all`: every file whose position modulo `of` is `number` - 1. */
export interface Shard {
  /** From 1 on. */
  readonly number: number;
  readonly of: number;
}

const MOST_SHARDS = 1000;
/** Kubernetes sets it in the pods of an Indexed Job: 0, 1, ... */
const INDEX = 'JOB_COMPLETION_INDEX';

/** `I/N`, I from 1 to N; or `job/N`, which takes the index of a Kubernetes Indexed Job. */
export function shardOf(text: string): Shard {
  const [, own = '', all = ''] = /^(\d{1,4}|job)\/(\d{1,4})$/.exec(text) ?? [];
  const of = Number(all);
  const index = process.env[INDEX] ?? '';
  if (own === 'job' && !/^\d{1,4}$/.test(index))
    throw new InvalidArgumentError(`${INDEX} is not set to a number, expected a pod of an Indexed Job, or I/N.`);
  const number = own === 'job' ? Number(index) + 1 : Number(own);
  if (number < 1 || number > of || of > MOST_SHARDS)
    throw new InvalidArgumentError(`Expected I/N or job/N, with I from 1 to N and N up to ${MOST_SHARDS}.`);
  return { number, of };
}

export const isOfShard = (place: number, { number, of }: Shard): boolean => place % of === number - 1;
