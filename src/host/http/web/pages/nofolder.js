// A section that has nothing to show, because no folder is named: that is no failure.

import { h } from '../dom.js';
import { targetOf } from '../state.js';
import { panel, settings } from '../ui.js';

const FOLDERS = {
  backup: { setting: 'backup.repo', like: '/var/lib/pgrunbook/repo',
    none: 'No repository is named for it: no backup is taken here, and none is looked after.' },
  migrations: { setting: 'migrations.dir', like: '/srv/app/migrations',
    none: 'No folder of migrations is named for it: there are none to look at.' },
};

/** What to say instead of the section's page; null: there is a folder. */
export function noFolder(section, target) {
  const known = targetOf(target);
  if (!known || known.folders?.includes(section))
    return null;
  const { setting, like, none } = FOLDERS[section];
  return panel('Not set up', h('p', {}, none), h('p', { class: 'muted' },
    'What the configuration needs, before a reload of the daemon:'),
  settings(`[target ${target}]\n${setting} = ${like}`));
}
