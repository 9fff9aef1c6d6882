// SPDX-License-Identifier: MIT
import { commandLines } from '../command-lines.ts';
import { attributes, escaped } from './escape.ts';
import { PATTERNS, STYLE } from './style.ts';

/** A drawing with its words. */
export interface Figure {
  /** Undefined if the document has only this one. */
  readonly heading: string | undefined;
  readonly svg: string;
  /** Sentences below it: what is drawn, and what is folded. */
  readonly caption: readonly string[];
  readonly legend: readonly LegendEntry[];
  readonly tables: readonly Table[];
}

export interface LegendEntry {
  /** Classes of style.ts. */
  readonly look: string;
  readonly text: string;
}

/** The drawing in numbers. */
export interface Table {
  readonly caption: string;
  readonly columns: readonly { readonly name: string; readonly kind?: 'number' | 'text' }[];
  readonly rows: readonly (readonly string[])[];
}

/** Content of a document. */
export interface HtmlReport {
  /** One line. */
  readonly title: string;
  readonly outcome: 'good' | 'bad' | 'undecided';
  /** The verdict, a paragraph each. */
  readonly verdict: readonly string[];
  readonly figures: readonly Figure[];
  /** Why there is no drawing; undefined if there is one. */
  readonly noFigure: string | undefined;
  /** The report for a terminal. */
  readonly text: string;
  /** The words of the command that gives the answer again. */
  readonly command: readonly string[];
  /** The version of folioscope; if absent, the document names none. */
  readonly version?: string | undefined;
}

/** The word of an outcome, which colour alone does not tell. */
const WORDS = {
  good: { look: 'good', word: '\u2713 The result is good' },
  bad: { look: 'bad', word: '\u2717 The result is not good' },
  undecided: { look: 'unsure', word: '? Undecided' },
} as const;

/** What a browser may load: nothing but what is in the file. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** One HTML file, which is well-formed XML too, so that other programs can read it. */
export function htmlPage(report: HtmlReport): string {
  const { title, outcome, verdict, figures, noFigure, text, command, version } = report;
  const { look, word } = WORDS[outcome];
  return `${[
    '<!DOCTYPE html>',
    '<html lang="en" xmlns="http://www.w3.org/1999/xhtml">',
    '<head>',
    '<meta charset="utf-8"/>',
    `<meta http-equiv="Content-Security-Policy" content="${escaped(POLICY)}"/>`,
    '<meta name="viewport" content="width=device-width, initial-scale=1"/>',
    '<meta name="color-scheme" content="light dark"/>',
    `<meta name="generator" content="folioscope${version === undefined ? '' : ` ${escaped(version)}`}"/>`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    '</head>',
    '<body>',
    PATTERNS,
    '<main>',
    `<h1>${escaped(title)}</h1>`,
    `<div class="verdict ${look}"><p class="word">${word}</p>`,
    ...verdict.map((paragraph) => `<p>${escaped(paragraph)}</p>`),
    '</div>',
    '<h2>Picture</h2>',
    ...(noFigure === undefined ? [] : [`<p>${escaped(noFigure)}</p>`]),
    ...figures.flatMap(figureParts),
    '<h2>Report</h2>',
    `<div class="scroll" tabindex="0" role="region" aria-label="The report as text"><pre>${escaped(text)}</pre></div>`,
    '<h2>How to reproduce</h2>',
    `<div class="scroll" tabindex="0" role="region" aria-label="The command"><pre>${escaped(commandLines(command).slice(1).join('\n'))}</pre></div>`,
    '<p class="dim">With <code>--html FILE</code> the same command writes this page.</p>',
    '</main>',
    '</body>',
    '</html>',
  ].join('\n')}\n`;
}

const figureParts = ({ heading, svg, caption, legend, tables }: Figure): readonly string[] => [
  ...(heading === undefined ? [] : [`<h3>${escaped(heading)}</h3>`]),
  '<figure>',
  svg,
  '<figcaption>',
  ...caption.map((sentence) => `<p>${escaped(sentence)}</p>`),
  '</figcaption>',
  '</figure>',
  ...(legend.length === 0
    ? []
    : [
        '<ul class="legend">',
        ...legend.map(
          (entry) =>
            `<li><svg${attributes({ xmlns: 'http://www.w3.org/2000/svg', width: 22, height: 12, 'aria-hidden': 'true' })}><rect${attributes({ x: 1, y: 1, width: 20, height: 10, class: entry.look })}/></svg>${escaped(entry.text)}</li>`,
        ),
        '</ul>',
      ]),
  ...tables.flatMap(tableParts),
];

function tableParts({ caption, columns, rows }: Table): readonly string[] {
  const kind = (place: number): string => attributes({ class: columns[place]?.kind });
  return [
    `<div class="scroll" tabindex="0" role="region" aria-label="${escaped(caption)}"><table>`,
    `<caption class="dim">${escaped(caption)}</caption>`,
    `<thead><tr>${columns.map(({ name }, place) => `<th scope="col"${kind(place)}>${escaped(name)}</th>`).join('')}</tr></thead>`,
    '<tbody>',
    ...rows.map((row) => `<tr>${row.map((cell, place) => `<td${kind(place)}>${escaped(cell)}</td>`).join('')}</tr>`),
    '</tbody></table></div>',
  ];
}
