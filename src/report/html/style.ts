// SPDX-License-Identifier: MIT

/** Style of the document. Colours as on the page (web/design/); a look also differs in pattern, edge or sign. */
export const STYLE = `
:root{color-scheme:light dark;--ground:#fbfaf7;--sunk:#f1efe9;--ink:#1d2126;--dim:#5a6067;--line:#dedbd3;--strong:#8b887f;
--good:#0f6f44;--bad:#b3261e;--unsure:#6b5200;--wait:#c57000;--call:#8272f6;--drain:#2091a8;--cache:#7b8694;--map:#218dca;--use:#ec4d33;--step:#329751}
@media (prefers-color-scheme:dark){:root{--ground:#15171a;--sunk:#101214;--ink:#e8e6e1;--dim:#a2a7ad;--line:#2f3338;--strong:#747a81;
--good:#5cc796;--bad:#ff8a7d;--unsure:#e0b95a}}
*{box-sizing:border-box}
body{margin:0 auto;padding:16px;max-width:1200px;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,"Liberation Sans",Arial,sans-serif}
h1{font-size:1.4rem;line-height:1.25;margin:0 0 .5rem;overflow-wrap:anywhere}
h2{font-size:1.05rem;margin:2rem 0 .5rem}
h3{font-size:.95rem;margin:1.5rem 0 .25rem;overflow-wrap:anywhere}
p{margin:.4rem 0;overflow-wrap:anywhere;max-width:75ch}
.verdict{border-left:5px solid var(--strong);padding:.1rem 0 .1rem .8rem}
.verdict p{white-space:pre-line}
.good{border-color:var(--good)}.bad{border-color:var(--bad)}.unsure{border-color:var(--unsure)}
.word{font-weight:700}.good .word{color:var(--good)}.bad .word{color:var(--bad)}.unsure .word{color:var(--unsure)}
.dim,figcaption,.legend{color:var(--dim)}
figure{margin:.5rem 0 1rem}
figcaption{font-size:.85rem;overflow-wrap:anywhere}
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;margin:.5rem 0;padding:0;font-size:.85rem}
.legend svg{vertical-align:-2px;margin-right:.35rem}
.scroll{overflow-x:auto}
pre{background:var(--sunk);border:1px solid var(--line);padding:12px;font:13px/1.45 ui-monospace,"DejaVu Sans Mono","Liberation Mono",monospace;margin:0;width:max-content;min-width:100%}
caption{text-align:left;padding:.6rem 0 .2rem}
table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}
th,td{text-align:left;vertical-align:top;padding:.2rem .9rem .2rem 0;border-bottom:1px solid var(--line)}
th,td{white-space:nowrap}td.text{white-space:normal;min-width:16em}
td.number,th.number{text-align:right}
.picture{display:block;overflow:visible}
.picture text{font-size:12px;fill:var(--ink);paint-order:stroke;stroke:var(--ground);stroke-width:3px}
.picture .dim,.picture .axis{fill:var(--dim)}
.picture .sign{font-weight:700}.picture .onbar{fill:var(--ground);stroke:none}
.ground{fill:var(--sunk)}
.grid{stroke:var(--line)}.moment{stroke:var(--strong);stroke-dasharray:2 3}
.wait{fill:var(--wait);stroke:var(--ground);stroke-width:.5}
.maybe{fill:url(#hatch-wait);stroke:var(--wait);stroke-dasharray:3 2}
.most{fill:var(--wait);opacity:.3}
.thin{stroke:var(--wait);stroke-width:1}
.lost{fill:url(#hatch-lost);stroke:var(--strong);stroke-dasharray:3 2}
.unseen{fill:url(#dots);stroke:none}
.flush{fill:var(--ink)}
.drain{fill:var(--drain);stroke:var(--drain);stroke-width:1}
.call{fill:url(#hatch-call);stroke:var(--call);stroke-width:1}
.step{fill:var(--step);stroke:var(--ground);stroke-width:.5}
.step.reads{fill:var(--call)}.step.last{fill:var(--bad)}
.before{fill:var(--strong);stroke:var(--ground);stroke-width:.5}
.cache{fill:var(--cache)}.mapping{fill:url(#dots-map);stroke:var(--map)}.check{fill:url(#hatch-call);stroke:var(--call)}
.batch{fill:var(--wait)}.user{fill:url(#cross-use);stroke:var(--use)}.unknown{fill:url(#hatch-lost);stroke:var(--strong)}
.life{fill:var(--cache)}
.refused{fill:var(--bad)!important}.safe{fill:var(--good)!important}.undecided{fill:var(--unsure)!important}
.defs{position:absolute}
@media (max-width:600px){.wide{display:none}body{padding:12px}pre{font-size:11px;padding:8px}}
@media print{@page{margin:14mm}:root{--ground:#fff;--sunk:#f4f4f4;--ink:#000;--dim:#444;--line:#ccc;--strong:#777;--good:#0f6f44;--bad:#b3261e;--unsure:#6b5200}
body{max-width:none;padding:0}pre{white-space:pre-wrap;width:auto;font-size:9.5px;border:0;padding:0}.scroll{overflow:visible}figure,tr{break-inside:avoid}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
`;

const hatch = (id: string, colour: string, angle: number): string =>
  `<pattern id="${id}" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(${angle})"><rect width="2.5" height="6" style="fill:${colour}"/></pattern>`;

const dots = (id: string, colour: string): string =>
  `<pattern id="${id}" width="6" height="6" patternUnits="userSpaceOnUse"><circle cx="3" cy="3" r="1.3" style="fill:${colour}"/></pattern>`;

/** Fills of the drawings, once for the document. */
export const PATTERNS = [
  '<svg class="defs" xmlns="http://www.w3.org/2000/svg" width="0" height="0" aria-hidden="true"><defs>',
  hatch('hatch-wait', 'var(--wait)', 45),
  hatch('hatch-lost', 'var(--strong)', -45),
  hatch('hatch-call', 'var(--call)', 45),
  dots('dots', 'var(--strong)'),
  dots('dots-map', 'var(--map)'),
  `<pattern id="cross-use" width="6" height="6" patternUnits="userSpaceOnUse"><path d="M0 0L6 6M6 0L0 6" style="stroke:var(--use);stroke-width:1.5"/></pattern>`,
  '</defs></svg>',
].join('');
