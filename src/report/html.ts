import { createHash } from 'node:crypto';
import type { VerdictDocument } from '../check/verdict.ts';
import type { History } from '../history/events.ts';
import { drawingOf } from './drawing.ts';
import { joinedModules, pagePart } from './page-parts.ts';

/**
 * One self-contained page about one run: no network, no framework; it can be mailed.
 * The parts are files of their own under `page/`, so that editors and linters know what they are.
 *
 * Names and paths in a history come from users. They travel as JSON and are put on the page as text; should one ever be taken
 * for markup, the page's own policy lets no script run but the one whose hash it names, and no request leave.
 */
export function renderHtml(history: History, verdict: VerdictDocument): string {
  const drawing = asScriptText(JSON.stringify(drawingOf(history, verdict)));
  const script = `\n${joinedModules('main.js')}`;
  const style = `\n${pagePart('styles.css')}`;
  return [
    ['<title>Gracelab</title>', `<title>${escapeText(`${verdict.scenario}: ${verdict.verdict}`)}</title>`],
    ['content="policy"', `content="${policyFor(script, style)}"`],
    ['<link rel="stylesheet" href="styles.css">', `<style>${style}</style>`],
    ['null</script>', `${drawing}</script>`],
    ['<script type="module" src="main.js"></script>', `<script type="module">${script}</script>`],
  ].reduce((page, [reference, content]) => inlined(page, reference!, content!), pagePart('template.html'));
}

/** The template refers to its parts as a page of several files does; here they go into it. */
function inlined(page: string, reference: string, content: string): string {
  if (!page.includes(reference)) throw new Error(`the page template has no ${reference}`);
  // A function: the contents hold `$`, to which a string as replacement would give a meaning.
  return page.replace(reference, () => content);
}

/** Content Security Policy: nothing but this script and this style; no request to anywhere. */
function policyFor(script: string, style: string): string {
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  return `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; base-uri 'none'; form-action 'none'`;
}

/** JSON inside a script element: nothing in it may look like the element's end or a comment. */
const asScriptText = (json: string): string => json.replaceAll('<', '\\u003c');

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
