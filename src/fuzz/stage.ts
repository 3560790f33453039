/** The place where it happens: a directory of the run's own, with victims, and somebody who looks on. */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { CompoundProbe, op } from '../client/compound-probe.ts';
import { tcpDial } from '../client/tcp.ts';
import type { Clock } from '../core/clock.ts';
import { attributeBitmap } from '../nfs4/attributes.ts';
import { NF4DIR } from '../nfs4/constants.ts';
import { XdrError } from '../xdr/xdr-error.ts';
import { SessionActor, type Surroundings } from './actor.ts';
import { kernelLocksOn } from './kernel-locks.ts';
import * as ops from './operations.ts';
import { at, handleAfter, make } from './rehearsal.ts';
import { recording, type Tape } from './tape.ts';
import { Onlooker, Victim } from './victim.ts';

export interface Where {
  readonly host: string;
  readonly port: number;
  /** From the server's root. */
  readonly path: readonly string[];
  /** The same directory as this machine has it; null: not here. */
  readonly local: string | null;
  readonly clock: Clock;
  readonly patienceMs: number;
  readonly runId: string;
}

const PRINCIPAL = { uid: 0, gid: 0, machine: 'fuzz' };
const REST_MS = 50;
const KERNEL_LOOKS = 10;
/** Deeper than anything that is made here: one COMPOUND may have a hundred CREATEs, each in the directory of the one before. */
const MAX_DEPTH = 500;

export class Stage {
  readonly where: Where;
  readonly victims: readonly Victim[];
  readonly #keeper: SessionActor;
  readonly #onlooker: Onlooker;
  readonly #probes: CompoundProbe[];
  readonly #directory: Buffer;
  readonly #names: { readonly run: string; readonly victims: string };
  #kernelLocks: readonly string[] | null = null;

  private constructor(parts: Pick<Stage, 'where' | 'victims'>, made: Made) {
    this.where = parts.where;
    this.victims = parts.victims;
    this.#keeper = made.keeper;
    this.#onlooker = made.onlooker;
    this.#probes = made.probes;
    this.#directory = made.directory;
    this.#names = made.names;
  }

  /** @throws Error one sentence, when it cannot be set up */
  static async set(where: Where): Promise<Stage> {
    const probes: CompoundProbe[] = [];
    try {
      return await Stage.#setWith(where, probes);
    } catch (error) {
      for (const probe of probes) probe.close();
      throw error;
    }
  }

