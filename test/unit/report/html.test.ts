import t from 'tap';
import { judge } from '../../../src/check/judge.ts';
import { drawingOf } from '../../../src/report/drawing.ts';
import { renderHtml } from '../../../src/report/html.ts';
import { recovered } from '../check/fixtures/reboot.ts';
import type { Story } from '../check/fixtures/story.ts';

const verdictOn = (story: Story) => judge(story.history, { scenario: 'reboot' });

t.test('the page needs nothing but itself', async (t) => {
  const story = recovered().end(3000);
  const page = renderHtml(story.history, verdictOn(story));
  t.match(page, /<title>reboot: unknown<\/title>/);
  t.notMatch(page, /(src|href)=|https?:|@import|url\(/);
  t.match(
    page,
    /content="default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; base-uri 'none'/,
  );
});

t.test('the name of a scenario is text in the title, too', async (t) => {
  const { history } = recovered().end(3000);
  const page = renderHtml(history, judge(history, { scenario: 'a</title><b>&amp;' }));
  t.match(page, '<title>a&lt;/title>&lt;b>&amp;amp;: unknown</title>');
});

t.test('what the page carries is the drawing, whatever names are in it', async (t) => {
  const story = recovered().lock(1550, 'bob', { file: '</script><b>$&' }, 'GRACE').end(3000);
  const verdict = verdictOn(story);
  const page = renderHtml(story.history, verdict);
  const carried = /id="run">(.*?)<\/script>/s.exec(page)?.[1] ?? '';
  t.same(JSON.parse(carried), JSON.parse(JSON.stringify(drawingOf(story.history, verdict))));
});
