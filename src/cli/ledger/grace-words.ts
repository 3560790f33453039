/** What is known about a grace, in sentences. */
import type { NodeId } from '../../core/ids.ts';
import { barrierReached, carrierOf, inGrace, type Ledger, nodesOf, unserved } from '../../core/ledger.ts';
import { heirTurnOf, successorsOf } from '../../core/succession.ts';
import type { CoordinatorStatus } from '../../server/coordinator.ts';
import {
  type AwaitedClient,
  type AwaitedNode,
  type GraceFacts,
  type GraceQuestion,
  last,
} from './grace-facts.ts';
import { duration, list } from './phrases.ts';
import { beaconOf } from './sight.ts';

export function graceSentences(facts: GraceFacts, question: GraceQuestion): string[] {
  return [
    ...phaseSentences(facts, question),
    ...(facts.ledger === null || !facts.inGrace
      ? []
      : [
          ...facts.awaitedNodes.map((awaited) => awaitedSentence(awaited, facts.ledger!, question)),
          ...claimSentences(facts, facts.ledger, question),
          ...endSentences(facts, facts.ledger, question),
        ]),
    ...troubleSentences(facts, question),
  ];
}

function phaseSentences(
  { ledger, runningForMs }: GraceFacts,
  { domain, storeProblem }: GraceQuestion,
): string[] {
  const name = domain === null ? 'The cluster' : `The lock domain ${domain}`;
  if (ledger === null)
    return [
      `Nobody can say whether ${name.replace(/^T/, 't')} is in grace: no node answers, and ${storeProblem ?? 'its ledger cannot be read.'}`,
    ];
  if (!inGrace(ledger)) return [`${name} is not in grace (view ${ledger.view}, epoch ${ledger.epoch}).`];
  const since = runningForMs === null ? '' : ` for ${duration(runningForMs)}`;
  return [
    `${name} is in grace${since} (view ${ledger.view}): clients recorded in epoch ${ledger.recoveryEpoch} may reclaim, and nobody gets a new lock.`,
  ];
}

/** ` is down`, ` is paused`; empty for a node of which nothing is known that would keep it. */
function absence(node: string, { absent, sight }: GraceQuestion): string {
  if (absent.down.includes(node)) return ' does not run';
  if (absent.paused.includes(node)) return ' is paused';
  if (Object.hasOwn(absent.booting, node)) {
    const problem = absent.booting[node];
    return problem === null || problem === undefined ? ' is booting' : ` is booting and waits: ${problem}`;
  }
  if (absent.silent.includes(node)) return ' does not answer';
  if (sight?.ledger.beaconProvesDeath && beaconOf(sight, node) === 'out')
    return ' is dead: its beacon is out';
  return '';
}

function awaitedSentence(awaited: AwaitedNode, ledger: Ledger, question: GraceQuestion): string {
  const { node, state, forMs } = awaited;
  const since = forMs === null ? '' : ` for ${duration(forMs)}`;
  const why = absence(node, question);
  const suspected = state === 'suspect' ? ', which is suspected dead,' : '';
  const waits = `The barrier has waited${since} for ${node}${suspected} to acknowledge view ${ledger.view}`;
  return `${waits}${why === '' ? '' : `, and it${why}`}; ${fencingWords(awaited, question)}.`;
}

function fencingWords(awaited: AwaitedNode, { times, absent, statuses }: GraceQuestion): string {
  const { node, fencing, fencingFailure, fencedBy, fencedInMs } = awaited;
  if (fencing === 'under way') return `it is being fenced`;
  if (fencing === 'failed')
    return `fencing it has failed (${fencingFailure?.replace(/\.$/, '')}) and is tried again`;
  if (fencedBy !== null && fencedInMs !== null)
    return fencedInMs === 0
      ? `${fencedBy} has it fenced now`
      : `${fencedBy} has it fenced in ${duration(fencedInMs)} unless it answers before`;
  if (times === null) return 'whether it will be fenced is not known here';
  if (times.fenceAfterMs === null) return 'nobody fences it, since the cluster was not told to';
  return Object.keys(statuses).length === 0 || absent.down.includes(node)
    ? 'no node is there to have it fenced'
    : `whoever is first in line has it fenced when it has waited ${duration(times.fenceAfterMs)}`;
}

function claimSentences(facts: GraceFacts, ledger: Ledger, question: GraceQuestion): string[] {
  const open = nodesOf(ledger).filter((node) => ledger.members[node]!.claims === 'open');
  return open.flatMap((node) => claimSentence(node, facts, ledger, question));
}

