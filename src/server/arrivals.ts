/**
 * Clients that come after a filesystem which has moved to this node as planned (rows 29 and 30). They were served by another node, whose
 * records speak of them, and come by this node's own address, since addresses stay where it is filesystems that move.
 */
import type { NodeId } from '../core/ids.ts';
import { claimsServedBy, type Ledger, memberOf, nodesOf } from '../core/ledger.ts';
import type { Mutants } from '../core/mutants.ts';
import { serviceOf } from './client-keys.ts';
import type { ClientIdentity, ReclaimAnswer } from './coordination.ts';
import type { ReclaimClaims } from './reclaim-claims.ts';

export interface ArrivalsOptions {
  readonly node: NodeId;
  readonly ledger: Ledger;
  /** Of the grace that runs. */
  readonly claims: ReclaimClaims;
  /** Claims that are about to be closed: nobody reclaims from these. */
  readonly finishing: ReadonlySet<NodeId>;
  /** Has this life taken something from it that it has not been told of? */
  readonly hasLost: (client: ClientIdentity) => boolean;
  /** {@link GraceRecoveryOptions.isTakingOver} */
  readonly isTakingOver: (owner: NodeId) => boolean;
  readonly mutants: Mutants;
}

export class Arrivals {
  readonly #options: ArrivalsOptions;

  constructor(options: ArrivalsOptions) {
    this.#options = options;
  }

  /**
   * Null: it has nothing to do with a filesystem that moved. Whoever lost something, here or at the node that the filesystem came from, gets nothing
   * before it has said that it is through with what it had there: nobody could tell what it lost from the rest.
   */
  answer(client: ClientIdentity): ReclaimAnswer | null {
    const { claims } = this.#options;
    if (claims.lostAt(client).length > 0 || this.#options.hasLost(client)) return 'no-grace';
    const former = this.#formerServices(client);
    if (former.some(this.#options.isTakingOver)) return 'delay';
    const isEntitled = (service: NodeId) => claims.answer({ ...client, service }, [service]) === 'grant';
    if (former.some(isEntitled)) return 'grant';
    return this.#areUnderWay(former) ? 'delay' : null;
  }

  /** {@link Coordination.mayArrive} */
  mayCome(client: ClientIdentity): boolean {
    const { claims } = this.#options;
    const former = this.#formerServices(client);
    return this.#areUnderWay(former) || former.some((service) => claims.expects({ ...client, service }));
  }

  /** Does this node not know yet what the client has to say that it is through with? */
  areAwaited(client: ClientIdentity): boolean {
    return this.#areUnderWay(this.#formerServices(client));
  }

  complete(client: ClientIdentity): void {
    const { claims, node } = this.#options;
    const own = serviceOf(client, node);
    const lost = claims.lostAt(client).filter((service) => service !== own);
    for (const service of [...this.#formerServices(client), ...lost]) claims.complete({ ...client, service });
  }

  /** Whose clients' claims came here with the filesystem. */
  #formerServices(client: ClientIdentity): NodeId[] {
    const { node, ledger, finishing } = this.#options;
    const own = serviceOf(client, node);
    return claimsServedBy(ledger, node).filter((of) => of !== own && !finishing.has(of));
  }

  /** The records are still to be read, or what is held for whom; or the filesystem is on its way, and its clients may have heard of it earlier than this node. */
  #areUnderWay(former: readonly NodeId[]): boolean {
    const { node, ledger, claims, isTakingOver, mutants } = this.#options;
    if (former.some((service) => !claims.isLoaded(service) || isTakingOver(service))) return true;
    return !mutants.has('M18') && nodesOf(ledger).some((owner) => memberOf(ledger, owner)!.movingTo === node);
  }
}
