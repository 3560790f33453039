/** What a living lab knows about the grace of its lock domains: from their ledgers, from the nodes that answer, and from its own containers. */
import type { ClusterShape, DomainShape } from '../../scenario/scenario.ts';
import type { CoordinatorStatus } from '../../server/coordinator.ts';
import type { LabNodeStatus, LabStatus } from '../living/control.ts';
import type { Absent, GraceObservation } from './grace-facts.ts';
import type { DomainAnswer } from './lab-ledgers.ts';

export function observeGrace(
  looks: readonly DomainAnswer[],
  { nodes, stores }: Pick<LabStatus, 'nodes' | 'stores'>,
  shape: Pick<ClusterShape, 'domains' | 'failoverMs' | 'fenceAfterMs'>,
): GraceObservation[] {
  const { domains, failoverMs, fenceAfterMs } = shape;
  return looks.map(({ name, look }) => {
    const domain = domains.find((each) => each.name === name)!;
    const own = nodes.filter((node) => domain.nodes.includes(node.name));
    return {
      domain: domains.length > 1 ? name : null,
      sight: 'answer' in look ? look.answer : null,
      storeProblem: problemOf(look),
      statuses: statusesIn(domain, own),
      absent: absentAmong(own, stores),
      times: { failoverMs, fenceAfterMs },
    };
  });
}

function problemOf(look: DomainAnswer['look']): string | null {
  if ('answer' in look) return null;
  return 'trouble' in look ? look.trouble.sentence : look.uncertain;
}

function statusesIn(
  { name }: DomainShape,
  nodes: readonly LabNodeStatus[],
): Record<string, CoordinatorStatus> {
  return Object.fromEntries(
    nodes.flatMap(({ name: node, node: status }) =>
      status === null ? [] : [[node, status.domains?.[name] ?? status]],
    ),
  );
}

/** A spare that is off is no member, and nobody waits for it. */
function absentAmong(nodes: readonly LabNodeStatus[], stores: LabStatus['stores']): Absent {
  const names = (some: readonly { readonly name: string }[]) => some.map(({ name }) => name);
  const awake = nodes.filter(({ running, paused }) => running && !paused);
  return {
    down: names(nodes.filter(({ running, spare }) => !running && !spare)),
    paused: names(nodes.filter(({ paused }) => paused)),
    silent: names(awake.filter(({ serving, node }) => serving && node === null)),
    stores: names(stores.filter(({ running, paused }) => !running || paused)),
    booting: Object.fromEntries(
      awake.filter(({ serving }) => !serving).map(({ name, waitingFor }) => [name, waitingFor]),
    ),
  };
}
