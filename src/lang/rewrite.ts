// SPDX-License-Identifier: MIT
import type { Body, Step } from './body.ts';
import { lower } from './flow.ts';
import { liveness } from './liveness.ts';
import type { Program } from './program.ts';

/**
 * The program with every step as `change` returns it: for mutants, which show that a property notices when
 * a step of the text is forgotten or does not wait.
 */
export function rewriteSteps(program: Program, change: (step: Step) => Step): Program {
  const codes = program.codes.map((code) => {
    const body = rewriteBody(code.body, change);
    const flow = lower(body);
    return { ...code, body, flow, live: liveness(flow) };
  });
  return { ...program, codes };
}

function rewriteBody(body: readonly Body[], change: (step: Step) => Step): readonly Body[] {
  return body.map((part): Body => {
    switch (part.kind) {
      case 'step':
        return { kind: 'step', step: change(part.step) };
      case 'if':
        return { ...part, then: rewriteBody(part.then, change), else: rewriteBody(part.else, change) };
      case 'either':
        return { ...part, options: part.options.map((option) => rewriteBody(option, change)) };
      case 'loop':
      case 'block':
        return { ...part, body: rewriteBody(part.body, change) };
      case 'local':
      case 'exit':
      case 'again':
        return part;
    }
  });
}
