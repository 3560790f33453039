/** What a program finds on a simulated machine: its clock, its network, its kernel and its storage. The agents of real containers live on it. */
import { dirname } from 'node:path';
import type { Dial } from '../../client/channel.ts';
import type { Clock, Random } from '../../core/clock.ts';
import type { RunProgram } from '../../runtime/service-address.ts';
import type { DialBack } from '../../server/callbacks/dial.ts';
import { isReply, Peer } from '../../server/callbacks/peer.ts';
import type { LockCalls } from '../../server/filesystem/record-locks.ts';
import type { LockServer } from '../../server/server.ts';
import type { DomainStore } from '../../store/store.ts';
import { bytesOf } from '../chance.ts';
import type { Host } from '../network/network.ts';
import { SimEstateFiles } from '../storage/estate-files.ts';
import { SimFilesystem } from '../storage/filesystem.ts';
import { LedgerStore, type Reach } from '../storage/ledger-store.ts';
import type { World } from '../world.ts';
import { conversationOf, type SimConversation } from './conversation.ts';
import type { SimProcess } from './process.ts';

/** Where a store is, as store/open.ts has it. */
export type StorePlace =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'etcd'; readonly endpoints: readonly string[]; readonly prefix: string };

export interface MachineOptions {
  readonly world: World;
  readonly process: SimProcess;
  readonly host: Host;
  readonly address: string;
  /** Ends the process as it would end itself. */
  readonly exit: (status: number) => void;
  /** Of an etcd at these addresses, from this host. */
  readonly reachEtcd: (host: Host, endpoints: readonly string[], member: number) => Reach;
}

export class SimMachine {
  readonly conversation: SimConversation;
  readonly monotonicNs: () => bigint;
  readonly after: Clock['after'];
  readonly random: Random;
  readonly randomBytes: (count: number) => Buffer;
  readonly locks: LockCalls;
  readonly #options: MachineOptions;

  constructor(options: MachineOptions) {
    const { world, process, host } = options;
    this.#options = options;
    this.conversation = conversationOf(process);
    this.monotonicNs = world.timeline.monotonicNs;
    this.after = process.after;
    this.random = world.chance.stream(`${process.name} ${process.pid}`);
    this.randomBytes = bytesOf(this.random);
    // What is shared is at the same path everywhere; all else is the container's own.
    const own = (path: string) => (isShared(path) ? path : `${host.name}:${path}`);
    this.locks = world.kernel.callsOf(process, own);
  }

  readonly handleKey = (control: string): Buffer => this.#options.world.handleKey(dirname(control));

  readonly openEstates = (control: string): SimEstateFiles => {
    const { world, process } = this.#options;
    return new SimEstateFiles(world.estates(control), process, this.random);
  };

  readonly openFilesystem = (exportDir: string, key: Buffer): SimFilesystem => {
    const { world, process } = this.#options;
    const directory = dirname(exportDir);
    return new SimFilesystem(world.tree(directory), { name: directory, key }, world.kernel, process);
  };

  readonly openStore = async (place: StorePlace): Promise<DomainStore> => {
    const { world, process, host, reachEtcd } = this.#options;
    return new LedgerStore({
      domain: world.ledger(place.kind === 'sqlite' ? place.path : place.prefix),
      process,
      timeline: world.timeline,
      random: this.random,
      trouble: world.trouble(place.kind === 'sqlite' ? place.path : ETCD_CLUSTER),
      reach: (member) => (place.kind === 'sqlite' ? 'answers' : reachEtcd(host, place.endpoints, member)),
      queues: place.kind === 'etcd',
      mutants: world.mutants,
    });
  };

  /** `ip` and `arping`, as far as service addresses need them. */
  readonly run: RunProgram = async ([program, ...argv]) => {
    const { world, host } = this.#options;
    const done = { code: 0, stdout: '', stderr: '' };
    if (program !== 'ip') return done;
    const [, verb, prefixed = ''] = argv;
    const address = prefixed.split('/')[0]!;
    // As long as it takes to start a program.
    await new Promise<void>((resolve) => void this.after(1 + 4 * this.random(), resolve));
    if (!this.#options.process.acts) return done;
    if (verb === 'replace') world.network.raise(address, host);
    else world.network.drop(address, host);
    return done;
  };

  /** The server answers on this port of all of the host's addresses. */
  readonly listen = async (server: LockServer, _host: string, port: number) => {
    const { world, process, host, address } = this.#options;
    world.network.listen(process, host, port, (end, local, from) => {
      // A turn of the real event loop would never come.
      const later = (run: () => void) => void process.after(0, run);
      const peer = new Peer((message) => end.send(message), { address: from, local }, later);
      end.onEnd = () => peer.end();
      end.onMessage = (message) => {
        if (isReply(message)) {
          if (!peer.receive(message)) hangUp();
          return;
        }
        const answered = server.handleCall(message, peer, local);
        if (answered instanceof Promise) void answered.then(reply);
        else reply(answered);
      };
      const hangUp = () => {
        end.close();
        peer.end();
      };
      const reply = (answer: Buffer | null) => void (answer === null ? hangUp() : end.send(answer));
    });
    return { address, port };
  };

  readonly dial =
    (address: string, port: number): Dial =>
    async (events, timeoutMs) => {
      const { world, process, host } = this.#options;
      const end = await world.network.connect(process, host, { address, port }, timeoutMs);
      if (end === null) return null;
      end.onMessage = (message) => events.message(message);
      end.onEnd = (reason) => events.ended(reason);
      return { send: (message) => void end.send(message), close: () => end.close() };
    };

  readonly dialBack: DialBack = async ({ host: address, port }, events, timeoutMs) => {
    const { world, process, host } = this.#options;
    const end = await world.network.connect(process, host, { address, port }, timeoutMs);
    if (end === null) return null;
    end.onMessage = (message) => events.message(message);
    end.onEnd = () => events.ended();
    return { send: (message) => end.send(message), close: () => end.close() };
  };

  readonly log = (sentence: string): void => this.#options.world.write(this.#options.process.name, sentence);

  readonly end = (status: number, sentence?: string): void => {
    if (!this.#options.process.acts) return;
    if (sentence !== undefined) this.log(sentence);
    this.#options.exit(status);
  };

  /**
   * It stands still where it is. For good, it has no effect from now on, not even with what is left of this turn; for a while
   * (`ms`), it ends this turn first, since no program can be stopped in the middle of one here.
   */
  readonly halt = (ms: number | null): void => {
    const { process, world } = this.#options;
    if (ms === null) process.halt();
    else {
      process.pause();
      world.timeline.after(ms, () => process.resume());
    }
  };
}

/** What stands for all ledgers of an etcd cluster. */
export const ETCD_CLUSTER = 'etcd';

const isShared = (path: string): boolean => path.startsWith('/srv/');
