import type { CheckContext } from '../../check/context.ts';
import { eventWords } from '../../check/words.ts';
import type { ClientEvent } from '../../history/events.ts';
import { type Names, us } from './names.ts';
import { byNumber, type Mark, type Stretch } from './nodes.ts';

/** What a client learned about its own standing; its requests and locks are in the columns. */
export interface ClientLane {
  readonly name: string;
  /** The node whose address it asked first. */
  readonly node: string | null;
  /** From finding that its server had lost its state to being done with reclaiming. */
  readonly recovering: readonly Stretch[];
  /** It was told that a lock is gone. */
  readonly told: readonly Mark[];
  readonly news: readonly Mark[];
}

export function clientLanes(context: CheckContext, texts: Names): ClientLane[] {
  const lanes = new Map<string, MutableLane>();
  const of = (name: string, node: string): MutableLane => {
    let lane = lanes.get(name);
    if (lane === undefined) {
      lane = { name, node, recovering: [], told: [], news: [], since: null };
      lanes.set(name, lane);
    }
    return lane;
  };
  for (const event of context.history) {
    if (event.kind === 'op') of(event.client, event.node);
    if (event.kind !== 'client') continue;
    take(of(event.client, event.node), event, texts);
  }
  return [...lanes.values()]
    .map(({ since, ...lane }) => {
      if (since !== null)
        lane.recovering.push([
          us(since),
          us(context.endsAt),
          texts.of(`${lane.name} recovers, and did not end it`),
        ]);
      return lane;
    })
    .sort((a, b) => byNumber(a.name, b.name));
}

interface MutableLane {
  readonly name: string;
  readonly node: string;
  readonly recovering: Stretch[];
  readonly told: Mark[];
  readonly news: Mark[];
  /** Since when it is recovering. */
  since: number | null;
}

function take(lane: MutableLane, event: ClientEvent, texts: Names): void {
  if (event.event === 'renewed') return; // twice a lease, and of interest to checkers alone
  const mark: Mark = [us(event.t), texts.of(eventWords(event))];
  (event.event === 'lock-lost' ? lane.told : lane.news).push(mark);
  if (event.event === 'recovery-begin') lane.since ??= event.t;
  if (lane.since === null || (event.event !== 'recovery-end' && event.event !== 'stopped')) return;
  lane.recovering.push([us(lane.since), us(event.t), texts.of(`${lane.name} recovers its locks`)]);
  lane.since = null;
}
