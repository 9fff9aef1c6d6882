// SPDX-License-Identifier: MIT
import { generated } from '../lang/index.ts';
import { allocate } from './allocate.ts';
import { Dictionary } from './dictionary.ts';
import { hashing, leftOf } from './rows.ts';

/** Low bits of an entry: its distance from its home slot, plus 1. */
const DISTANCE_BITS = 10;
const FARTHEST = 2 ** DISTANCE_BITS - 1;
/** The other bits: what the home slot does not determine. */
const REST_BITS = 32 - DISTANCE_BITS;
/** Largest fill level of a heap's table. Then it doubles: 5 to 10 bytes a state. */
const FULLEST = 0.8;
const FIRST_BITS = 4;
/** Rows whose slots are touched at once. */
const TOUCHED = 128;
/** The numbers of a slot and of the next one are signed 32-bit numbers. */
const MOST_BITS = 30;
const FIRST_LEFT_BITS = 8;
/** All heaps share the right halves, and each heap must be rebuilt when their numbers need another bit. */
const FIRST_RIGHT_BITS = 10;
const RIGHT_BITS_MORE = 1;

// Two multiplications and a xor between them mix; each is invertible.
const MIX = [0x85ebca6b | 0, 0xc2b2ae35 | 0, 0x27d4eb2f] as const;

const maskOf = (bits: number): number => (bits >= 32 ? -1 : (1 << bits) - 1);
const shiftFor = (bits: number): number => Math.min(31, 32 - bits);

/** @param beat called while it grows. */
export const rightDictionary = (words: number, beat: () => void): Dictionary =>
  new Dictionary(words - leftOf(words), FIRST_RIGHT_BITS, beat);

/** Destination of new states. */
export interface Added {
  /** Their words, and the position of the next one. */
  states: Int32Array;
  to: number;
  /** Their numbers, left and right, and the position of the next pair. */
  pairs: Int32Array;
  pairsTo: number;
  /** Number of states that may still be added. */
  room: number;
}

/**
 * The visited states of one heap. A state is two halves. Dictionaries number the different halves, of which there are
 * few, because a step changes little of a state. The left half alone determines the heap. So every heap has a small
 * dictionary of left halves of its own, which stays in the cache while the heap's rows are added.
 *
 * The two numbers of a state take exactly 32 bits of a table. They pass through an invertible mixing. One part of the
 * result is the slot of the entry. The entry holds the rest, and its distance from that slot (Cleary's compact hashing,
 * with an explicit distance). Two states are never confused.
 */
export class Heap {
  readonly left: Dictionary;
  readonly right: Dictionary;
  slots: Int32Array;
  count = 0;
  bits = FIRST_BITS;
  /** Bits of the left and of the right number, in the entries. */
  m: number;
  n: number;
  readonly #insert: Insert;

  constructor(words: number, right: Dictionary, insert: Insert) {
    this.left = new Dictionary(leftOf(words), FIRST_LEFT_BITS, () => {});
    this.right = right;
    this.m = this.left.bits;
    this.n = right.bits;
    this.slots = allocate(2 ** this.bits, false);
    this.#insert = insert;
  }

  /** Bytes without the right dictionary, which is shared. */
  get bytes(): number {
    return this.slots.byteLength + this.left.bytes;
  }

  /** Whether a pair of numbers takes one word. */
  get isPacked(): boolean {
    return this.m + this.n <= 32;
  }

  /**
   * Adds the new rows among those from `from` up to `end`, in order.
   * @param allows whether so many more bytes may be taken.
   * @param widening called before numbers take other widths than those added so far.
   * @returns the first row that was not added: `end`, or the first one without room or memory.
   * @throws RangeError if there is no memory for it.
   */
  add(
    rows: Int32Array,
    from: number,
    end: number,
    added: Added,
    allows: (bytes: number) => boolean,
    widening: () => void,
  ): number {
    for (let at = from; ; ) {
      if (this.m !== this.left.bits || this.n !== this.right.bits) {
        if (!allows(this.slots.byteLength)) return at;
        widening();
        this.#rebuild(this.bits);
      }
      at = this.#insert(this, this.left, this.right, rows, at, end, added);
      if (at === end || added.room === 0) return at;
      const { left, right } = this;
      if (left.words > 0 && left.count + TOUCHED > 2 ** left.bits) {
        if (!allows(left.bytes * 2 + this.slots.byteLength)) return at;
        left.grow(left.bits + 1);
      } else if (right.words > 0 && right.count + TOUCHED > 2 ** right.bits) {
        if (!allows(right.bytes * 2 ** RIGHT_BITS_MORE)) return at;
        right.grow(right.bits + RIGHT_BITS_MORE);
      } else {
        if (!allows(this.slots.byteLength * 2)) return at;
        this.#rebuild(this.bits + 1);
      }
    }
  }

