/** How much of the machine a process has (proc(5)). */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface ProcessSize {
  readonly descriptors: number;
  /** Of them, sockets. */
  readonly sockets: number;
  /** Of memory that is resident. */
  readonly megabytes: number;
}

/** Null: there is no such process (any more). @throws Error one sentence, where one may not look */
export function sizeOf(pid: number): ProcessSize | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    if (/^State:\s+[ZX]/m.test(status)) return null;
    const kilobytes = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
    const descriptors = readdirSync(`/proc/${pid}/fd`);
    const sockets = descriptors.filter((fd) => targetOf(pid, fd).startsWith('socket:')).length;
    return { descriptors: descriptors.length, sockets, megabytes: Math.round(kilobytes / 102.4) / 10 };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    throw new Error(`cannot look at process ${pid}: ${code}`, { cause: error });
  }
}

function targetOf(pid: number, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return '';
  }
}
