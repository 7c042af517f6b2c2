import { useState } from 'preact/hooks';
import { html } from '../app/html.js';
import { get, useLoad } from './state.js';
import { Failed, Waiting } from './ui.js';
import { when } from './when.js';
import { known, say } from './words.js';

/** @typedef {import('api').components['schemas']} Schemas */

/** signs stand before the kinds of entries that a desk looks for. @type {[RegExp, string][]} */
const signs = [[/^attempt/, '☎'], [/^promise/, '⚑'], [/^hold|^flag|^report|^safety|^sos/, '■'], [/^link|^household|^message/, '✉'], [/^visit/, '◷'], [/^step|^replacement/, '⚒'], [/^thanks/, '♥']];

/** what an entry says beside its kind: only what is words of people or codes with a sentence. @param {any} e */
const detail = (e) => {
  const p = e.payload || {};
  const out = [];
  if (p.channel) out.push(known('channel.' + p.channel, p.channel));
  if (p.outcome) out.push(known('outcome.' + p.outcome, p.outcome));
  if (p.direction === 'inbound') out.push(say('inbound'));
  if (p.verdict) out.push(known('verdict.' + p.verdict, p.verdict));
  if (p.date) out.push(p.date + (p.part && p.part !== 'any' ? ' ' + say('part.' + p.part) : ''));
  for (const key of ['step', 'what', 'result', 'words', 'reason', 'note', 'fault', 'text']) if (typeof p[key] === 'string' && p[key]) out.push(known('word.' + p[key], p[key]));
  return out.join(' · ');
};

/**
 * Timeline is what happened on a job, the newest first, with what counts for the verdict.
 * @param {{job: string, zone: string}} p
 */
export const Timeline = ({ job, zone }) => {
  const [all, setAll] = useState(false);
  const list = useLoad(async () => {
    /** @type {any[]} */
    let items = [], cursor = '';
    do {
      const page = await get(`/v1/jobs/${job}/timeline?limit=100${cursor && '&cursor=' + encodeURIComponent(cursor)}`);
      items = items.concat(page.items);
      cursor = page.next_cursor || '';
    } while (cursor && items.length < 1_000);
    const verdict = await get(`/v1/jobs/${job}/reachability`);
    return { items: items.reverse(), verdict: /** @type {Schemas['Reachability']} */ (verdict) };
  }, [job]);
  const d = list.data;
  const mark = (/** @type {any} */ e) => {
    const id = e.payload?.attempt_id;
    if (!id || !d) return null;
    if (d.verdict.counts.includes(id)) return html`<span class="pill good">✓ ${say('counts')}</span>`;
    const why = [...d.verdict.does_not_count, ...d.verdict.declared].find((x) => x.id === id);
    return why ? html`<span class="pill mute">${why.why}</span>` : null;
  };
  return html`<section class="timeline" aria-labelledby="timeline"><h2 id="timeline">${say('timeline')}</h2><${Failed} error=${list.error} again=${list.reload} />
    ${!d ? !list.error && html`<${Waiting} />` : html`<ol>${(all ? d.items : d.items.slice(0, 12)).map((e) => html`<li key=${e.id}><time datetime=${e.occurred_at}>${when(e.occurred_at, zone)}</time>
      <i aria-hidden="true">${(signs.find(([r]) => r.test(e.kind)) || ['', '·'])[1]}</i><span>${known('entry.' + e.kind, e.kind)} <span class="quiet">${detail(e)}${e.by_role && e.by_role !== 'system' ? ` · ${known('role.' + e.by_role, e.by_role)}` : ''}</span> ${mark(e)}</span></li>`)}</ol>
      ${d.items.length > 12 && !all && html`<button class="btn small" onClick=${() => setAll(true)}>${say('more', { n: d.items.length - 12 })}</button>`}`}</section>`;
};
