/**
 * The kernel's end of the gate: the descriptor of /dev/fuse, and the mount that it stands behind.
 *
 * Requests are read on the thread that serves NFS as well, without ever blocking it: the descriptor does not block, and the kernel is asked
 * to say by SIGIO that there is something to read (F_SETOWN and O_ASYNC of fcntl(2); fuse_dev_fasync() of the kernel). So no thread of the pool
 * waits in a read for the life of the process, which would starve the others of it and keep the process from ending.
 */
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import koffi from 'koffi';
import { MAX_TRANSFER_BYTES } from './fuse/replies.ts';

const libc = koffi.load('libc.so.6');
const mountCall = libc.func(
  'int mount(const char *source, const char *target, const char *type, uint64_t flags, const char *options)',
);
const fcntlCall = libc.func('int fcntl(int fd, int command, int64_t argument)');

/** mount(2) and fcntl(2), asm-generic. */
const MS_NOSUID = 2;
const MS_NODEV = 4;
const F_SETFL = 4;
const F_SETOWN = 8;
const O_ASYNC = 0o20000;

export const FUSE_DEVICE = '/dev/fuse';
/** A request has at most this much beside its data. */
const HEAD_BYTES = 64 * 1024;
const REQUESTS_PER_TURN = 32;

export interface Served {
  /** One request; the buffer is used again. */
  receive(request: Buffer): void;
  /**
   * Somebody has unmounted it, or cut it off (/sys/fs/fuse/connections): nobody has anything open there any more, and the kernel need not
   * have said so of each file.
   */
  gone(): void;
}

export interface Device {
  /** Hands a reply to the kernel; one that it does not want any more is no news. */
  send(reply: Buffer): void;
  /** Everybody who has something open there is told ENOTCONN from now on. */
  close(): void;
}

/**
 * Mounts the gate at `mountPoint`. The mount ends with this process at the latest, with an error for all who use it: nothing else has its descriptor.
 * @throws Error one sentence with the remedy
 */
export function mountGate(mountPoint: string, served: Served): Device {
  let fd: number;
  try {
    fd = openSync(FUSE_DEVICE, constants.O_RDWR | constants.O_NONBLOCK);
  } catch (error) {
    throw new Error(
      `the gate needs ${FUSE_DEVICE}, which cannot be opened (${(error as NodeJS.ErrnoException).code}); load the kernel module with "modprobe fuse", or let this user open it, or leave "gate" out`,
    );
  }
  const options = `fd=${fd},rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions`;
  if (mountCall('gracelab-gate', mountPoint, 'fuse', MS_NOSUID | MS_NODEV, options) !== 0) {
    const errno = koffi.errno();
    closeSync(fd);
    throw new Error(`the gate cannot be mounted at ${mountPoint} (error ${errno} of mount)`);
  }
  let open = true;
  const close = () => {
    if (!open) return;
    open = false;
    // First the descriptor: a signal without somebody to hear it ends the process.
    closeSync(fd);
    process.off('SIGIO', drain);
  };
  const gone = () => {
    close();
    served.gone();
  };
  const drain = drainer(fd, { receive: served.receive, gone }, () => open);
  process.on('SIGIO', drain);
  // Only now: a descriptor without a mount has nothing to tell.
  fcntlCall(fd, F_SETOWN, process.pid);
  fcntlCall(fd, F_SETFL, constants.O_RDWR | constants.O_NONBLOCK | O_ASYNC);
  // What came before the kernel knew whom to tell.
  setImmediate(drain);
  return {
    send: (reply) => open && write(fd, reply),
    close,
  };
}

/**
 * Reads until there is nothing left: signals do not queue, so one may stand for many requests. A program that asks as fast as it is
 * answered is let wait for a turn now and then: NFS clients have their own.
 */
function drainer(fd: number, { receive, gone }: Served, isOpen: () => boolean): () => void {
  const buffer = Buffer.allocUnsafeSlow(MAX_TRANSFER_BYTES + HEAD_BYTES);
  let goesOn = false;
  const drain = () => {
    // There is one signal for each request, and only one may read at a time: else many programs would leave NFS clients no turn.
    if (goesOn) return;
    for (let turn = 0; turn < REQUESTS_PER_TURN; turn += 1) {
      if (!isOpen()) return;
      const bytes = readOne(fd, buffer);
      if (bytes === 'gone') return gone();
      if (bytes === null) return;
      if (bytes > 0) receive(buffer.subarray(0, bytes));
    }
    goesOn = true;
    setImmediate(() => {
      goesOn = false;
      drain();
    });
  };
  return drain;
}

/** Null: nothing more. 0: come again: the request was taken back meanwhile (ENOENT), or a signal came. `gone`: so is the mount (ENODEV). */
function readOne(fd: number, buffer: Buffer): number | 'gone' | null {
  try {
    return readSync(fd, buffer, 0, buffer.length, null);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENODEV') return 'gone';
    return code === 'ENOENT' || code === 'EINTR' ? 0 : null;
  }
}

/** ENOENT: whoever asked was interrupted, and is gone. ENODEV: so is the mount. */
function write(fd: number, reply: Buffer): void {
  try {
    writeSync(fd, reply);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENODEV') throw error;
  }
}
