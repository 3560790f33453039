/** Somebody who holds locks while others are at the server's throat. */
import type { Op } from '../client/compound.ts';
import { type CompoundProbe, op, type ProbeReply } from '../client/compound-probe.ts';
import { SessionlessProbe } from '../client/sessionless-probe.ts';
import * as nfs from '../nfs4/constants.ts';
import type { Stateid } from '../nfs4/types.ts';
import { type Actor, SessionActor, SessionlessActor, type Surroundings } from './actor.ts';
import * as ops from './operations.ts';
import { at, set } from './rehearsal.ts';

export const CONTENT = 'what nobody else may touch';
/** What is locked for writing; in between nothing is. */
const RANGES = [
  { offset: 0n, length: 8n },
  { offset: 16n, length: 4n },
  { offset: 1n << 40n, length: nfs.LENGTH_TO_END_OF_FILE },
] as const;
const FREE = [
  { offset: 8n, length: 8n },
  { offset: 20n, length: 1n << 30n },
] as const;

interface Held {
  readonly file: Buffer;
  open: Stateid;
  lock: Stateid;
}

/** Of one version; the file has its name. */
export class Victim {
  readonly name: string;
  readonly #actor: Actor;
  readonly #held: Held;
  #seen: readonly string[] = [];
  /** Requests that were answered. */
  served = 0;

  private constructor(name: string, actor: Actor, held: Held) {
    this.name = name;
    this.#actor = actor;
    this.#held = held;
  }

  /** @throws Error one sentence, when it cannot get what it is to lose */
  static async withSession(
    probe: CompoundProbe,
    version: 1 | 2,
    directory: Buffer,
    surroundings: Surroundings,
  ): Promise<Victim> {
    const actor = await SessionActor.start(probe, version, surroundings);
    const name = `kept-4.${version}`;
    const owner = Buffer.from(`${name} of ${surroundings.name}`);
    const stateOwner = { clientId: actor.clientId, owner };
    const { results } = await actor.run(at(directory), openCall(name, 0, stateOwner), op(ops.getFh, {}));
    const [, opened, handle] = results;
    if (opened?.status !== 0 || handle?.status !== 0) throw new Error(`${name} cannot be opened`);
    const held: Held = { file: handle.object, open: opened.stateid, lock: opened.stateid };
    for (const [index, range] of RANGES.entries()) {
      const openOwner = { openSeqid: 0, openStateid: held.open, lockSeqid: 0, lockOwner: stateOwner };
      const locker =
        index === 0
          ? ({ newLockOwner: true, openOwner } as const)
          : ({ newLockOwner: false, lockOwner: { lockStateid: held.lock, lockSeqid: 0 } } as const);
      const taken = await actor.run(
        at(held.file),
        op(ops.lock, { lockType: nfs.WRITE_LT, reclaim: false, ...range, locker }),
      );
      const [, locked] = taken.results;
      if (locked?.status !== 0) throw new Error(`${name} cannot be locked: ${taken.status}`);
      held.lock = locked.lockStateid;
    }
    return new Victim(name, actor, held).#filled();
  }

  /** The same in version 4.0. */
  static async withoutSession(
    probe: CompoundProbe,
    directory: Buffer,
    surroundings: Surroundings,
  ): Promise<Victim> {
    const actor = await SessionlessActor.start(probe, surroundings);
    const name = 'kept-4.0';
    const owner = Buffer.from(`${name} of ${surroundings.name}`);
    const stateOwner = { clientId: actor.clientId, owner };
    const opening = await actor.inSequence('open', (seqid) => [
      at(directory),
      openCall(name, seqid, stateOwner),
      op(ops.getFh, {}),
    ]);
    const [, opened, handle] = opening.results as [unknown, { stateid?: Stateid }?, { object?: Buffer }?];
    if (opened?.stateid === undefined || handle?.object === undefined)
      throw new Error(`${name} cannot be opened`);
    const held: Held = { file: handle.object, open: opened.stateid, lock: opened.stateid };
    const confirming = await actor.inSequence('open', (seqid) => [
      at(held.file),
      op(ops.openConfirm, { openStateid: held.open, seqid }),
    ]);
    const [, confirmed] = confirming.results;
    if (confirmed?.status === 0) held.open = confirmed.openStateid;
    for (const [index, range] of RANGES.entries()) {
      const { status, results } = await actor.inSequence(index === 0 ? 'open' : 'lock', (seqid) => {
        const openOwner = { openSeqid: seqid, openStateid: held.open, lockSeqid: 0, lockOwner: stateOwner };
        const locker =
          index === 0
            ? ({ newLockOwner: true, openOwner } as const)
            : ({ newLockOwner: false, lockOwner: { lockStateid: held.lock, lockSeqid: seqid } } as const);
        return [at(held.file), op(ops.lock, { lockType: nfs.WRITE_LT, reclaim: false, ...range, locker })];
      });
      // The first lock was the lock-owner's number 0.
      if (index === 0) actor.client.count('lock', 'OK');
      const locked = results[1] as { lockStateid?: Stateid } | undefined;
      if (locked?.lockStateid === undefined) throw new Error(`${name} cannot be locked: ${status}`);
      held.lock = locked.lockStateid;
    }
    return new Victim(name, actor, held).#filled();
  }

