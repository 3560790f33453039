/** How a container comes to be, whatever the technique. Nothing here knows NFS. */

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

/** How a container's bytes are laid out; the same for all containers of a lab but for the name. */
export interface ContainerSpec {
  /** 1 to 15 characters of `[a-z0-9-]`: host name, interface and directory name. */
  readonly name: string;
  /** nodes mount the shared filesystem and have stable storage; clients have only a network. */
  readonly role: 'node' | 'client';
}

/** One container; it can live several lives, one after another. */
export interface Container {
  readonly name: string;
  readonly role: 'node' | 'client';
  /** IPv4 address; survives reboots. */
  readonly address: string;
  readonly running: boolean;
  /** Fresh namespaces, the interface plugged in, then the program as init. Refuses when already running. */
  boot(program: Program): Promise<Process>;
  /** Power cut: first the network goes silent (no FIN or RST escapes), then every process dies. Resolves when all is gone. */
  powerCut(): Promise<void>;
  /** SIGKILL to init with the network up: the peers see connections end. Resolves when all is gone. */
  kill(): Promise<void>;
  /** SIGTERM to init, SIGKILL after `patienceMs`. Resolves when all is gone. */
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
}

export interface Lab extends AsyncDisposable {
  /** Where the lab itself sees the shared filesystem; nodes see it at `NODE_PATHS.shared`. */
  readonly sharedDir: string;
  /** Declares a container; nothing runs before `boot`. */
  container(spec: ContainerSpec): Promise<Container>;
}

/** Paths inside a node container. */
export const NODE_PATHS = {
  /** The shared filesystem: `export/` is what is exported, `.gracelab/` is the control directory. */
  shared: '/srv/gracelab',
  /** Node-local stable storage; survives reboots. */
  stable: '/var/lib/gracelab',
  /** Node-local tmpfs; does not survive. */
  volatile: '/run',
} as const;
