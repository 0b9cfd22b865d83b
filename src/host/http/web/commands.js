/**
 * Command lines to paste. Names are somebody else's: what the owner of a table called it must not
 * run in the shell of whoever pastes its name. And each line says which server it means.
 */
import { commandLine } from './ui.js';
import { targetOf } from './state.js';

const PLAIN = /^[\w./:=,@%+-]+$/;
const CONTROL = /[\p{Cc}\p{Cf}\u2028\u2029]/u; // a terminal may act on them
const PLAIN_NAME = /^[a-z_][a-z0-9_]*$/;

/** One word of a shell's line, whatever is in it. */
export function shell(word) {
  if (PLAIN.test(word)) return word;
  if (!CONTROL.test(word)) return `'${word.replaceAll('\'', '\'\\\'\'')}'`;
  const escaped = word.replace(/[\\']/g, '\\$&')
    .replace(new RegExp(CONTROL, 'gu'), (one) => `\\U${one.codePointAt(0).toString(16).padStart(8, '0')}`);
  return `$'${escaped}'`;
}

/** "sales"."Orders 2026" as the command line takes it: exact, without wildcards. */
export function sqlName(schema, name) {
  return [schema, name].map((part) => (PLAIN_NAME.test(part) ? part : `"${part.replaceAll('"', '""')}"`)).join('.');
}

/** A line of ours with the options that lead to the target. */
export function withOptions(target, line) {
  return [line, targetOf(target)?.command_options].filter(Boolean).join(' ');
}

/** The line that does it on this target, to copy; null: the daemon does not know the target. */
export function commandFor(target, ...words) {
  if (!targetOf(target)) return null;
  return commandLine(withOptions(target, ['pgrunbook', ...words].map(shell).join(' ')));
}
