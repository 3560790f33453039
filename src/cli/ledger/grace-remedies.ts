/** What an operator can do about a grace that does not end: the exact commands, most useful first. */
import type { NodeId } from '../../core/ids.ts';
import { barrierReached, claimsServedBy, type Ledger, memberOf, unserved } from '../../core/ledger.ts';
import type { GraceFacts, GraceQuestion } from './grace-facts.ts';
import { list } from './phrases.ts';
import { beaconOf } from './sight.ts';

export function graceRemedies(facts: GraceFacts, question: GraceQuestion): string[] {
  const { ledger } = facts;
  const paused = question.absent.paused.map(
    (node) => `${node} is paused; ${question.advice.resume(node) ?? `let it go on`}.`,
  );
  // What nobody can write down, nobody can repair.
  if (question.sight === null) return [...paused, ...storeRemedies(question)];
  const unnoticed = facts.unnoticed
    .filter((node) => !facts.unacknowledged.includes(node))
    .map((node) => deadRemedy(node, question));
  if (ledger === null || !facts.inGrace) return [...paused, ...unnoticed];
  const awaited = facts.awaitedNodes.flatMap(({ node }) => awaitedRemedies(node, ledger, question));
  const dead = unserved(ledger).flatMap((node) => deadRemedies(node, facts, ledger, question));
  return [...paused, ...awaited, ...unnoticed, ...dead];
}

function storeRemedies({ absent: { stores }, advice }: GraceQuestion): string[] {
  const again = `when it answers, look again with ${advice.why}`;
  if (stores.length === 0) return [`The ledger's store has to answer first: see to it, and ${again}.`];
  const boot = advice.boot(stores.join(' '));
  return [
    `The ledger's store has to answer first: ${list(stores)} ${stores.length === 1 ? 'is' : 'are'} down (${boot}); ${again}.`,
  ];
}

const deadRemedy = (node: string, { advice }: GraceQuestion): string =>
  `${node} does not run: ${advice.boot(node)}, or say that it is dead with ${advice.repair('declare-dead', node)}.`;

function awaitedRemedies(node: string, ledger: Ledger, question: GraceQuestion): string[] {
  const { absent, sight, advice } = question;
  if (absent.paused.includes(node))
    return [`Or end ${node} ${advice.end(node)}: grace goes on without it then.`];
  const out = ledger.beaconProvesDeath && sight !== null && beaconOf(sight, node) === 'out';
  if (out || absent.down.includes(node)) return [deadRemedy(node, question)];
  if (memberOf(ledger, node as NodeId)?.state === 'suspect')
    return [
      `${node} is suspected dead: have its life ended, and written down, with ${advice.repair('declare-dead', node)}.`,
    ];
  return [`${node} holds everybody up: should it hang, end it ${advice.end(node)}.`];
}

function deadRemedies(node: NodeId, facts: GraceFacts, ledger: Ledger, { advice }: GraceQuestion): string[] {
  const clients = claimsServedBy(ledger, node).flatMap((claimant) => facts.outstanding[claimant] ?? []);
  const abandon = `give them up with ${advice.repair('abandon', node)}`;
  const lose =
    clients.length === 0
      ? 'nobody is recorded who would lose anything'
      : `${list(clients)} would lose what ${clients.length === 1 ? 'it' : 'they'} had`;
  const when = barrierReached(ledger) ? '' : ', once the barrier is reached';
  return [
    `${node} is down and its clients are waited for: ${advice.boot(node)}; or ${abandon} (${lose})${when}.`,
  ];
}
