import type { Ability } from './ability.ts';

const OLDEST_NODE_MAJOR = 24;

function nodeVersion(): Ability {
  const { version } = process;
  const present = Number(process.versions.node.split('.')[0]) >= OLDEST_NODE_MAJOR;
  return {
    name: 'node',
    about: 'runs everything',
    need: 'required',
    present,
    detail: version,
    remedy: present ? null : `install Node ${OLDEST_NODE_MAJOR} or newer from https://nodejs.org`,
  };
}

/** Asks the C library for something harmless, which shows more than that the package can be loaded. */
async function foreignFunctions(): Promise<Ability> {
  const ability = { name: 'koffi', about: 'record locks: fcntl() from Node', need: 'required' } as const;
  try {
    const { default: koffi } = await import('koffi');
    const getpid = koffi.load(null).func('int getpid()');
    if (getpid() !== process.pid) throw new Error('getpid() answers nonsense');
    return { ...ability, present: true, detail: koffi.version, remedy: null };
  } catch (error) {
    const remedy = `remove node_modules and set up again; koffi needs a C library of Linux on ${process.arch}`;
    return { ...ability, present: false, detail: (error as Error).message.split('\n')[0] ?? '', remedy };
  }
}

async function sqlite(): Promise<Ability> {
  const ability = { name: 'node:sqlite', about: 'the ledger of a lab', need: 'required' } as const;
  try {
    const { DatabaseSync } = await import('node:sqlite');
    const database = new DatabaseSync(':memory:');
    const row = database.prepare('SELECT sqlite_version() AS version').get();
    database.close();
    return { ...ability, present: true, detail: `SQLite ${row?.version}`, remedy: null };
  } catch (error) {
    return {
      ...ability,
      present: false,
      detail: (error as Error).message,
      remedy: 'use a Node that was built with SQLite',
    };
  }
}

/** What Node itself and its packages must be able to do. */
export async function nodeAbilities(): Promise<Ability[]> {
  return [nodeVersion(), await foreignFunctions(), await sqlite()];
}
