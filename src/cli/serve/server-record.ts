/** What a server writes about itself into its state directory: enough to find it, to end it and to start it again. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { identityOf, sandboxLives } from '../../runtime/namespace/sandbox.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import { ORDER, type ServeOrder } from './order.ts';

const RECORD = z.object({
  /** With the port that it got, where the order left that open. */
  order: ORDER,
  pid: z.int().positive(),
  /** Of the process, field 22 of /proc/PID/stat: pids are used again. */
  startTicks: z.string(),
  /** Of the machine: so are these. */
  bootId: z.string(),
});

export type ServerRecord = z.output<typeof RECORD>;

const FILE = 'server.json';
export const LOG_FILE = 'server.log';

const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

/** Whole or not at all, whenever somebody reads it. */
export function writeServerRecord(order: ServeOrder): void {
  const record: ServerRecord = { order, ...identityOf(process.pid), bootId: bootId() };
  const file = path.join(order.state, FILE);
  writeFileSync(`${file}.new`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(`${file}.new`, file);
}

/** Null: no server has ever served with this state. @throws {Refusal} when what is there is no such record */
export function readServerRecord(state: string): ServerRecord | null {
  const file = path.join(state, FILE);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new Refusal(EXIT.machineCannot, `${file} cannot be read (${code}): see who may.`);
  }
  const parsed = RECORD.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new Refusal(EXIT.machineCannot, `${file} is not what a server writes: remove it.`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Does the process that wrote this still run? */
export const serverLives = (record: ServerRecord): boolean =>
  record.bootId === bootId() && sandboxLives({ pid: record.pid, startTicks: record.startTicks });
