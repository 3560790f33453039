/** One client's worth of mutations: it says everything once by the book, and what it said is what mutations begin with. */
import { type Actor, SessionActor, SessionlessActor, SLOTS } from './actor.ts';
import { fire, type Volley } from './assailant.ts';
import { revived } from './corpus.ts';
import { Lots } from './lots.ts';
import { type Mutant, type MutantMaker, makeMutant } from './mutant.ts';
import { rehearseSessions } from './rehearsal.ts';
import { rehearseSessionless } from './rehearsal-0.ts';
import { understand } from './reply.ts';
import type { SentMutant } from './report.ts';
import type { Stage } from './stage.ts';
import { type RecordedRequest, Tape } from './tape.ts';

/** Mutants of one round; a new client then, since most of what the old one had is gone. */
export const ROUND_REQUESTS = 240;
/** Each on a slot of its own. */
const VOLLEY = 8;
const RECENT = 40;

export interface Tally {
  requests: number;
  answered: number;
  closed: number;
  entered: number;
  readonly statuses: Map<string, number>;
}

export interface RoundOptions {
  readonly seed: number;
  readonly round: number;
  readonly versions: readonly (0 | 1 | 2)[];
  /** At most. */
  readonly requests: number;
  readonly tally: Tally;
  /** Requests of somebody else that are mutated as well. */
  readonly corpus: readonly RecordedRequest[];
  /** Told what the client said by the book. */
  readonly onRecorded: (requests: readonly RecordedRequest[]) => void;
}

export interface Wrong {
  readonly what: string;
  readonly recent: readonly SentMutant[];
}

/** Null: nothing was found. @throws Error when the round could not even begin */
export async function playRound(stage: Stage, options: RoundOptions): Promise<Wrong | null> {
  const { seed, round, versions } = options;
  const version = versions[round % versions.length] as 0 | 1 | 2;
  const name = `round ${round}`;
  const tape = new Tape();
  const probe = await stage.recorded(tape);
  try {
    const actor = await rehearse(stage, probe, version, name);
    const lots = new Lots(seed, round);
    const kept = options.corpus.filter(({ anatomy }) => anatomy.minorVersion === version);
    const requests = [...tape.requests, ...kept.map((each) => revived(each, tape.requests, lots))];
    options.onRecorded(tape.requests);
    const battle = new Battle(stage, actor, requests, lots, options.tally);
    const wrong = await battle.fight(Math.min(options.requests, ROUND_REQUESTS));
    if (wrong !== null) return wrong;
    await actor.end();
    await stage.clearRound(name);
    return null;
  } finally {
    probe.close();
  }
}

async function rehearse(
  stage: Stage,
  probe: Awaited<ReturnType<Stage['recorded']>>,
  version: 0 | 1 | 2,
  name: string,
): Promise<Actor> {
  const directory = await stage.roundDirectory(name);
  if (version === 0) {
    const actor = await SessionlessActor.start(probe, stage.named(name));
    await rehearseSessionless(actor, directory);
    return actor;
  }
  const actor = await SessionActor.start(probe, version, stage.named(name));
  await rehearseSessions(actor, directory, version);
  return actor;
}

class Battle {
  readonly #stage: Stage;
  readonly #actor: Actor;
  readonly #maker: MutantMaker;
  readonly #tally: Tally;
  readonly #sequences: number[] = new Array(SLOTS).fill(1);
  /** Slots that were said to be out of order once. */
  readonly #doubtful = new Set<number>();
  readonly #recent: Mutant[] = [];
  #xid = 1;

  constructor(stage: Stage, actor: Actor, tape: readonly RecordedRequest[], lots: Lots, tally: Tally) {
    this.#stage = stage;
    this.#actor = actor;
    this.#tally = tally;
    const nextXid = () => {
      this.#xid += 1;
      return this.#xid;
    };
    this.#maker = { lots, tape, sequences: this.#sequences, sessionId: actor.sessionId, nextXid };
  }

