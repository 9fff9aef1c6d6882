// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { generated, int, sharedScalar } from '../lang/index.ts';
import { WATCHERS, withWatchers } from './patch-conditions.ts';
import { $folioscopeCondition, $folioscopeTurn, forgetTurns } from './patch-watch.ts';

/** The text with watchers, their names short. */
const watched = (source: string): string =>
  withWatchers(source, 'w')
    .replace(/\nimport [^\n]* from 'w';\n$/, '')
    .replaceAll(WATCHERS.condition, 'C')
    .replaceAll(WATCHERS.turn, 'T');

describe('where watchers are put', () => {
  test.each([
    ['if (a) b();', 'if (C("if",(a))) b();'],
    ['if (a, b) c();', 'if (C("if",(a, b))) c();'],
    ['while (x) y();', 'while (T(0)&&(C("while",(x)))) y();'],
    ['do y(); while (x);', 'do y(); while (T(5)&&(C("while",(x))));'],
    ['for (;;) y();', 'for (;T(0);) y();'],
    ['for (let i = (f(), 0); i < 3; i++) y();', 'for (let i = (f(), 0);T(0)&&( C("for",(i < 3))); i++) y();'],
    ['for (const x of a || b) y();', 'for (const x of C("||",(a)) || b) y();'],
    [
      'const v = a && b || c ? d : e ? f : g;',
      'const v = C("?:",(C("||",(C("&&",(a)) && b)) || c)) ? d : C("?:",(e)) ? f : g;',
    ],
    ['return !f(x)[1].z?.(2) && !(a);', 'return C("&&",(!C("!",(f(x)[1].z?.(2))))) && !C("!",((a)));'],
    ['if (c) a || b;\nd && e;', 'if (C("if",(c))) C("||",(a)) || b;\nC("&&",(d)) && e;'],
    ['const s = `a${x ? `q${!y}` : "z"}`;', 'const s = `a${C("?:",(x)) ? `q${!C("!",(y))}` : "z"}`;'],
    ['const r = /[/"]x/.test(a) && b;', 'const r = C("&&",(/[/"]x/.test(a))) && b;'],
    ['switch (a) { case b || c: d(); }', 'switch (C("switch",(a))) { case C("||",(b)) || c: d(); }'],
    ['const { a = b || c } = d;', 'const { a = C("||",(b)) || c } = d;'],
    ['x = a ?.5 : 1;', 'x = C("?:",(a)) ?.5 : 1;'],
    ['f(new B(1).c && -d > 2, typeof a || e);', 'f(C("&&",(new B(1).c)) && -d > 2, C("||",(typeof a)) || e);'],
  ])('%s', (source, expected) => {
    expect(watched(source)).toBe(expected);
  });

  test.each([
    'k.if(a, () => k.while(b, () => k.for("i", t, 0, 1, () => {})));',
    '// if (a)\n/* b && c */ const s = "!d", t = \'e ? f : g\';',
    'const { of, if: x } = a; y ??= z;',
    'for (const x of y) z(x?.w);',
  ])('nothing of %s is one', (source) => {
    expect(watched(source)).toBe(source);
  });

  test('lines stay where they are, and the text means what it meant', () => {
    const source = [
      'const log = [];',
      'for (let i = 0; i < 4; i++) {',
      '  if (i === 2 || !(i % 2)) log.push(i ? `${i > 2 && i}` : "none");',
      '  else log.push(/a|b/.test("b") && -i);',
      '}',
      'let n = 0;',
      'do n++; while (n < 3);',
      'return [...log, n].join();',
    ].join('\n');
    const text = withWatchers(source, 'w').replace(/import [^\n]*\n$/, '');
    expect(text.trimEnd().split('\n')).toHaveLength(source.split('\n').length);
    const watchers = {
      [WATCHERS.condition]: (_: string, value: unknown) => value,
      [WATCHERS.turn]: () => true,
    };
    expect(generated<string>(text, watchers)).toBe(generated<string>(source));
  });
});

describe('what watchers say', () => {
  test('a value of the kernel language is no condition', () => {
    const n = sharedScalar('n', int(1));
    expect(() => $folioscopeCondition('if', n.eq(1))).toThrow(
      "JavaScript's if sees every value of the kernel language as true",
    );
    expect(() => $folioscopeCondition('&&', n)).toThrow('expected .and()');
    expect([0, '', undefined, {}].map((value) => $folioscopeCondition('if', value))).toEqual([0, '', undefined, {}]);
  });

  test('a loop that turns for ever is stopped, and counted anew for each text', () => {
    const turn = (times: number): void => {
      for (let i = 0; i < times; i++) $folioscopeTurn(1);
    };
    turn(1_000_000);
    expect(() => turn(1)).toThrow('a JavaScript loop has turned 1000000 times and does not end');
    forgetTurns();
    expect(() => turn(1)).not.toThrow();
  });
});
