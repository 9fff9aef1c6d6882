// SPDX-License-Identifier: MIT
import type { Body, Choice, Claim, OwnText, Step } from '../text/body.ts';
import type { Expr } from '../text/expr.ts';

/** A text as a graph: steps, where a task can rest, and the task's own work between two of them. */
export type FlowNode =
  | { readonly kind: 'step'; readonly step: Step; readonly pc: number; readonly next: number }
  /** A rest at which any of several steps may be taken; these are the steps' nodes. */
  | { readonly kind: 'either'; readonly choice: Choice; readonly pc: number; readonly options: readonly number[] }
  | (OwnText & { readonly next: number })
  | { readonly kind: 'branch'; readonly if: Expr; readonly then: number; readonly else: number }
  | { readonly kind: 'goto'; next: number }
  | { readonly kind: 'done' };

export interface Flow {
  readonly nodes: readonly FlowNode[];
  readonly entry: number;
  /** The node of each place where a task can rest, a step or a choice of steps, by pc. */
  readonly steps: readonly number[];
  /** Largest number of options at a place; 1 in a text without `either`. */
  readonly mostOptions: number;
}

/** A step of a flow. */
export type StepNode = Extract<FlowNode, { kind: 'step' }>;

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
        return add({ ...part, next });
      case 'if':
        return add({ kind: 'branch', if: part.if, then: lowerAll(part.then, next), else: lowerAll(part.else, next) });
      case 'either':
        return add({
          kind: 'either',
          choice: part,
          pc: -1,
          options: part.options.map((option) => lowerAll(option, next)),
        });
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
  return number(nodes, entry);
}

function known(target: number | undefined, what: string): number {
  if (target === undefined) throw new Error(`'${what}' leads nowhere`);
  return target;
}

/** Numbers the places where a task can rest, in text order. */
function number(lowered: readonly FlowNode[], entry: number): Flow {
  const nodes = [...lowered];
  const steps: number[] = [];
  const seen = new Set<number>();
  let mostOptions = 1;
  const visit = (id: number): void => {
    if (seen.has(id)) return;
    seen.add(id);
    const node = nodeAt(nodes, id);
    if (node.kind === 'step') {
      nodes[id] = { ...node, pc: steps.length };
      steps.push(id);
    }
    if (node.kind === 'either') {
      const options = node.options.flatMap((option) => firstSteps(lowered, option));
      mostOptions = Math.max(mostOptions, options.length);
      nodes[id] = { ...node, pc: steps.length, options };
      steps.push(id);
      // The task does not rest at an option's first step, unless the text also reaches it another way.
      for (const option of options) for (const next of nextOf(nodeAt(nodes, option))) visit(next);
      return;
    }
    for (const next of nextOf(node)) visit(next);
  };
  visit(entry);
  return { nodes, entry, steps, mostOptions };
}

/** The steps at the begin of an option. @throws Error if it begins with something else. */
function firstSteps(nodes: readonly FlowNode[], option: number): readonly number[] {
  const node = nodeAt(nodes, option);
  switch (node.kind) {
    case 'step':
      return [option];
    case 'either':
      return node.options.flatMap((inner) => firstSteps(nodes, inner));
    case 'goto':
      return firstSteps(nodes, node.next);
    case 'local':
    case 'branch':
    case 'done':
      throw new Error(`an option of 'either' begins with a step`);
  }
}

/** The possible steps at a rest. */
export function optionsAt(flow: Flow, pc: number): readonly StepNode[] {
  const id = flow.steps[pc];
  if (id === undefined) throw new Error(`there is no step ${pc}`);
  const node = nodeAt(flow.nodes, id);
  return (node.kind === 'either' ? node.options : [id]).map((option) => {
    const step = nodeAt(flow.nodes, option);
    if (step.kind !== 'step') throw new Error('a step is no step');
    return step;
  });
}

/** The task's claims at a rest. */
export function claimsAt(flow: Flow, pc: number): readonly Claim[] {
  const node = nodeAt(flow.nodes, flow.steps[pc] ?? -1);
  if (node.kind === 'either') return node.choice.claims;
  return node.kind === 'step' ? node.step.claims : [];
}

export function nodeAt(nodes: readonly FlowNode[], id: number): FlowNode {
  const node = nodes[id];
  if (node === undefined) throw new Error(`no flow node ${id}`);
  return node;
}

/** The successors of a node in the flow. */
export function nextOf(node: FlowNode): readonly number[] {
  switch (node.kind) {
    case 'step':
    case 'local':
    case 'goto':
      return [node.next];
    case 'branch':
      return [node.then, node.else];
    case 'either':
      return node.options;
    case 'done':
      return [];
  }
}