  #rebuild(bits: number): void {
    const pairs = this.pairs();
    this.m = this.left.bits;
    this.n = this.right.bits;
    for (this.bits = Math.max(bits, this.m + this.n - REST_BITS); ; this.bits++) {
      if (this.bits > MOST_BITS) throw new RangeError(`a heap has at most 2^${MOST_BITS} slots`);
      this.slots = allocate(2 ** this.bits, false);
      if (this.#place(pairs)) return;
    }
  }

  #place(pairs: Int32Array): boolean {
    const { m, n, bits, slots } = this;
    const mask = slots.length - 1;
    const inY = Math.min(bits, n);
    const inX = bits - inY;
    const [maskX, maskY, homeY, homeX] = [maskOf(m), maskOf(n), maskOf(inY), maskOf(inX)];
    for (let i = 0; i < pairs.length; i += 2) {
      let x = pairs[i]!;
      let y = pairs[i + 1]!;
      x ^= (Math.imul(y, MIX[0]) >>> shiftFor(m)) & maskX;
      y ^= (Math.imul(x, MIX[1]) >>> shiftFor(n)) & maskY;
      x ^= (Math.imul(y, MIX[2]) >>> shiftFor(m)) & maskX;
      let slot = (y & homeY) | ((x & homeX) << inY);
      let want = (((y >>> inY) | ((x >>> inX) << (n - inY))) << DISTANCE_BITS) + 1;
      while (slots[slot] !== 0) {
        slot = (slot + 1) & mask;
        if ((++want & FARTHEST) === 0) return false;
      }
      slots[slot] = want;
    }
    return true;
  }

  /** The numbers of all states, left and right alternating. */
  pairs(): Int32Array {
    const { m, n, bits, slots } = this;
    const pairs = new Int32Array(this.count * 2);
    const mask = slots.length - 1;
    const inY = Math.min(bits, n);
    const [maskX, maskY, homeY, restY] = [maskOf(m), maskOf(n), maskOf(inY), maskOf(n - inY)];
    for (let slot = 0, to = 0; slot < slots.length; slot++) {
      const entry = slots[slot]!;
      if (entry === 0) continue;
      const home = (slot - (entry & FARTHEST) + 1) & mask;
      const rest = entry >>> DISTANCE_BITS;
      let y = (home & homeY) | ((rest & restY) << inY);
      let x = (home >>> inY) | ((rest >>> (n - inY)) << (bits - inY));
      x ^= (Math.imul(y, MIX[2]) >>> shiftFor(m)) & maskX;
      y ^= (Math.imul(x, MIX[1]) >>> shiftFor(n)) & maskY;
      x ^= (Math.imul(y, MIX[0]) >>> shiftFor(m)) & maskX;
      pairs[to++] = x;
      pairs[to++] = y;
    }
    return pairs;
  }

  /** Writes the state with these numbers to the beginning of `state`. */
  load(left: number, right: number, state: Int32Array): void {
    const a = this.left.words;
    const b = this.right.words;
    for (let i = 0; i < a; i++) state[i] = this.left.nodes[left * a + i]!;
    for (let i = 0; i < b; i++) state[a + i] = this.right.nodes[right * b + i]!;
  }
}

/**
 * Adds rows until `end`, until something must grow, or until there is no room. @returns the first row that was not
 * added.
 */
export type Insert = (
  heap: Heap,
  left: Dictionary,
  right: Dictionary,
  rows: Int32Array,
  from: number,
  end: number,
  added: Added,
) => number;

/**
 * Generated code, so that words are compared one by one without a loop. Rows are added in blocks: halves become
 * numbers, and slots are touched, before any slot is read. These reads do not depend on each other, so the processor
 * fetches many cache lines at once.
 */
