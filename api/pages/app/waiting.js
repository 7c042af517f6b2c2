import { useState } from 'preact/hooks';
import * as db from './db.js';
import { html } from './html.js';
import { spare } from './net.js';
import { Back } from './parts.js';
import { reload, say, useNow } from './state.js';
import { again, sync } from './sync.js';
import { sendFiles } from './files.js';
import { clock, dayShort } from './when.js';

/** @param {string} visit */
const who = (visit, /** @type {any[]} */ visits, /** @type {string | undefined} */ when = undefined) => visits.find((v) => v.visit.id === visit)?.customer?.name
  || (when ? dayShort(when) + ' ' + clock(when) : '');

/**
 * Thing is one thing that is not sent: what, how it stands with it, and a try of its own.
 * @param {{words: string, about: string, how: string, retry: () => Promise<void>}} p
 */
const Thing = ({ words, about, how, retry }) => {
  const [busy, setBusy] = useState(false);
  const go = async () => { setBusy(true); await retry().catch(() => {}); setBusy(false); };
  return html`<section class="card stack waiting"><div><b>${words}</b><div class="dense quiet">${about}</div></div>
    <div class="spread"><span class="dense" role="status"><span aria-hidden="true">${how === 'sending' ? '↑' : '△'}</span> ${say('how.' + how)}</span>
    <button class="btn small" disabled=${busy || how === 'sending'} aria-label=${say('retry') + ': ' + words + ', ' + about} onClick=${go}>${say('retry')}</button></div></section>`;
};

/** Waiting shows each thing that is not sent, and what the server did not take, with what to do. */
export const Waiting = () => {
  const s = useNow();
  const at = (/** @type {number} */ t) => dayShort(t + s.skew) + ' ' + clock(t + s.skew);
  const ids = new Set(s.queue.map((q) => q.id));
  const how = (/** @type {import('./db.js').Queued} */ q) => s.doing[q.id] || (q.depends_on?.some((id) => ids.has(id)) ? 'after' : s.net === 'ok' ? 'waits' : s.net);
  const dismiss = async (/** @type {string} */ id) => { await db.drop('answers', id); await reload(); };
  return html`<${Back} to="#/" word=${say('nav.today')} /><h1 class="title">${say('nav.waiting')}</h1>
    <div class="stack">
      <p class="quiet" role="status">${s.queue.length + s.files.length ? say('net.' + s.net) : say('all.sent')}${s.sending ? ' · ' + say('busy') : ''}</p>
      ${s.queue.length + s.files.length > 0 && html`<button class="btn primary wide" onClick=${() => sync()}>${say('send.now')}</button>`}
      ${s.queue.map((q) => html`<${Thing} key=${q.id} words=${say(q.label)} about=${[q.visit && !q.secret ? who(q.visit, s.visits) : '', at(q.at)].filter(Boolean).join(' · ')}
        how=${how(q)} retry=${() => again(q.id)} />`)}
      ${s.files.map((f) => html`<${Thing} key=${f.id} words=${say('file.' + f.kind)} about=${[f.visit && who(f.visit, s.visits), at(f.at)].filter(Boolean).join(' · ')}
        how=${s.doing[f.id] || (s.net === 'ok' ? 'waits' : s.net)} retry=${() => spare('files', () => sendFiles(f.id))} />`)}
      ${s.answers.length > 0 && html`<h2 class="title">${say('answers')}</h2>`}
      ${s.answers.map((a) => html`<section key=${a.id} class="card stack"><b>${say(a.code === 'claim_kept' ? 'answer.kept' : 'answer.refused', { what: say(a.label) })}</b>
        <p class="dense">${a.visit ? who(a.visit, s.visits, a.when) + '. ' : ''}${a.said}</p>${a.opens && html`<p><b>${say('answer.opens', { at: dayShort(a.opens) + ' ' + clock(a.opens) })}</b></p>`}<p class="dense quiet">${say(a.code === 'claim_kept' ? 'answer.kept.do' : 'answer.refused.do')}</p>
        <div class="row">${a.visit && s.visits.some((v) => v.visit.id === a.visit) && html`<a class="btn small" href=${'#/visit/' + a.visit + (a.move === 'complete' ? '/done' : '')}>${say('open')}</a>`}
        <button class="btn small" onClick=${() => dismiss(a.id)}>${say('read')}</button></div></section>`)}
    </div>`;
};