  async #filled(): Promise<this> {
    const data = Buffer.from(CONTENT);
    const writing = op(ops.write, { stateid: this.#held.lock, offset: 0n, stable: nfs.FILE_SYNC4, data });
    const { status } = await this.#actor.run(at(this.#held.file), writing);
    if (status !== 'OK') throw new Error(`${this.name} cannot be written: ${status}`);
    return this;
  }

  /** Keeps its lease, and counts that it is served. What is wrong, in one sentence; null: nothing. */
  async breathe(): Promise<string | null> {
    const { status } = await this.#run(at(this.#held.file), op(ops.getAttr, { attrRequest: [1 << 4] }));
    if (status !== 'OK') return `${this.name}: GETATTR is answered ${status}`;
    const known = await this.#actor.isKnown();
    return known ? null : `${this.name}: the server does not know the client any more`;
  }

  /** What an onlooker sees of its locks now is what is to be seen ever after. @throws Error when that is not what was taken */
  async beSeen(onlooker: Onlooker): Promise<void> {
    this.#seen = await onlooker.see(this.#held.file);
    const statuses = this.#seen.map((line) => line.split(' ')[0]);
    const wanted = [...RANGES.map(() => 'DENIED'), ...FREE.map(() => 'OK')];
    if (statuses.join() !== wanted.join())
      throw new Error(
        `${this.name}: the server shows locks that are not those it gave: ${this.#seen.join('; ')}`,
      );
  }

  /** As {@link breathe}, and looks at content and locks. @param onlooker somebody else */
  async inspect(onlooker: Onlooker): Promise<string | null> {
    const wrong = (await this.breathe()) ?? (await this.#judgeContent());
    if (wrong !== null) return wrong;
    const seen = await onlooker.see(this.#held.file);
    const changed = seen.findIndex((line, index) => line !== this.#seen[index]);
    return changed < 0
      ? null
      : `${this.name}: LOCKT was answered ${this.#seen[changed]}, and now ${seen[changed]}`;
  }

  async #judgeContent(): Promise<string | null> {
    const reading = op(ops.read, { stateid: this.#held.lock, offset: 0n, count: 1000 });
    const { status, results } = await this.#run(at(this.#held.file), reading);
    const [, got] = results;
    if (got?.status !== 0) return `${this.name}: READ with the stateid of its lock is answered ${status}`;
    const text = got.data.toString('latin1');
    return text === CONTENT ? null : `${this.name}: its content is ${JSON.stringify(text)}`;
  }

  end(): Promise<void> {
    return this.#actor.end();
  }

  async #run<const Ops extends readonly Op[]>(...asked: Ops): Promise<ProbeReply<Ops>> {
    const reply = await this.#actor.run(...asked);
    this.served += 1;
    return reply;
  }
}

const openCall = (file: string, seqid: number, owner: { clientId: bigint; owner: Buffer }) =>
  op(ops.open, {
    seqid,
    shareAccess: 3,
    shareDeny: 0,
    owner,
    openHow: { openType: nfs.OPEN4_CREATE, how: { mode: nfs.UNCHECKED4, createAttrs: set({ mode: 0o600 }) } },
    claim: { claim: nfs.CLAIM_NULL, file },
  });

/** Sees what is locked by asking for it. */
export class Onlooker {
  readonly #client: SessionlessProbe;

  private constructor(client: SessionlessProbe) {
    this.#client = client;
  }

  static async arrive(probe: CompoundProbe, name: string): Promise<Onlooker> {
    return new Onlooker(await SessionlessProbe.start(probe, name));
  }

  /** How LOCKT is answered for each range of a victim, and for what lies in between. */
  async see(file: Buffer): Promise<string[]> {
    const owner = { clientId: this.#client.clientId, owner: Buffer.from('an onlooker') };
    const lines: string[] = [];
    for (const range of [...RANGES, ...FREE]) {
      const asking = op(ops.lockT, { lockType: nfs.WRITE_LT, ...range, owner });
      const { status, results } = await this.#client.compound(at(file), asking);
      const answer = results[1];
      const denied = answer !== undefined && 'denied' in answer ? answer.denied : null;
      lines.push(
        denied === null
          ? status
          : `${status} ${denied.offset} ${denied.length} ${denied.owner.owner.toString('latin1')}`,
      );
    }
    return lines;
  }
}
