/**
 * Text of strangers: names and queries may have characters that drive a terminal, or turn round what
 * stands beside them. Pure: told apart from elements, so that it can be tried without a browser.
 */

// Those that the command line shows as \n, \x1b, \u202e, too (core/out/display.h).
const DRIVING = '\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069';
const ANY_DRIVING = new RegExp(`[${DRIVING}]`);
const EACH_DRIVING = new RegExp(`\\r(?=\\n)|[${DRIVING}]`, 'g');
const BREAKS = /[\n\t]/g;
const SHORT = { '\n': '\\n', '\t': '\\t', '\r': '\\r' };

function escaped(one) {
  const code = one.codePointAt(0);
  if (SHORT[one]) return SHORT[one];
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** For eyes: what drives is seen as \u202e. Line breaks and tabs stay, those of Windows as \n. */
export function visible(text) {
  return ANY_DRIVING.test(text) ? text.replace(EACH_DRIVING, (one, at) => (one === '\r' && text[at + 1] === '\n' ? '' : escaped(one))) : text;
}

/** A name: it is one line, and a break in it is a part of it. */
export function visibleName(text) {
  return visible(text).replace(BREAKS, escaped);
}

/** So many characters of it, and no half of one. */
export function beginning(text, most) {
  const end = text.charCodeAt(most - 1) >= 0xd800 && text.charCodeAt(most - 1) < 0xdc00 ? most - 1 : most;
  return text.slice(0, end);
}

/* What is written from right to left, as far as it goes: its spaces and signs are between its letters. */
const TURNED = '\\p{Script=Hebrew}\\p{Script=Arabic}\\p{Script=Syriac}\\p{Script=Thaana}\\p{Script=Nko}\\p{Script=Adlam}';
const RUNS = new RegExp(`([${TURNED}](?:[^\\p{L}\\p{N}\\n]*[${TURNED}\\p{M}])*)`, 'u');
const ANY_TURNED = new RegExp(`[${TURNED}]`, 'u');

/** The text in parts, of which each second is from right to left: what stands beside them stays there. */
export function runsOf(text) {
  return ANY_TURNED.test(text) ? text.split(RUNS) : [text];
}

/* ---- what is there to be pasted ---- */

const hex = (one, length) => one.codePointAt(0).toString(16).padStart(length, '0');
const unicode = (one) => (one === '\\' ? '\\\\' : one.codePointAt(0) > 0xffff ? `\\+${hex(one, 6)}` : `\\${hex(one, 4)}`);
const OF_SQL = new RegExp([`U&"(?:[^"]|"")*"`, `U&'(?:[^']|'')*'`, `E'(?:\\\\.|''|[^'\\\\])*'`, `[BNX]'(?:[^']|'')*'`, `"(?:[^"]|"")*"`,
  `'(?:[^']|'')*'`, `\\$(\\w*)\\$.*?\\$\\1\\$`, `--[^\\n]*`, `/\\*.*?\\*/`].join('|'), 'gis');
const TO_UNICODE = new RegExp(`[\\\\${DRIVING}]`, 'gu');

/**
 * The same SQL without a character that drives: quoted names and texts that have one are written as
 * U&"\202e". null: it cannot be had, as in a comment, in $$ or in E'…'.
 */
export function pasteableSql(text) {
  if (!ANY_DRIVING.test(text)) return text;
  const safe = text.replace(OF_SQL, (one) => (/^["']/.test(one) && ANY_DRIVING.test(one) ? `U&${one.replace(TO_UNICODE, unicode)}` : one));
  return ANY_DRIVING.test(safe) ? null : safe;
}

const OF_SHELL = /\$'(?:\\.|[^'\\])*'|'[^']*'|"(?:\\.|[^"\\])*"|\\./gs;
const TO_SHELL = new RegExp(`[\\\\\\n\\t${DRIVING}]`, 'gu');
const ANY_TO_SHELL = new RegExp(`[\\n\\t${DRIVING}]`);
const inShell = (one) => (one === '\\' ? '\\\\' : `\\U${hex(one, 8)}`);

/** The same command: what '…' quotes is written as $'\U0000202e' where it has to be. null: it cannot be had. */
export function pasteableLine(text) {
  if (!ANY_TO_SHELL.test(text)) return text;
  const safe = text.replace(OF_SHELL, (one) => (one[0] === '\'' && ANY_TO_SHELL.test(one) ? `$${one.replace(TO_SHELL, inShell)}` : one));
  return ANY_DRIVING.test(safe) ? null : safe;
}
