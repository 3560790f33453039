import { readFileSync } from 'node:fs';
import type { VerdictDocument } from '../check/verdict.ts';
import type { History } from '../history/events.ts';
import { drawingOf } from './drawing.ts';

/**
 * One self-contained page about one run: no network, no framework; it can be mailed.
 * The parts are files of their own under `page/`, so that editors and linters know what they are.
 */
export function renderHtml(history: History, verdict: VerdictDocument): string {
  const drawing = asScriptText(JSON.stringify(drawingOf(history, verdict)));
  return [
    ['<title>Gracelab</title>', `<title>${escapeText(`${verdict.scenario}: ${verdict.verdict}`)}</title>`],
    ['<link rel="stylesheet" href="styles.css">', `<style>\n${pagePart('styles.css')}</style>`],
    ['null</script>', `${drawing}</script>`],
    ['<script src="script.js"></script>', `<script>\n${pagePart('script.js')}</script>`],
  ].reduce((page, [reference, content]) => inlined(page, reference!, content!), pagePart('template.html'));
}

/** The template refers to its parts as a page of several files does; here they go into it. */
function inlined(page: string, reference: string, content: string): string {
  if (!page.includes(reference)) throw new Error(`the page template has no ${reference}`);
  // A function: the contents hold `$`, to which a string as replacement would give a meaning.
  return page.replace(reference, () => content);
}

function pagePart(name: string): string {
  return readFileSync(new URL(`./page/${name}`, import.meta.url), 'utf8');
}

/** JSON inside a script element: nothing in it may look like the element's end or a comment. */
function asScriptText(json: string): string {
  return json.replaceAll('<', '\\u003c').replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
