import { readFileSync } from 'node:fs';

const IMPORT = /^import \{[^}]*\} from '\.\/([\w-]+\.js)';\n/gm;

/** A file of `page/`. */
export function pagePart(name: string): string {
  return readFileSync(new URL(`./page/${name}`, import.meta.url), 'utf8');
}

/**
 * The page's modules as one: each after those that it imports, without their imports and exports. In a file that is opened from a
 * disk, modules of several files cannot be had. They share one scope then, so a name may be declared at the top of one of them only:
 * otherwise the browser refuses the script as a whole, and the tests see that.
 */
export function joinedModules(main: string): string {
  const done = new Set<string>();
  const texts: string[] = [];
  const add = (name: string): void => {
    if (done.has(name)) return;
    done.add(name);
    const text = pagePart(name);
    for (const [, imported] of text.matchAll(IMPORT)) add(imported!);
    texts.push(`// ${name}\n${text.replace(IMPORT, '').replace(/^export /gm, '')}`);
  };
  add(main);
  return texts.join('\n');
}
