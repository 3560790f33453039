/** The commands of a local program: what they need, and what they answer. */
import { z } from 'zod';
import type { Command } from '../conversation.ts';
import type { LocalProgram } from './local-program.ts';

const file = z.string().min(1).max(4096);
const offset = z.int().min(0);
const range = { file, start: offset, end: z.int().min(1).nullable() };
const by = z.enum(['fcntl', 'flock']).default('fcntl');

const LOCK = z.object({
  ...range,
  by,
  mode: z.enum(['read', 'write']).default('write'),
  retry: z.enum(['none', 'grace', 'all']).default('grace'),
});
const UNLOCK = z.object(range);
const READ = z.object({
  file,
  offset,
  count: z
    .int()
    .min(1)
    .max(1 << 20),
});
const WRITE = z.object({ file, offset, value: z.string() });
const UPDATE = z.object({ file, offset });
const OPEN = z.object({ file, create: z.boolean().default(true) });
const CLOSE = z.object({ file });

const spanOf = ({ start, end }: { readonly start: number; readonly end: number | null }) => ({
  start: BigInt(start),
  end: end === null ? null : BigInt(end),
});

/** @throws Error one sentence, for a command that does not exist or whose parameters are wrong */
export async function obeyAsProgram(
  program: LocalProgram,
  { command, ...parameters }: Command,
): Promise<object> {
  switch (command) {
    case 'lock': {
      const order = LOCK.parse(parameters);
      return program.lock(order.file, spanOf(order), order.mode, order.retry !== 'none', order.by);
    }
    case 'unlock': {
      const order = UNLOCK.parse(parameters);
      return program.unlock(order.file, spanOf(order));
    }
    case 'read': {
      const order = READ.parse(parameters);
      return program.read(order.file, order.offset, order.count);
    }
    case 'write': {
      const order = WRITE.parse(parameters);
      return program.write(order.file, order.offset, order.value);
    }
    case 'update': {
      const order = UPDATE.parse(parameters);
      return program.update(order.file, order.offset);
    }
    case 'open': {
      const order = OPEN.parse(parameters);
      return program.open(order.file, order.create);
    }
    case 'close':
      return program.close(CLOSE.parse(parameters).file);
    case 'state':
      return { status: 'OK', held: program.held };
    default:
      throw new Error(`there is no command "${command}" for a local program`);
  }
}
