/** A bar of parts of a whole; apart from the charts, as Overview needs nothing else of them. */
import { h, svg } from './dom.js';
import { count } from './format.js';

/** gauge({total, parts: [{value, class, label}], label}); the label is what a screen reader says. */
export function gauge({ total, parts, label }) {
  const whole = Math.max(total || 0, parts.reduce((sum, part) => sum + part.value, 0)) || 1;
  let start = 0;
  const pieces = parts.map((part) => {
    const share = (100 * part.value) / whole;
    const piece = svg('rect', { class: ['part', part.class], x: start, y: 0, width: share, height: 10 },
      svg('title', null, part.label ?? ''));
    start += share;
    return piece;
  });
  const spoken = label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': 'true' };
  return svg('svg', { class: 'gauge', ...spoken, viewBox: '0 0 100 10', preserveAspectRatio: 'none' },
    svg('rect', { class: 'whole', x: 0, y: 0, width: 100, height: 10 }), pieces);
}

function fullness(used, ordinary) {
  if (used >= 0.9 * ordinary) return 'critical';
  return used >= 0.75 * ordinary ? 'warning' : 'plenty';
}

/** The connection slots of a sample: {ordinary, used, active, idle, in_transaction}. */
export function slotsGauge(slots) {
  if (!slots?.ordinary) return h('span', { class: 'muted' }, '–');
  const { ordinary, used = 0, active = 0, in_transaction: waiting = 0 } = slots;
  const rest = Math.max(0, used - active - waiting);
  const words = `${count(used)} of ${count(ordinary)} slots used: ${active} active, ${waiting} idle in a transaction, ${rest} idle`;
  return h('span', { class: ['slots', fullness(used, ordinary)], title: words },
    gauge({ total: ordinary, label: words, parts: [
      { value: active, class: 'active', label: `${active} active` },
      { value: waiting, class: 'in-transaction', label: `${waiting} idle in a transaction` },
      { value: rest, class: 'idle', label: `${rest} idle` }] }),
    h('span', { class: 'slots-text', 'aria-hidden': 'true' }, `${count(used)}/${count(ordinary)}`));
}
