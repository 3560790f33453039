import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'acorn';
import t from 'tap';

const BOOTSTRAP = path.resolve(import.meta.dirname, '../../../src/bootstrap');
/** What Node 8 understands: a user with such a Node is to read a sentence, not a SyntaxError. */
const ECMASCRIPT_OF_NODE_8 = 2017;
/** Required only by a Node that is new enough. */
const FOR_NEW_NODE = new Set(['continue-here.cjs']);

for (const name of globSync('*.cjs', { cwd: BOOTSTRAP }).filter((file) => !FOR_NEW_NODE.has(file))) {
  t.test(`Node 8 can parse ${name}`, async (t) => {
    const text = readFileSync(path.join(BOOTSTRAP, name), 'utf8');
    t.doesNotThrow(() =>
      parse(text, { ecmaVersion: ECMASCRIPT_OF_NODE_8, sourceType: 'script', allowHashBang: true }),
    );
    t.notMatch(text, /require\('node:/, 'Node 8 does not know the node: scheme');
  });
}
