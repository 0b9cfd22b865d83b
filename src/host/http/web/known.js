/** What the overview says already, so that nobody has to be asked for it. Pure. */

// Read from the history, the repository and files alone: they are there without the server.
const WITHOUT_SERVER = new Set(['backup', 'history', 'schedule', 'report']);
const NOT_ON_STANDBY = new Set(['vacuum plan']);

/** {status, message, hint}: what the command would answer; null: it has to be asked, or nothing is known. */
export function knownRefusal(section, verb, one) {
  if (one?.state === 'down' && !WITHOUT_SERVER.has(section))
    return { status: 502, message: `${one.name} is down: ${one.reason || 'the server does not answer'}`,
             hint: 'This page comes as soon as the server does.' };
  if (one?.state === 'up' && one.in_recovery && NOT_ON_STANDBY.has(`${section} ${verb}`))
    return { status: 409, message: `${one.name} is a standby: its tables are vacuumed on the primary, and it follows.`,
             hint: 'After a failover this page comes by itself.' };
  return null;
}