export function insertOf(words: number): Insert {
  const a = leftOf(words);
  const b = words - a;
  const row = words + 1;
  const range = (from: number, to: number): readonly number[] => Array.from({ length: to - from }, (_, i) => from + i);
  const find = (id: string, D: string, count: string, from: number, size: number, hash: string): string => `
      let ${id};
      for(let s=${hash}&${D}M;;s=s+1&${D}M){
        const e=${D}S[s];
        if(e===0){
          const q=${count}*${size};
          ${range(0, size)
            .map((i) => `${D}N[q+${i}]=w${from + i};`)
            .join('')}
          ${id}=${count}++;${D}S[s]=${count};break;
        }
        const q=(e-1)*${size};
        if(${range(0, size)
          .map((i) => `${D}N[q+${i}]===w${from + i}`)
          .join('&&')}){${id}=e-1;break;}
      }`;
  const wordsFrom = (from: number, to: number): string =>
    `const ${range(from, to)
      .map((i) => `w${i}=rows[r+${i}]`)
      .join(',')};`;
  const rightHash =
    b === 0
      ? ''
      : `${wordsFrom(a, words)}${hashing(
          'g',
          range(a, words).map((i) => `w${i}`),
        )}gs[i]=g;touched^=RS[g&RM];`;
  const rightNumber = b === 0 ? 'const y0=0;' : wordsFrom(a, words) + find('y0', 'R', 'rc', a, b, 'gs[i]');
  const source = `
const homes=new Int32Array(${TOUCHED}),wants=new Int32Array(${TOUCHED}),xs=new Int32Array(${TOUCHED}),ys=new Int32Array(${TOUCHED}),gs=new Int32Array(${TOUCHED});
let sink=0;
return (H,L,R,rows,from,end,out)=>{
  const V=H.slots,VM=V.length-1,LS=L.slots,LN=L.nodes,LM=LS.length-1,RS=R.slots,RN=R.nodes,RM=RS.length-1;
  const m=H.m,n=H.n,bits=H.bits,leftMost=2**L.bits-${TOUCHED},rightMost=${b === 0 ? 'Infinity' : `2**R.bits-${TOUCHED}`};
  const sx=Math.min(31,32-m),sy=Math.min(31,32-n),mx=(1<<m)-1,my=(1<<n)-1;
  const inY=Math.min(bits,n),inX=bits-inY,hy=(1<<inY)-1,hx=(1<<inX)-1,rx=n-inY;
  const F=out.states,K=out.pairs,packed=m+n<=32;
  let lc=L.count,rc=R.count,count=H.count,f=out.to,k=out.pairsTo,at=end;
  const before=count,last=Math.min(Math.floor(V.length*${FULLEST}),count+out.room);
  all:for(let b=from;b<end;b+=${TOUCHED * row}){
    if(lc>leftMost||rc>rightMost){at=b;break;}
    const be=Math.min(end,b+${TOUCHED * row});
    let touched=0;
    for(let r=b,i=0;r<be;r+=${row},i++){
      ${wordsFrom(0, a)}
      ${find('x0', 'L', 'lc', 0, a, `rows[r+${words}]`)}
      xs[i]=x0;
      ${rightHash}
    }
    sink=touched;
    ${b === 0 ? '' : `for(let i=0,of=(be-b)/${row};i<of;i++) touched^=RN[RS[gs[i]&RM]*${b}];`}
    sink=touched;
    for(let r=b,i=0;r<be;r+=${row},i++){
      ${rightNumber}
      const x0=xs[i];
      let x=x0^(Math.imul(y0,${MIX[0]})>>>sx&mx);
      const y=y0^(Math.imul(x,${MIX[1]})>>>sy&my);
      x^=Math.imul(y,${MIX[2]})>>>sx&mx;
      const home=y&hy|(x&hx)<<inY;
      ys[i]=y0;homes[i]=home;wants[i]=((y>>>inY|x>>>inX<<rx)<<${DISTANCE_BITS})+1;
      touched^=V[home];
    }
    sink=touched;
    for(let r=b,i=0;r<be;r+=${row},i++){
      let want=wants[i];
      for(let s=homes[i];;s=s+1&VM){
        const e=V[s];
        if(e===want) break;
        if(e===0){
          if(count>=last){at=r;break all;}
          V[s]=want;count++;
          ${range(0, words)
            .map((i) => `F[f+${i}]=rows[r+${i}];`)
            .join('')}
          f+=${words};
          if(packed) K[k++]=xs[i]<<n|ys[i]; else {K[k]=xs[i];K[k+1]=ys[i];k+=2;}
          break;
        }
        if((++want&${FARTHEST})===0){at=r;break all;}
      }
    }
  }
  L.count=lc;R.count=rc;H.count=count;out.to=f;out.pairsTo=k;out.room-=count-before;
  return at;
};`;
  return generated<Insert>(source);
}
