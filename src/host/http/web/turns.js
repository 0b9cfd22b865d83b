/** Whose turns a target's jobs have: of this daemon, or of somebody else. Pure. */

/** Its jobs are done as those of another target, by another daemon, or by nobody: they have no turn here. */
export const isOthers = (one) => one.state === 'up' && !one.acts;

/** Who does them, or why nobody: the end of a sentence that begins with its name. */
export function whoDoes(one) {
  if (one.in_recovery) return 'it is a standby, on which nothing is changed: its jobs have no turn';
  if (one.done_by) return `its jobs are done by target ${one.done_by}, which is the same database`;
  if (one.holder) return `its jobs are done by another daemon, ${one.holder}`;
  return 'it is not settled yet which daemon does its jobs';
}

/** The jobs as they have turns here: those of others have none that are to come; `elsewhere` says why. */
export function turnsHere(jobs, targets) {
  const others = new Map(targets.filter(isOthers).map((one) => [one.name, whoDoes(one)]));
  return jobs.map((job) => (others.has(job.target) ? { ...job, turns: [], elsewhere: others.get(job.target) } : job));
}
