import type { ClientEvent, History } from '../history/events.ts';
import { type Claim, type ClaimEnding, HeldRanges, type OpenClaim } from './claims.ts';
import { endsLife } from './node-lives.ts';
import { type Operation, type Operations, overlapping } from './operations.ts';

/** One owner of one file. */
interface Holder {
  readonly client: string;
  readonly owner: string;
  readonly file: string;
  readonly ranges: HeldRanges;
  /** By node: the newest moment at which a request with this owner's lock stateid was sent that the server then obeyed. */
  readonly obeyedAt: Map<string, number>;
  /** Requests of this owner that may still take effect: in flight, or of unknown outcome in this session. */
  unsettled: Operation[];
}

interface ClientState {
  /** By file, then by owner. */
  readonly holders: Map<string, Map<string, Holder>>;
  /** By node: the newest moment at which the lease was certainly alive. */
  readonly renewedAt: Map<string, number>;
}

/**
 * Follows every owner through the history and returns all claims, in the order in which they ended.
 * One pass, linear in the history. Each doubt is decided against the claim, so that a claim never
 * says more than the history proves (docs/checkers.md, "What a claim is").
 */
export function trackClaims(history: History, operations: Operations): Claim[] {
  const tracker = new ClaimTracker();
  for (let index = 0; index < history.length; index += 1) {
    const event = history[index]!;
    if (event.kind === 'op') {
      const operation = operations.at[index]!;
      if (index === operation.invokeIndex) tracker.sent(operation);
      else tracker.answered(operation);
    } else if (event.kind === 'client') {
      tracker.learned(event, index);
    } else if (event.kind === 'fault' && event.phase === 'begin' && endsLife(event)) {
      for (const target of event.targets) {
        tracker.clientGone(target, event.t, index);
        tracker.nodeGone(target, event.t, index);
      }
    } else if (event.kind === 'node' && event.event === 'exited') {
      tracker.nodeGone(event.node, event.t, index);
    }
  }
  return tracker.finish();
}

class ClaimTracker {
  readonly #clients = new Map<string, ClientState>();
  readonly #ended: Claim[] = [];
  /** Local programs, by the node that they run on. */
  readonly #programs = new Map<string, Set<string>>();
  /** Of LOCK requests in flight: the bytes that another request of the same owner may have let go of meanwhile. */
  readonly #doubtful = new Map<Operation, { start: number; end: number }[]>();

  sent(operation: Operation): void {
    if (operation.op !== 'lock' && operation.op !== 'unlock' && operation.op !== 'close') return;
    const holder = this.#holder(operation);
    if (operation.local) {
      const programs = this.#programs.get(operation.node) ?? new Set();
      this.#programs.set(operation.node, programs.add(operation.client));
    }
    if (operation.reclaim) {
      this.#interrupt(this.#client(operation.client), operation.node, operation.invokedAt, true);
    }
    this.#noteDoubts(holder, operation);
    holder.unsettled.push(operation);
    if (operation.op === 'lock') {
      if (operation.mode === 'read' && !operation.reclaim) this.#downgrade(holder, operation);
      return;
    }
    // From the sending on the client has let go, whatever the answer. If the server obeyed, the lock
    // was there until then: a revoked one would have been answered with an error. That another node obeyed, to
    // which the client has changed, says nothing about the lock at the first.
    for (const claim of holder.ranges.cut(operation.start, operation.end)) {
      const obeyed = operation.outcome === 'ok' && operation.node === claim.node;
      const proven = obeyed ? operation.invokedAt : this.#provenSoFar(claim);
      this.#end(claim, proven, operation.invokedAt, 'unlocked', operation.invokeIndex);
    }
  }

