/** How a container comes to be, whatever the technique. Nothing here knows NFS. */
import type { Offer } from './abilities.ts';

/** A program to run inside a container. */
export interface Program {
  readonly argv: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
}

/** A started program whose stdin and stdout carry JSON lines and whose stderr goes to a log. */
export interface Process {
  readonly pid: number;
  /** Queues one JSON line; silently dropped once the process is gone. */
  send(message: object): void;
  /** Every JSON line the process writes, also those from before the first listener; a line that is not JSON goes to the log. */
  onMessage(listener: (message: unknown) => void): void;
  /**
   * Resolves when the whole container is gone and may boot again. An init that killed itself with SIGKILL or
   * a signal it does not handle is not a case: the kernel keeps those from process 1 of a container.
   */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
}

/**
 * nodes mount the shared filesystems and have stable storage; stores, in which a database of the cluster's runs,
 * have stable storage only; clients have neither. All have a network.
 */
export type ContainerRole = 'node' | 'client' | 'store';

/** How a container's bytes are laid out; the same for all containers of a lab but for the name. */
export interface ContainerSpec {
  /** 1 to 15 characters of `[a-z0-9-]`: host name, interface and directory name. */
  readonly name: string;
  readonly role: ContainerRole;
  /** Which of the lab's further filesystems a node mounts; by default all. The lab's first one every node has. */
  readonly filesystems?: readonly string[];
}

/** One container; it can live several lives, one after another. */
export interface Container {
  readonly name: string;
  readonly role: ContainerRole;
  /** IPv4 address of its own; survives reboots. */
  readonly address: string;
  /**
   * A node's address for its clients, which may move to another node; null for other roles. The runtime only assigns
   * it: whoever serves it raises it from inside (see service-address.ts), and it goes away with that life.
   */
  readonly serviceAddress: string | null;
  readonly running: boolean;
  /** Fresh namespaces, the interface plugged in, then the program as init. Refuses when already running. */
  boot(program: Program, options?: BootOptions): Promise<Process>;
  // The three ends resolve when every process is gone, and when there was none. They reject when the kernel does
  // not let a process go in time (uninterruptible sleep): then nobody knows what the container still does.
  /** Power cut: first the network goes silent (no FIN or RST escapes), then every process dies. */
  powerCut(): Promise<void>;
  /** SIGKILL to init with the network up: the peers see connections end. A paused container dies as well. */
  kill(): Promise<void>;
  /** SIGTERM to init, SIGKILL after `patienceMs`. */
  stop(patienceMs: number): Promise<void>;
  /** Init stops where it is (SIGSTOP): alive, silent, its files and locks held. Nothing happens when it is not running. */
  pause(): void;
  /** Init goes on (SIGCONT). Nothing happens when it is not running. */
  resume(): void;
  /** Runs a program beside init, inside the container; resolves with its exit. */
  exec(
    argv: readonly string[],
    options?: { readonly input?: string },
  ): Promise<{ code: number; stdout: string; stderr: string }>;
  /** Starts a program beside init that talks as init does; it ends with the container's life at the latest. */
  readonly beside?: ((program: Program) => Promise<Process>) | undefined;
  /** What the kernel of this life does to segments of a TCP port; see PortRules. */
  readonly port?: PortRules | undefined;
  /** Its own storage. Nobody has it but nodes and stores. */
  readonly stable?: StableStorage | undefined;
}

/** Rules for what comes to a TCP port of a container from outside. They end with its life. */
export interface PortRules {
  /** Every segment to and from the ports is answered with a reset, until the returned function is called; it says how many were. */
  reset(ports: readonly number[]): Promise<() => Promise<number>>;
  /** Connections to `port` reach `to` instead, where a program beside init listens; those that were there before are reset. */
  redirect(port: number, to: number): Promise<() => Promise<void>>;
}

export interface StableStorage {
  /** Everything in it is gone. Refuses while the container runs. */
  clear(): Promise<void>;
  /** Nothing can be written to it, in this life and later ones; or again it can. */
  setReadOnly(on: boolean): Promise<void>;
}

/** How a life begins, where that is not as always. */
export interface BootOptions {
  /** By how much its monotonic clock is ahead of the lab's; 0: it has the lab's. */
  readonly clockAheadMs?: number;
}

/** Containers that do not hear others, until it is healed. */
export interface Partition {
  /** From the return on frames pass again, unless another partition drops them too. A second call does nothing. */
  heal(): Promise<void>;
}

export interface PartitionOptions {
  /** `one-way`: what the first group sends does not reach the second; what the second sends reaches the first. */
  readonly direction: 'both' | 'one-way';
}

export interface Lab extends AsyncDisposable {
  /** Where the lab itself sees the shared filesystem; nodes see it at `NODE_PATHS.shared`. */
  readonly sharedDir: string;
  /** Where the lab itself sees a further shared filesystem; nodes see it at `NODE_PATHS.further(name)`. @throws for a name that none has. */
  sharedDirOf(name: string): string;
  /** Declares a container; nothing runs before `boot`. */
  container(spec: ContainerSpec): Promise<Container>;
  /**
   * Drops all frames between the containers named in `a` and those in `b`, whatever addresses they serve and however
   * often they reboot, from the return on and until healed. Any number at once, overlapping, healed in any order.
   * @throws one sentence for names that no container has, or that are in both groups
   */
  partition(a: readonly string[], b: readonly string[], options: PartitionOptions): Promise<Partition>;
  /** What it can do of abilities.ts; left out: all that this machine allows (namespace/abilities.ts finds that out). */
  readonly offer?: Offer | undefined;
  /** Loses this share (0 to 1) of the frames between the two groups, both ways, until the returned function is called; it says how many were lost. */
  readonly lose?:
    | ((a: readonly string[], b: readonly string[], share: number) => Promise<() => Promise<number>>)
    | undefined;
  /** No byte more fits into a shared filesystem than is in it, until the returned function is called. @param name of a further one; null: the first */
  readonly fill?: ((name: string | null) => Promise<() => Promise<void>>) | undefined;
}

/** Paths inside a node container; in a store's, `stable` and `volatile` only. */
export const NODE_PATHS = {
  /** The shared filesystem: `export/` is what is exported, `.gracelab/` is the control directory. */
  shared: '/srv/gracelab',
  /** A further shared filesystem, laid out the same. */
  further: (name: string): string => `/srv/gracelab-domains/${name}`,
  /** Node-local stable storage; survives reboots. */
  stable: '/var/lib/gracelab',
  /** Node-local tmpfs; does not survive. */
  volatile: '/run',
  /** An empty directory, on which the node's program may mount what it shows to other programs. */
  gate: '/gate',
} as const;
