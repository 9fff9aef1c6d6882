// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { StuckError, Watchdog } from './watchdog.ts';

/** A clock that somebody turns by hand. */
class Clock {
  #listener: (() => void) | undefined;
  readonly everySecond = (listener: () => void): (() => void) => {
    this.#listener = listener;
    return () => {
      this.#listener = undefined;
    };
  };

  get isStopped(): boolean {
    return this.#listener === undefined;
  }

  pass(seconds: number): void {
    for (let i = 0; i < seconds; i++) this.#listener?.();
  }
}

const never = async (): Promise<never> => new Promise(() => {});

/** Of two threads that have begun. */
const begun = (): Int32Array => Int32Array.from({ length: 64 }, (_, word) => (word % 32 === 0 ? 1 : 0));

test('threads that give no sign of life for two minutes are given up', async () => {
  const [clock, pulse] = [new Clock(), begun()];
  const watchdog = new Watchdog(pulse, undefined, clock.everySecond);
  const watched = watchdog.watching(never());
  clock.pass(119);
  pulse[32] = 2;
  clock.pass(120);
  await expect(Promise.race([watched, Promise.resolve('still watched')])).resolves.toBe('still watched');
  clock.pass(1);
  await expect(watched).rejects.toThrow(StuckError);
  await expect(watched).rejects.toThrow('have not worked for 120 s');
});

test('until every thread has begun they have a quarter of an hour', async () => {
  const [clock, pulse] = [new Clock(), begun()];
  pulse[0] = 0;
  const watched = new Watchdog(pulse, undefined, clock.everySecond).watching(never());
  clock.pass(899);
  await expect(Promise.race([watched, Promise.resolve('still watched')])).resolves.toBe('still watched');
  clock.pass(1);
  await expect(watched).rejects.toThrow('have not worked for 900 s');
});

test('where somebody interrupts, they are given up after seconds, and only if they do not work', async () => {
  const [clock, pulse] = [new Clock(), begun()];
  let isInterrupted = false;
  const watchdog = new Watchdog(pulse, () => isInterrupted, clock.everySecond);
  const watched = watchdog.watching(never());
  isInterrupted = true;
  for (let i = 0; i < 10; i++) {
    clock.pass(2);
    pulse[0] = i + 2;
  }
  clock.pass(3);
  await expect(Promise.race([watched, Promise.resolve('still watched')])).resolves.toBe('still watched');
  clock.pass(1);
  await expect(watched).resolves.toBe('interrupted');
});

test('what is done in time is handed on, and between two works nobody is given up', async () => {
  const clock = new Clock();
  const watchdog = new Watchdog(new Int32Array(32), undefined, clock.everySecond);
  await expect(watchdog.watching(Promise.resolve(7))).resolves.toBe(7);
  clock.pass(500);
  await expect(watchdog.watching(Promise.resolve(8))).resolves.toBe(8);
  await expect(watchdog.watching(Promise.reject(new Error('dead')))).rejects.toThrow('dead');
  watchdog.stop();
  expect(clock.isStopped).toBe(true);
});