  answered(operation: Operation): void {
    if (operation.op !== 'lock' && operation.op !== 'unlock' && operation.op !== 'close') return;
    const holder = this.#holder(operation);
    // An outcome that nobody knows stays unsettled: the request may be obeyed late, until the session ends.
    if (operation.outcome !== 'info') {
      holder.unsettled = holder.unsettled.filter((each) => each !== operation);
    }
    if (operation.outcome !== 'ok') {
      if (operation.outcome === 'fail') this.#doubtful.delete(operation);
      return;
    }
    if (operation.op === 'lock') this.#granted(holder, operation);
    if (operation.reclaim) return;
    const before = holder.obeyedAt.get(operation.node) ?? -1;
    holder.obeyedAt.set(operation.node, Math.max(before, operation.invokedAt));
  }

  learned(event: ClientEvent, index: number): void {
    const state = this.#client(event.client);
    switch (event.event) {
      case 'renewed': {
        const before = state.renewedAt.get(event.node) ?? -1;
        state.renewedAt.set(event.node, Math.max(before, event.sentAt ?? -1));
        return;
      }
      case 'session':
      case 'recovery-begin':
        this.#interrupt(state, event.node, event.t, false);
        return;
      case 'lock-lost':
        this.#lost(state, event, index);
        return;
      case 'started':
      case 'stopped':
        this.clientGone(event.client, event.t, index);
        return;
    }
  }

  /** Programs on a node end with it, at the latest. */
  nodeGone(node: string, t: number, index: number): void {
    for (const program of this.#programs.get(node) ?? []) this.clientGone(program, t, index);
  }

  clientGone(client: string, t: number, index: number): void {
    const state = this.#clients.get(client);
    if (state === undefined) return;
    for (const holder of holdersOf(state)) {
      for (const claim of holder.ranges.cut(0, Number.POSITIVE_INFINITY)) {
        this.#end(claim, this.#provenSoFar(claim), t, 'client-gone', index);
      }
    }
    this.#clients.delete(client);
  }

  /** Ends what is still held with the history. */
  finish(): Claim[] {
    for (const client of [...this.#clients.keys()]) {
      for (const holder of holdersOf(this.#client(client))) {
        for (const claim of holder.ranges.cut(0, Number.POSITIVE_INFINITY)) {
          this.#end(claim, this.#provenSoFar(claim), Number.POSITIVE_INFINITY, 'run-end', -1);
        }
      }
    }
    return this.#ended;
  }

  #granted(holder: Holder, operation: Operation): void {
    const ending: ClaimEnding = operation.reclaim ? 'reclaimed' : 'replaced';
    for (const claim of holder.ranges.cut(operation.start, operation.end)) {
      // A further LOCK goes by the same lock stateid, so its success shows that the old lock was alive when
      // it was sent. A reclaim shows the opposite: that the server had lost it; and another node knows nothing of it.
      const proven =
        operation.reclaim || operation.node !== claim.node
          ? this.#provenSoFar(claim)
          : Math.max(this.#provenSoFar(claim), claim.provenUntil ?? operation.invokedAt);
      this.#end(claim, proven, operation.repliedAt, ending, operation.replyIndex);
    }
    const granted = new HeldRanges();
    granted.add(newClaim(operation, operation.start, operation.end, operation.repliedAt));
    for (const doubt of this.#doubtful.get(operation) ?? []) granted.cut(doubt.start, doubt.end);
    this.#doubtful.delete(operation);
    for (const claim of granted.claims) holder.ranges.add(claim);
  }

  /** While a downgrade is in flight, and for ever if its outcome is unknown, only the weaker lock is certain. */
  #downgrade(holder: Holder, operation: Operation): void {
    for (const claim of holder.ranges.cut(operation.start, operation.end)) {
      if (claim.mode === 'read') {
        holder.ranges.add(claim);
        continue;
      }
      this.#end(claim, this.#provenSoFar(claim), operation.invokedAt, 'replaced', operation.invokeIndex);
      holder.ranges.add({ ...claim, mode: 'read', heldFrom: operation.invokedAt });
    }
  }

  /**
   * Two requests of one owner for the same bytes that are in flight together: nobody knows which came
   * last, so of the bytes that both name the lock among them proves nothing.
   */
  #noteDoubts(holder: Holder, operation: Operation): void {
    for (const other of holder.unsettled) {
      if (!overlapping(other, operation)) continue;
      if (operation.op === 'lock' && other.op === 'lock' && operation.mode === other.mode) continue;
      if (operation.op === 'lock') this.#doubt(operation, other);
      if (other.op === 'lock' && other.outcome !== 'info') this.#doubt(other, operation);
    }
  }

  #doubt(lock: Operation, about: Operation): void {
    const doubts = this.#doubtful.get(lock) ?? [];
    doubts.push({ start: about.start, end: about.end });
    this.#doubtful.set(lock, doubts);
  }

  /**
   * A new session, or a reclaim: the server may have lost everything. What was held then is proven up to
   * its last proof and no further, until it is reclaimed. The belief goes on.
   * @param spareReclaimed what this very recovery has brought back already stays proven
   */
  #interrupt(state: ClientState, node: string, t: number, spareReclaimed: boolean): void {
    for (const holder of holdersOf(state)) {
      for (const claim of holder.ranges.claims) {
        if (claim.node !== node || (spareReclaimed && claim.grant.reclaim)) continue;
        claim.provenUntil ??= this.#provenSoFar(claim);
      }
      holder.unsettled = holder.unsettled.filter((each) => each.repliedAt > t);
    }
  }