function claimSentence(node: NodeId, facts: GraceFacts, ledger: Ledger, question: GraceQuestion): string[] {
  const clients = facts.awaitedClients.filter(({ of }) => of === node);
  const at = clients.find((client) => client.at !== null)?.at ?? null;
  if (at !== null) {
    const where = at === node ? '' : ` at its heir ${at}`;
    return [
      `${namesWithTimes(clients)} of ${node} ${clients.length === 1 ? 'has' : 'have'} not completed the reclaim${where}.`,
    ];
  }
  const nobody = question.sight !== null && clients.length === 0;
  if (nobody && unserved(ledger).includes(node))
    return [
      `Grace waits for ${node}, too, which is down${successionWords(node, ledger, question)}; no client is recorded for it that could reclaim.`,
    ];
  const who =
    clients.length === 0
      ? `The clients of ${node}`
      : `${list(clients.map(({ client }) => client))} of ${node}`;
  if (unserved(ledger).includes(node))
    return [
      `${who} may reclaim, and nobody is there to reclaim from: ${node} is down${successionWords(node, ledger, question)}.`,
    ];
  const { movingTo } = ledger.members[node]!;
  const server = carrierOf(ledger, node);
  if (movingTo !== null) return [`${who} may reclaim at ${movingTo} when ${server} has handed them over.`];
  const why = absence(server, question);
  if (why !== '') return [`${who} may reclaim at ${server}, and ${server}${why}.`];
  if (!barrierReached(ledger)) return clients.length === 0 ? [] : [`${who} may reclaim past the barrier.`];
  return Object.hasOwn(question.statuses, server)
    ? [`The claims of ${node} are about to be closed.`]
    : [`${who} may reclaim at ${server}.`];
}

/** Each with its own time would be a long sentence: the longest wait stands for all. */
function namesWithTimes(clients: readonly AwaitedClient[]): string {
  const forMs = last(clients.map((client) => client.forMs));
  const names = list(clients.map(({ client }) => client));
  return forMs === null ? names : `For ${duration(forMs)} ${names}`;
}

function successionWords(node: NodeId, ledger: Ledger, { times }: GraceQuestion): string {
  const failoverMs = times?.failoverMs ?? null;
  const next = successorsOf(ledger, node).find((successor) => heirTurnOf(ledger, node, successor) !== null);
  if (times === null) return '';
  if (failoverMs === null)
    return ', and no other node takes its clients over, since the cluster was not told to';
  if (next === undefined) return ', and no live member is left to take its clients over';
  return `; ${next} takes its clients over ${duration(failoverMs)} after the barrier`;
}

function endSentences(
  { deadlineInMs, latestEndInMs, awaitedNodes }: GraceFacts,
  ledger: Ledger,
  question: GraceQuestion,
): string[] {
  if (awaitedNodes.length > 0)
    return ['No deadline runs before the barrier is reached: grace lasts until then whatever else happens.'];
  if (deadlineInMs === null) {
    const acting = nodesOf(ledger).some((node) => Object.hasOwn(question.statuses, node));
    return acting
      ? []
      : ['No node answers that could end it: it lasts until one does, or until you do something.'];
  }
  const same = latestEndInMs === null || duration(latestEndInMs) === duration(deadlineInMs);
  const latest = same ? '' : `, and in ${duration(latestEndInMs)} at the latest`;
  if (deadlineInMs <= 0) return [`Its deadline has passed${latest.replace(/^, and/, '; it ends')}.`];
  return [
    `Grace ends as soon as nobody is waited for; otherwise in ${duration(deadlineInMs)} if no other client comes${latest}.`,
  ];
}

function troubleSentences(facts: GraceFacts, { statuses, absent, storeProblem }: GraceQuestion): string[] {
  const ofStores = Object.entries(facts.storeProblems)
    .filter(([who]) => who !== 'store')
    .map(([node, { forMs, problem }]) => {
      const since = forMs === null ? '' : ` for ${duration(forMs)}`;
      return `${node} grants nothing new because the ledger's store has not answered it${since} (${problem.replace(/\.$/, '')}).`;
    });
  const here =
    storeProblem === null || facts.ledger === null
      ? []
      : [
          `Nothing can change in the ledger meanwhile, grace included; what is said here is what nodes know, since ${storeProblem}`,
        ];
  return [
    ...ofStores,
    ...here,
    ...Object.entries(statuses).flatMap(([node, status]) => nodeTrouble(node, status, facts)),
    ...facts.unnoticed.map(
      (node) =>
        `${node} is dead: its beacon is out, and the ledger does not say so yet, since no other node has looked for it.`,
    ),
    ...(facts.inGrace ? [] : absent.paused.map((node) => `${node} is paused.`)),
  ];
}

function nodeTrouble(node: string, status: CoordinatorStatus, { ledger }: GraceFacts): string[] {
  if (status.unreadableRecords) return [`${node}: ${status.unreadableRecords.replace(/\.?$/, '.')}`];
  if (!status.storeAnswers) return [];
  if (status.standing !== 'current') return [`${node} is ${status.standing} and grants nothing.`];
  if (status.enforcing && ledger !== null && !inGrace(ledger))
    return [`${node} refuses new locks until it has learned the newest view.`];
  return [];
}
