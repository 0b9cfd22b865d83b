// A section that has nothing to show, because a setting is not made: that is no failure.

import { h } from '../dom.js';
import { targetOf } from '../state.js';
import { panel, settings } from '../ui.js';

const SECTIONS = {
  backup: ['No repository is named for it: no backup is taken here, and none is looked after.',
    '/var/lib/pgrunbook/repo'],
  migrations: ['No folder of migrations is named for it: there are none to look at.',
    '/srv/app/migrations'],
};

/** What to say instead of the section's page; null: it has all it needs. */
export function notSetUp(section, target) {
  const lacking = targetOf(target)?.not_set_up?.find((one) => one.section === section);
  if (!lacking)
    return null;
  const [none, like] = SECTIONS[section];
  return panel('Not set up', h('p', {}, none), h('p', { class: 'muted' },
    'What the configuration needs, before a reload of the daemon:'),
  settings(`[target ${target}]\n${lacking.setting} = ${like}`));
}
