// SPDX-License-Identifier: MIT

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Cleans up when a signal ends the process. @returns what takes the cleaning back. The event loop must turn for it
 * ({@link withTurns}).
 */
export function atSignal(clean: () => void): () => void {
  const interrupt = (signal: NodeJS.Signals): void => {
    clean();
    // The second time nothing listens, and the signal acts as usual.
    process.kill(process.pid, signal);
  };
  for (const signal of SIGNALS) process.once(signal, interrupt);
  return () => {
    for (const signal of SIGNALS) process.off(signal, interrupt);
  };
}
