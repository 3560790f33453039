/**
 * Hand-built COMPOUNDs of version 4.0, beside compound-probe.ts: who the client is, and which seqid is whose turn. Everything else is the
 * caller's; nothing is retried.
 *
 *     const probe = await CompoundProbe.connect({ host, port, clock, random });
 *     const alice = await SessionlessProbe.start(probe, 'alice');
 *     const { status } = await alice.inSequence('app', (seqid) => [op(putRootFh, {}), op(open, { seqid, ... })]);
 */
import { type SetClientidResult, setClientid } from '../nfs4/operations/set-clientid.ts';
import { setClientidConfirm } from '../nfs4/operations/set-clientid-confirm.ts';
import { NFS4_OK, statusName } from '../nfs4/status.ts';
import type { NetAddress } from '../nfs4/types.ts';
import { type Op, op } from './compound.ts';
import type { CompoundProbe, ProbeReply } from './compound-probe.ts';

/** After these a request is to be sent with the same seqid (RFC 7530 section 9.1.7). */
const SAME_SEQID_AGAIN: ReadonlySet<string> = new Set([
  'STALE_CLIENTID',
  'STALE_STATEID',
  'BAD_STATEID',
  'BAD_SEQID',
  'BADXDR',
  'RESOURCE',
  'NOFILEHANDLE',
  'MOVED',
]);

export interface SessionlessOptions {
  /** 8 bytes; default: eight zeros, so that one name is one life of a client. */
  readonly verifier?: Buffer;
  /** Where it can be called back; default: nowhere. */
  readonly callback?: { readonly program: number; readonly location: NetAddress };
}

export class SessionlessProbe {
  readonly name: string;
  /** As the newest SETCLIENTID gave it, and what is to be confirmed with it. */
  clientId = 0n;
  confirmVerifier: Buffer = Buffer.alloc(8);
  #probe: CompoundProbe;
  readonly #options: SessionlessOptions;
  /** Of each owner's next request, by whatever the caller calls that owner. */
  readonly #seqids = new Map<string, number>();

  constructor(probe: CompoundProbe, name: string, options: SessionlessOptions = {}) {
    this.#probe = probe;
    this.name = name;
    this.#options = options;
  }

  /**
   * Introduced and confirmed.
   * @throws Error one sentence, when one of them is refused
   */
  static async start(
    probe: CompoundProbe,
    name: string,
    options: SessionlessOptions = {},
  ): Promise<SessionlessProbe> {
    const client = new SessionlessProbe(probe, name, options);
    const { status } = await client.introduce();
    if (status !== NFS4_OK) throw new Error(`SETCLIENTID was answered ${statusName(status)}`);
    const confirmed = await client.confirm();
    if (confirmed !== 'OK') throw new Error(`SETCLIENTID_CONFIRM was answered ${confirmed}`);
    return client;
  }

  /** From now on over another connection. */
  use(probe: CompoundProbe): void {
    this.#probe = probe;
  }

  /** SETCLIENTID. */
  async introduce(): Promise<SetClientidResult> {
    const { verifier = Buffer.alloc(8), callback } = this.#options;
    const { results } = await this.compound(
      op(setClientid, {
        client: { verifier, id: Buffer.from(this.name, 'utf8') },
        callback: {
          cbProgram: callback?.program ?? 0,
          cbLocation: callback?.location ?? { netId: 'tcp', address: '0.0.0.0.0.0' },
        },
        callbackIdent: 0,
      }),
    );
    const [result] = results;
    if (result === undefined) throw new Error('the server answered the COMPOUND without running it');
    if (result.status === NFS4_OK) {
      this.clientId = result.clientId;
      this.confirmVerifier = result.setclientidConfirm;
    }
    return result;
  }

  /** SETCLIENTID_CONFIRM; its status by name. */
  async confirm(clientId = this.clientId, setclientidConfirm = this.confirmVerifier): Promise<string> {
    return (await this.compound(op(setClientidConfirm, { clientId, setclientidConfirm }))).status;
  }

  /** One COMPOUND of version 4.0 exactly as given. */
  compound<const Ops extends readonly Op[]>(...ops: Ops): Promise<ProbeReply<Ops>> {
    return this.#probe.compoundOf(0, ops);
  }

  /** The seqid that this owner's next request is to have; the first is 0. */
  seqid(owner: string): number {
    return this.#seqids.get(owner) ?? 0;
  }

  /** A COMPOUND whose last operation with a seqid is one of this owner. The seqid is counted as the answer says. */
  async inSequence<const Ops extends readonly Op[]>(
    owner: string,
    build: (seqid: number) => Ops,
  ): Promise<ProbeReply<Ops>> {
    const reply = await this.compound(...build(this.seqid(owner)));
    this.count(owner, reply.status);
    return reply;
  }

  /** A request of this owner was answered thus. */
  count(owner: string, status: string): void {
    if (!SAME_SEQID_AGAIN.has(status)) this.#seqids.set(owner, (this.seqid(owner) + 1) >>> 0);
  }
}
