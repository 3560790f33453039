import type { Clock } from '../core/clock.ts';
import type { Mutants } from '../core/mutants.ts';
import { Wishes } from '../server/delegations/wishes.ts';
import { Domains, type LockDomain, type RootKind } from '../server/domains.ts';
import type { Observe } from '../server/observation.ts';
import { Clearance } from './clearance.ts';
import { FUSE_KERNEL_VERSION, LEAST_MINOR } from './fuse/constants.ts';
import { encodeReply, initBody } from './fuse/replies.ts';
import { type Bodies, decodeRequest, type FuseRequest } from './fuse/requests.ts';
import type { GateState } from './gate-state.ts';
import { Inodes } from './inodes.ts';
import { LocalLocks } from './local-locks.ts';
import { OpenFiles } from './open-files.ts';
import { operate } from './operations/index.ts';
import { error, errorNumber, OK, type Outcome, reply, SILENCE } from './outcome.ts';

/** How often those who wait are tried again: what they wait for may end on another node, which tells nobody. */
const LOOK_AGAIN_MS = 10;
/** How long a wish for somebody's delegation stays up that nobody comes for again. */
const WISH_PATIENCE_MS = 1000;

export interface GateOptions {
  /** With tables of locks and boards of their own: to all others the gate is one more node. */
  readonly domains: readonly LockDomain[];
  readonly root: RootKind;
  readonly clock: Clock;
  readonly mutants: Mutants;
  readonly observe: Observe;
  /** Hands a reply to the kernel. */
  readonly send: (reply: Buffer) => void;
}

/**
 * The gate: what is exported, for programs that are not NFS clients, through the kernel's FUSE. A request is carried out in one turn of the
 * event loop, as an NFS client's is; one that has to wait (SETLKW, and opens in grace) stays in a list, and is tried again until it is
 * granted or whoever asked is interrupted. No thread waits for anything.
 */
export class Gate {
  readonly #state: GateState;
  readonly #options: GateOptions;
  readonly #wishes: Wishes;
  /** In the order in which they came. */
  readonly #waiting = new Map<bigint, FuseRequest>();
  #cancel: (() => void) | null = null;
  #closed = false;

  constructor(options: GateOptions) {
    const { domains: all, root, clock, mutants, observe } = options;
    const domains = new Domains(all, root);
    const { filesystem } = domains;
    this.#options = options;
    this.#wishes = new Wishes(clock, WISH_PATIENCE_MS);
    const clearance = new Clearance(this.#wishes);
    const domainOf = domains.of.bind(domains);
    this.#state = {
      filesystem,
      inodes: new Inodes(filesystem.root()),
      opens: new OpenFiles(filesystem, clearance, domainOf),
      locks: new LocalLocks({ locks: domains.locks, domainOf, mutants }),
      clearance,
      domainOf: (node) => domains.find(node),
      labelOf: (domain) => domains.labelOf(domain),
      observe,
      pids: new Map(),
    };
  }

  /** How many requests wait for the lift, for a lock or for a delegation. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** One request of the kernel's, as it was read. */
  receive(bytes: Buffer): void {
    const decoded = decodeRequest(bytes);
    if (decoded.outcome === 'request') this.#carryOut(decoded.request, false);
    else if (decoded.unique !== 0n)
      this.#options.send(
        encodeReply(decoded.unique, errorNumber(decoded.outcome === 'unknown' ? 'ENOSYS' : 'EINVAL')),
      );
  }

  /** All that local programs have is let go of. */
  close(): void {
    this.#closed = true;
    this.#cancel?.();
    this.#cancel = null;
    for (const unique of [...this.#waiting.keys()]) this.#giveUp(unique);
    this.#wishes.stop();
    this.#state.locks.dropAll();
    this.#state.opens.closeAll();
  }

  #carryOut(request: FuseRequest, again: boolean): void {
    const { unique } = request.header;
    const outcome = this.#outcomeOf(request, again);
    if (outcome.kind === 'wait') {
      this.#waiting.set(unique, request);
      this.#lookAgain();
      return;
    }
    this.#waiting.delete(unique);
    if (outcome.kind === 'reply') this.#options.send(encodeReply(unique, 0, outcome.body));
    if (outcome.kind === 'error') this.#options.send(encodeReply(unique, errorNumber(outcome.errno)));
    // What one program lets go of another may wait for.
    if (!again && MAY_FREE.has(request.operation)) this.#tryWaiting();
  }

  #outcomeOf(request: FuseRequest, again: boolean): Outcome {
    switch (request.operation) {
      case 'init':
        return this.#init(request.body);
      case 'interrupt':
        this.#giveUp(request.body.unique);
        return SILENCE;
      case 'destroy':
        this.close();
        return OK;
      default:
        return this.#closed ? error('ENOTCONN') : operate(this.#state, request, again);
    }
  }

  #init({ major, minor, flags, maxReadahead }: Bodies['init']): Outcome {
    if (major !== FUSE_KERNEL_VERSION || minor < LEAST_MINOR) return error('EPROTO');
    return reply(initBody(flags, maxReadahead));
  }

  /** A signal: whoever waited is told so, and has got nothing. What was answered already is none of ours any more. */
  #giveUp(unique: bigint): void {
    if (!this.#waiting.delete(unique)) return;
    this.#options.send(encodeReply(unique, errorNumber('EINTR')));
  }

  #lookAgain(): void {
    if (this.#closed) return;
    this.#cancel ??= this.#options.clock.after(LOOK_AGAIN_MS, () => {
      this.#cancel = null;
      this.#tryWaiting();
    });
  }

  #tryWaiting(): void {
    for (const request of [...this.#waiting.values()]) this.#carryOut(request, true);
    if (this.#waiting.size > 0) this.#lookAgain();
  }
}

/** Whatever may let go of a lock, or of an open. */
const MAY_FREE: ReadonlySet<FuseRequest['operation']> = new Set(['setlk', 'setlkw', 'flush', 'release']);
