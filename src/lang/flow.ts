// SPDX-License-Identifier: MIT
import type { Body, Effect, Step } from './body.ts';
import type { Expr } from './expression.ts';

/** A text as a graph: steps, where a task can rest, and what it does on its own between two of them. */
export type FlowNode =
  | { readonly kind: 'step'; readonly step: Step; readonly pc: number; readonly next: number }
  | { readonly kind: 'local'; readonly effects: readonly Effect[]; readonly next: number }
  | { readonly kind: 'branch'; readonly if: Expr; readonly then: number; readonly else: number }
  | { readonly kind: 'goto'; next: number }
  | { readonly kind: 'done' };

export interface Flow {
  readonly nodes: readonly FlowNode[];
  readonly entry: number;
  /** The node of each step, by pc. */
  readonly steps: readonly number[];
}

/** Lowers a text. Steps are numbered from the entry on. */
export function lower(body: readonly Body[]): Flow {
  const nodes: FlowNode[] = [];
  const add = (node: FlowNode): number => nodes.push(node) - 1;
  const exits = new Map<number, number>();
  const agains = new Map<number, number>();

  const lowerAll = (parts: readonly Body[], next: number): number =>
    parts.reduceRight((after, part) => lowerOne(part, after), next);

  const lowerOne = (part: Body, next: number): number => {
    switch (part.kind) {
      case 'step':
        return add({ kind: 'step', step: part.step, pc: -1, next });
      case 'local':
        return add({ kind: 'local', effects: part.effects, next });
      case 'if':
        return add({ kind: 'branch', if: part.if, then: lowerAll(part.then, next), else: lowerAll(part.else, next) });
      case 'block':
        exits.set(part.label, next);
        return lowerAll(part.body, next);
      case 'loop': {
        const head: FlowNode = { kind: 'goto', next: -1 };
        const start = add(head);
        agains.set(part.label, start);
        head.next = lowerAll(part.body, start);
        return start;
      }
      case 'exit':
        return known(exits.get(part.label), 'exit');
      case 'again':
        return known(agains.get(part.label), 'again');
    }
  };

  const done = add({ kind: 'done' });
  const entry = lowerAll(body, done);
  return number({ nodes, entry, steps: [] });
}

function known(target: number | undefined, what: string): number {
  if (target === undefined) throw new Error(`'${what}' leads nowhere`);
  return target;
}

/** Numbers the reachable steps, the first ones first. */
function number(flow: Flow): Flow {
  const nodes = [...flow.nodes];
  const steps: number[] = [];
  const seen = new Set<number>();
  const visit = (id: number): void => {
    if (seen.has(id)) return;
    seen.add(id);
    const node = nodeAt(nodes, id);
    if (node.kind === 'step') {
      nodes[id] = { ...node, pc: steps.length };
      steps.push(id);
    }
    for (const next of nextOf(node)) visit(next);
  };
  visit(flow.entry);
  return { nodes, entry: flow.entry, steps };
}

export function nodeAt(nodes: readonly FlowNode[], id: number): FlowNode {
  const node = nodes[id];
  if (node === undefined) throw new Error(`no flow node ${id}`);
  return node;
}

/** Where the flow can go from a node. */
export function nextOf(node: FlowNode): readonly number[] {
  switch (node.kind) {
    case 'step':
    case 'local':
    case 'goto':
      return [node.next];
    case 'branch':
      return [node.then, node.else];
    case 'done':
      return [];
  }
}