  static async #setWith(where: Where, probes: CompoundProbe[]): Promise<Stage> {
    const probe = async () => {
      const made = await connect(where);
      probes.push(made);
      return made;
    };
    const named = (name: string) => surroundingsOf(where, name);
    const keeper = await SessionActor.start(await probe(), 1, named('keeper'));
    const onlooker = await Onlooker.arrive(await probe(), `onlooker ${where.runId}`);
    // Nobody can guess the way to the victims.
    const names = {
      run: `gracelab-fuzz-${where.runId}`,
      victims: `victims-${randomBytes(8).toString('hex')}`,
    };
    const walk = [op(ops.putRootFh, {}), ...where.path.map((objName) => op(ops.lookup, { objName }))];
    const { status } = await keeper.run(...walk, make(names.run, NF4DIR));
    if (status !== 'OK') throw new Error(`no directory can be made in /${where.path.join('/')}: ${status}`);
    const directory = await handleAfter(keeper, ...walk, op(ops.lookup, { objName: names.run }));
    await keeper.run(at(directory), make(names.victims, NF4DIR));
    const theirs = await handleAfter(keeper, at(directory), op(ops.lookup, { objName: names.victims }));
    const victims: Victim[] = [];
    const stage = new Stage({ where, victims }, { keeper, onlooker, probes, directory, names });
    try {
      victims.push(await Victim.withoutSession(await probe(), theirs, named('victim 0')));
      victims.push(await Victim.withSession(await probe(), 1, theirs, named('victim 1')));
      victims.push(await Victim.withSession(await probe(), 2, theirs, named('victim 2')));
      for (const victim of victims) await victim.beSeen(onlooker);
    } catch (error) {
      // What was made goes again as far as the server lets it; why it failed is what is to be told.
      await stage.strike().catch(() => stage.abandon());
      throw error;
    }
    stage.#kernelLocks = stage.#lookAtKernel();
    return stage;
  }

  /** How many locks the kernel lists; null: nobody looks. */
  get kernelLocks(): number | null {
    return this.#kernelLocks?.length ?? null;
  }

  /** A directory for one round. */
  async roundDirectory(name: string): Promise<Buffer> {
    await this.#keeper.run(at(this.#directory), make(name, NF4DIR));
    return handleAfter(this.#keeper, at(this.#directory), op(ops.lookup, { objName: name }));
  }

  clearRound(name: string): Promise<boolean> {
    return this.#removeTree(this.#directory, name, 0);
  }

  /** A connection whose requests are recorded. */
  recorded(tape: Tape): Promise<CompoundProbe> {
    return connect(this.where, tape);
  }

  named(name: string): Surroundings {
    return surroundingsOf(this.where, name);
  }

  /** One victim after the other keeps its lease; the keeper too. What is wrong; null: nothing. */
  async breathe(turn: number): Promise<string | null> {
    if (turn % 8 === 0) await this.#keeper.isKnown();
    const victim = this.victims[turn % this.victims.length] as Victim;
    return guarded(victim.name, () => victim.breathe());
  }

  /** Everything about the victims. What is wrong; null: nothing. */
  async inspect(): Promise<string | null> {
    for (const victim of this.victims) {
      const wrong = await guarded(victim.name, () => victim.inspect(this.#onlooker));
      if (wrong !== null) return wrong;
    }
    let now = this.#lookAtKernel();
    // The list is not read in one piece: while others lock, a line may come twice or not at all. What is really so stays.
    for (let look = 1; look < KERNEL_LOOKS && now?.join() !== this.#kernelLocks?.join(); look += 1)
      now = this.#lookAtKernel();
    if (now === null || this.#kernelLocks === null || now.join() === this.#kernelLocks.join()) return null;
    return `the kernel had ${this.#kernelLocks.length} locks of the victims, and has now: ${now.join('; ') || 'none'}`;
  }

  /** Nothing is left, and nobody is connected. False: something could not be removed. */
  async strike(): Promise<boolean> {
    for (const victim of this.victims) await victim.end();
    const { path: way } = this.where;
    const parent = await handleAfter(
      this.#keeper,
      op(ops.putRootFh, {}),
      ...way.map((objName) => op(ops.lookup, { objName })),
    );
    const gone = await this.#removeTree(parent, this.#names.run, 0);
    await this.#keeper.end();
    this.abandon();
    return gone;
  }

  abandon(): void {
    for (const probe of this.#probes) probe.close();
  }

  #lookAtKernel(): string[] | null {
    const { local } = this.where;
    if (local === null) return null;
    const { run, victims } = this.#names;
    return kernelLocksOn(this.victims.map(({ name }) => path.join(local, run, victims, name)));
  }

  async #removeTree(parent: Buffer, name: string, depth: number): Promise<boolean> {
    const removing = () => this.#keeper.run(at(parent), op(ops.remove, { target: name }));
    const { status } = await removing();
    if (status === 'OK' || status === 'NOENT') return true;
    if (status !== 'NOTEMPTY' || depth > MAX_DEPTH) return false;
    const directory = await handleAfter(this.#keeper, at(parent), op(ops.lookup, { objName: name }));
    for (let names = await this.#list(directory); names.length > 0; names = await this.#list(directory)) {
      let removed = 0;
      for (const each of names) if (await this.#removeTree(directory, each, depth + 1)) removed += 1;
      if (removed === 0) return false;
    }
    return (await removing()).status === 'OK';
  }

  async #list(directory: Buffer): Promise<string[]> {
    const page = { cookie: 0n, cookieVerf: Buffer.alloc(8), dirCount: 4096, maxCount: 32_768 };
    const attrRequest = attributeBitmap(['rdattrError']);
    try {
      const { results } = await this.#keeper.run(at(directory), op(ops.readDir, { ...page, attrRequest }));
      const [, listed] = results;
      return listed?.status === 0 ? listed.reply.entries.map(({ name }) => name) : [];
    } catch (error) {
      // Names that are no UTF-8: some servers make them, and nobody can name them here.
      if (error instanceof XdrError) return [];
      throw error;
    }
  }
}

interface Made {
  readonly keeper: SessionActor;
  readonly onlooker: Onlooker;
  readonly probes: CompoundProbe[];
  readonly directory: Buffer;
  readonly names: { readonly run: string; readonly victims: string };
}

/** A connection that ends under a victim is a finding as well. */
async function guarded(name: string, act: () => Promise<string | null>): Promise<string | null> {
  try {
    return await act();
  } catch (error) {
    return `${name}: ${(error as Error).message}`;
  }
}

function connect(where: Where, tape?: Tape): Promise<CompoundProbe> {
  const { host, port, clock } = where;
  const dial = tcpDial(host, port, clock);
  const timeoutMs = where.patienceMs;
  return CompoundProbe.connect({
    ...{ host, port, clock, timeoutMs, principal: PRINCIPAL },
    // Numbers of requests: nothing that is drawn from the seed hangs on them.
    random: () => 0,
    dial: recording(dial, tape),
  });
}

function surroundingsOf({ clock, runId }: Where, name: string): Surroundings {
  const rest = () => new Promise<void>((go) => void clock.after(REST_MS, go));
  return { name: `${name} ${runId}`, rest };
}