  #lost(state: ClientState, event: ClientEvent, index: number): void {
    for (const holder of holdersOf(state)) {
      if (event.owner !== undefined && event.owner !== holder.owner) continue;
      if (event.file !== undefined && event.file !== holder.file) continue;
      const start = event.span?.start ?? 0;
      const end = event.span?.end ?? Number.POSITIVE_INFINITY;
      for (const claim of holder.ranges.cut(start, end)) {
        this.#end(claim, this.#provenSoFar(claim), event.t, 'told', index);
      }
    }
  }

  #provenSoFar(claim: OpenClaim): number {
    if (claim.provenUntil !== null) return claim.provenUntil;
    const state = this.#client(claim.client);
    const renewedAt = state.renewedAt.get(claim.node) ?? -1;
    const obeyedAt = state.holders.get(claim.file)?.get(claim.owner)?.obeyedAt.get(claim.node) ?? -1;
    return Math.max(claim.heldFrom, renewedAt, obeyedAt);
  }

  #end(
    claim: OpenClaim,
    provenUntil: number,
    believedUntil: number,
    ending: ClaimEnding,
    endIndex: number,
  ): void {
    this.#ended.push({
      ...claim,
      provenUntil: Math.max(claim.heldFrom, Math.min(provenUntil, claim.provenUntil ?? provenUntil)),
      believedUntil,
      ending,
      endIndex,
    });
  }

  #client(name: string): ClientState {
    let state = this.#clients.get(name);
    if (state === undefined) {
      state = { holders: new Map(), renewedAt: new Map() };
      this.#clients.set(name, state);
    }
    return state;
  }

  #holder(operation: Operation): Holder {
    const { holders } = this.#client(operation.client);
    const { client, owner, file } = operation;
    let ofFile = holders.get(file);
    if (ofFile === undefined) {
      ofFile = new Map();
      holders.set(file, ofFile);
    }
    let holder = ofFile.get(owner);
    if (holder === undefined) {
      holder = { client, owner, file, ranges: new HeldRanges(), obeyedAt: new Map(), unsettled: [] };
      ofFile.set(owner, holder);
    }
    return holder;
  }
}

function* holdersOf({ holders }: ClientState): Generator<Holder> {
  for (const ofFile of holders.values()) yield* ofFile.values();
}

function newClaim(grant: Operation, start: number, end: number, heldFrom: number): OpenClaim {
  return {
    client: grant.client,
    owner: grant.owner,
    file: grant.file,
    node: grant.node,
    // A LOCK without a mode cannot be judged as the stronger of the two.
    mode: grant.mode ?? 'read',
    start,
    end,
    grant,
    heldFrom,
    provenUntil: null,
  };
}