  async fight(requests: number): Promise<Wrong | null> {
    const { patienceMs, host, port, clock } = this.#stage.where;
    for (let sent = 0, turn = 0; sent < requests; turn += 1) {
      const slots = turn % 2 === 0 ? 1 : VOLLEY;
      const mutants = this.#draw(Math.min(VOLLEY, requests - sent), slots);
      sent += mutants.length;
      this.#tally.requests += mutants.length;
      const volley = await fire({ host, port, clock, patienceMs }, mutants, this.#maker.nextXid());
      const wrong = this.#judge(volley) ?? (await this.#stage.breathe(turn));
      if (wrong !== null) return { what: wrong, recent: this.#recent.map(sentMutant) };
      this.#learn(volley, mutants);
      if (!(await this.#actor.isKnown())) return null;
    }
    return null;
  }

  /** The one that spoils the connection is the last. */
  #draw(count: number, firstSlot: number): Mutant[] {
    const mutants: Mutant[] = [];
    while (mutants.length < count && mutants.at(-1)?.spoils !== true) {
      // Slots 1 to 15.
      const mutant = makeMutant(this.#maker, 1 + ((firstSlot + mutants.length - 1) % (SLOTS - 1)));
      mutants.push(mutant);
      this.#recent.push(mutant);
    }
    this.#recent.splice(0, Math.max(0, this.#recent.length - RECENT));
    return mutants;
  }

  /** What is wrong; null: nothing. */
  #judge({ refused, garbled, silent, replies }: Volley): string | null {
    if (refused !== null) return `the server takes no connection: ${refused}`;
    if (garbled !== null) return `the server sends what is no record: ${garbled}`;
    const [first] = silent;
    if (first !== undefined)
      return first.spoils
        ? `the server keeps a connection that its peer has ended in the middle of a message (${first.what.join(', ')})`
        : `the server does not answer ${first.name} (${first.what.join(', ')})`;
    const unreadable = replies.find((reply) => understand(reply) === null && !isCallback(reply));
    return unreadable === undefined ? null : `a reply cannot be read: ${unreadable.toString('hex')}`;
  }

  #learn({ replies, closed }: Volley, mutants: readonly Mutant[]): void {
    if (closed) this.#tally.closed += 1;
    for (const reply of replies) {
      const understood = understand(reply);
      if (understood === null || understood.outcome === 'NULL') continue;
      this.#tally.answered += 1;
      const { statuses } = this.#tally;
      statuses.set(understood.outcome, (statuses.get(understood.outcome) ?? 0) + 1);
      const { slot } = understood;
      if (slot !== null) {
        this.#tally.entered += 1;
        this.#doubtful.delete(slot.id);
        if (slot.id < SLOTS) this.#sequences[slot.id] = (slot.sequenceId + 1) >>> 0;
      } else if (understood.outcome.startsWith('SEQ_'))
        this.#suspect(mutants, understood.outcome, reply.readUInt32BE(0));
    }
  }

  /** An answer was lost with its connection: the server is one ahead of what we know, or more, which shows when it says so again. */
  #suspect(mutants: readonly Mutant[], outcome: string, xid: number): void {
    const mutant = mutants.find((each) => each.xid === xid);
    if (mutant === undefined || !mutant.inTurn) return;
    const { slot } = mutant;
    if (outcome !== 'SEQ_FALSE_RETRY' && !this.#doubtful.delete(slot)) this.#doubtful.add(slot);
    else this.#sequences[slot] = (this.#sequences[slot] ?? 1) + 1;
  }
}

/** The server's own call: it tries whether it could call the client back. */
const isCallback = (message: Buffer): boolean => message.length >= 8 && message.readUInt32BE(4) === 0;

const sentMutant = ({ name, what, bytes }: Mutant): SentMutant => ({
  request: name,
  mutations: what,
  bytes: bytes.toString('hex'),
});
