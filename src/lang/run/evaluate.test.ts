// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { evaluate } from './evaluate.ts';

/** Result of the text in JavaScript itself. */
const compiled = (source: string, given: Readonly<Record<string, unknown>>): unknown =>
  new Function(...Object.keys(given), `'use strict';${source}`)(...Object.values(given)) as unknown;

const expectSame = (source: string, given: () => Readonly<Record<string, unknown>> = () => ({})): void => {
  const [one, other] = [given(), given()];
  expect([evaluate(source, one), one]).toEqual([compiled(source, other), other]);
};

describe('generated text comes to the same as where it is compiled', () => {
  test.each([
    'return 1+2*3-4%3;',
    'return 2**3**2/4;',
    'return [-7>>>28&3|8,-7>>1,1<<31,~5^3,7-(-2)- -1];',
    'return [1<2,2<=1,3>2,3>=4,1===1,1!==1,!0,!(1<2)];',
    'return (1<2?3:4)+(0||5)+(1&&6);',
    "return 'task '+3+' is';",
    'return [{"name":"a","max":-1},{x:[1,[2]]}];',
    'let a=1,b;const c=3;b=a+c;a+=b;a-=1;a^=7;a|=8;a&=13;return [a,b,c];',
    'let i=0;const a=[5,6,7];a[i++]=1;a[++i]=2;a[1]+=i--;a[0]++;return [a,i];',
    'let s=0;for(let i=0,e=5;i<e;i++){if(i===3)continue;s+=i;}return s;',
    'let s=0;for(;;){if(++s===4)break;}while(s<9)s+=2;return s;',
    'let s=0;A:for(;;){for(let i=0;;i++){s++;if(i===2)continue A;if(s>7)break A;}}return s;',
    'let s=0;B1:{B2:{s=1;if(s===1)break B1;s=2;}s=3;}return s;',
    'const f=(n)=>{D:switch(n){case 0:{return 5;}case -1:{n=7;break D;}case 2:n=8;default:n++;}return n;};return [f(0),f(-1),f(2),f(3)];',
    'switch(3){case 1:return 1;case 2:return 2;}return 0;',
    'const f=(a,b)=>a*10+b,g=(a)=>{const h=(b)=>f(a,b);return h;};return g(4)(2);',
    'const f=(n)=>{if(n<2)return n;else return f(n-1)+f(n-2);};return f(12);',
    'const f=(t)=>{const k=t;return (()=>{let r=-1;for(let i=0;i<9;i++){if(i*i>k){r=i;break;}}return r;})();};return f(20);',
    'let x=0;for(const f of [[1],[2,3]])x+=f.length;return x;',
    'const a=new Int32Array(3);a.fill(4,1,3);a[9]=1;return [a[1],a[0],a.length,a[9]];',
    'return Array.prototype.slice.call([1,2,3],1,3);',
    'return Array(3).fill("?");',
    'return [Math.imul(2147483647,3),Math.clz32(5),Math.floor(2.5),2**32*1,Infinity>1];',
    'const a=1;const f=()=>{const a=2;{const a=3;}return a;};return [a,f()];',
    'let a=1,b=2;a=3,b=a,a=4;for(let i=0;i<2;i++,b++)a++;return [a,b];',
    'let n=0;const q={a:1};q.b=q.a;q.b+=2;return {q,n};',
    'const expand=3;return {expand,n:2};',
  ])('%s', (source) => {
    expectSame(source);
  });

  test('what it is given can be read, called and changed', () => {
    const by = (number: number): number => number * 3;
    const given = () => ({ read: { value: 3, by }, words: new Int32Array(4), flags: new Uint8Array(2) });
    expectSame('words[1]=read.by(5);words[2]^=7;flags[0]=300;return words[1]+read.value;', given);
  });

  test('a function is handed out, and called with too few arguments and with too many', () => {
    const source = 'return (a,b)=>{let c;if(b===undefined)c=a;else c=a-b;return c;};';
    const f = evaluate(source, {}) as (...args: readonly number[]) => number;
    expect([f(7), f(7, 2), f(7, 2, 9), f(1)]).toEqual([7, 5, 5, 1]);
  });
});

test('an error that the text throws is thrown', () => {
  expect(() => evaluate("throw new Error('task '+2+' is lost');", {})).toThrow(new Error('task 2 is lost'));
});

test.each([
  ['return eval("1");', "no 'eval' in generated text"],
  ['return globalThis;', "no 'globalThis' in generated text"],
  ['return new Function("1");', "no 'new Function' in generated text"],
  ['return 1 @ 2;', 'generated text that is not understood: @ 2;'],
  ['const f=function(){};', "no 'function' in generated text"],
  ['break;', "'break' outside of what it names, in generated text"],
  ['1=2;', 'only variables and elements can be assigned'],
])('what no generated text has is refused: %s', (source, message) => {
  expect(() => evaluate(source, {})).toThrow(message);
});
