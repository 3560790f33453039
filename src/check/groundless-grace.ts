import type { ClientEvent } from '../history/events.ts';
import type { Stretch } from './contacts.ts';
import type { CheckContext } from './context.ts';
import { faultStretches, whileItLived } from './fault-stretches.ts';
import { firstIndex } from './first-index.ts';
import { HistoryContradictionError, isNewState, type Operation } from './operations.ts';
import { plannedMoves } from './planned-moves.ts';
import { outagesOf } from './store-outages.ts';
import { atTime, evidence, type Findings, knowledgeWords, milliseconds, ownerWords } from './words.ts';

/**
 * I8, C12: where a domain is in no grace, nobody in it is told GRACE for long.
 *
 * A client that asks one node again and again for new state is told GRACE each time, for longer than a lease and slack (the time to notice that
 * something is over), while there is no reason for it in this domain: no grace, no missing beacon, no fault of who serves it or of what
 * they need, no store that does not answer (I7; for once the node's own word is believed). A single refusal proves nothing: a node that stood
 * still looks first what it has missed.
 *
 * Who stands anew before a server is refused until its RECLAIM_COMPLETE (row 6). So only a client counts that has completed, or had new state
 * there, since its last session; and none where filesystems moved, since each of them is completed for itself (row 30).
 */
export function groundlessGrace(context: CheckContext, findings: Findings): void {
  if (context.steps.length === 0 || (context.filesystemsMove && plannedMoves(context).length > 0)) return;
  const boundNs = context.leaseNs + context.slackNs;
  const unrestUntil = unrest(context);
  for (const refusals of refusedInARow(context)) {
    const first = refusals[0]!;
    const since = (last: Operation) => Math.max(first.repliedAt, unrestUntil(last.repliedAt));
    const last = refusals.find((refusal) => refusal.invokedAt - since(refusal) > boundNs);
    if (last === undefined) continue;
    findings.judged += 1;
    findings.violation(() => {
      const told = `${ownerWords(last)} was told GRACE at ${last.node} for ${last.file} again and again from ${atTime(since(last))} to ${atTime(last.invokedAt)}`;
      const bound = `where ${milliseconds(boundNs)} is the bound (a lease, and slack)`;
      const knew = knowledgeWords(context.history, last.node, last.invokedAt);
      return evidence(
        context.history,
        `Grace where there is none: ${told}, and nothing in this domain was a reason for it, ${bound}. ${knew}.`,
        [first.invokeIndex, first.replyIndex, last.invokeIndex, last.replyIndex],
        last.invokedAt,
      );
    });
  }
}

/** What one client heard of one node, as far as the walk through its requests has come. */
interface Standing {
  readonly news: readonly ClientEvent[];
  heard: number;
  isThrough: boolean;
  refusals: Operation[];
}

/** Requests for new state, each refused with GRACE, that one client sent to one node without a longer pause. */
function* refusedInARow(context: CheckContext): Generator<readonly Operation[]> {
  const standings = new Map<string, Standing>();
  for (const operation of requests(context)) {
    if (!isNewState(operation) || operation.local) continue;
    const { client, node } = operation;
    const key = `${client}\0${node}`;
    let standing = standings.get(key);
    if (standing === undefined) {
      const news = context.newsOf(client).filter((each) => each.node === node);
      standing = { news, heard: 0, isThrough: false, refusals: [] };
      standings.set(key, standing);
    }
    const stoodAnew = hear(
      standing,
      operation.outcome === 'pending' ? operation.invokedAt : operation.repliedAt,
    );
    const { refusals } = standing;
    const pause = operation.invokedAt - (refusals.at(-1)?.repliedAt ?? operation.invokedAt);
    const isRefused = operation.outcome === 'fail' && operation.status === 'GRACE' && standing.isThrough;
    if (refusals.length > 0 && (!isRefused || stoodAnew || pause > context.slackNs / 2)) {
      yield refusals;
      standing.refusals = [];
    }
    if (isRefused) standing.refusals.push(operation);
    if (operation.outcome === 'ok') standing.isThrough = true;
  }
  for (const { refusals } of standings.values()) if (refusals.length > 0) yield refusals;
}

/** Where they contradict each other the checks say so that are about requests alone; how long graces took is known all the same. */
function requests(context: CheckContext): readonly Operation[] {
  try {
    return context.operations.all;
  } catch (error) {
    if (error instanceof HistoryContradictionError) return [];
    throw error;
  }
}

const STANDS_ANEW: ReadonlySet<ClientEvent['event']> = new Set(['started', 'session', 'recovery-begin']);

/** @returns did it stand anew before the node meanwhile? */
function hear(standing: Standing, until: number): boolean {
  let stoodAnew = false;
  for (; standing.heard < standing.news.length; standing.heard += 1) {
    const { t, event } = standing.news[standing.heard]!;
    if (t > until) break;
    if (event === 'reclaim-complete') standing.isThrough = true;
    if (!STANDS_ANEW.has(event)) continue;
    standing.isThrough = false;
    stoodAnew = true;
  }
  return stoodAnew;
}

/** Until when there was a reason for GRACE, of all reasons that had begun by `t`. */
function unrest(context: CheckContext): (t: number) => number {
  const stretches = reasons(context).sort((a, b) => a.from - b.from);
  const until: number[] = [];
  for (const { to } of stretches) until.push(Math.max(to, until.at(-1) ?? Number.NEGATIVE_INFINITY));
  return (t) =>
    until[firstIndex(stretches.length, (at) => stretches[at]!.from > t) - 1] ?? Number.NEGATIVE_INFINITY;
}

function reasons(context: CheckContext): Stretch[] {
  const { graces, steps, milestones, concerns } = context;
  const never = Number.POSITIVE_INFINITY;
  const faults = faultStretches(context, never, (_fault, target) => concerns(target));
  return [
    ...graces.map(({ start, lift }) => ({ from: start.earliest, to: lift?.latest ?? never })),
    ...steps.map(({ earliest, latest }) => ({ from: earliest, to: latest })),
    // The death of a node that stays away is over for the others when they know of it; a grace has begun then.
    ...faults.map((fault) => whileItLived(context, fault)),
    ...outagesOf(context),
    ...milestones.flatMap(([, event]) =>
      event.kind === 'node' && event.event === 'beacon-missing' ? [{ from: event.t, to: event.t }] : [],
    ),
  ];
}
