import { useState } from 'preact/hooks';
import * as db from './db.js';
import { html } from './html.js';
import { spare } from './net.js';
import { Back } from './parts.js';
import { reload, say, useNow } from './state.js';
import { again, leaveOut, sync } from './sync.js';
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

/** Aside is one thing that the server could not read: it waits for a word of its user, and nothing but what depends on it waits for it. @param {{q: any, about: string}} p */
const Aside = ({ q, about }) => {
  const [busy, setBusy] = useState(false), [sure, setSure] = useState(false);
  const go = async (/** @type {Promise<void>} */ run) => { setBusy(true); await run.catch(() => {}); setBusy(false); };
  return html`<section class="card stack warn"><div><b>▲ ${say('aside', { what: say(q.label) })}</b><div class="dense quiet">${about}</div></div>
    <p>${say('aside.do')}</p>${q.aside.said && html`<p class="dense">${q.aside.said}</p>`}
    <div class="row"><button class="btn small" disabled=${busy} onClick=${() => go(again(q.id))}>${say('retry')}</button>
    <button class="btn small" disabled=${busy} onClick=${() => (sure ? go(leaveOut(q)) : setSure(true))}>${say(sure ? 'aside.sure' : 'aside.leave')}</button></div></section>`;
};

/** Answer is what the server did not take, with what to do. @param {{a: import('./db.js').Answer, link?: boolean}} p */
export const Answer = ({ a, link = false }) => {
  const s = useNow(), kept = a.code === 'claim_kept';
  return html`<section class="card stack warn"><b>${say(kept ? 'answer.kept' : 'answer.refused', { what: say(a.label) })}</b>
    <p class="dense">${link && a.visit ? who(a.visit, s.visits, a.when) + '. ' : ''}${a.said}</p>${a.opens && html`<p><b>${say('answer.opens', { at: dayShort(a.opens) + ' ' + clock(a.opens) })}</b></p>`}
    <p class="dense quiet">${say(kept ? 'answer.kept.do' : 'answer.refused.do')}</p>
    <div class="row">${link && a.visit && s.visits.some((v) => v.visit.id === a.visit) && html`<a class="btn small" href=${'#/visit/' + a.visit + (a.move === 'complete' ? '/done' : '')}>${say('open')}</a>`}
    <button class="btn small" onClick=${async () => { await db.drop('answers', a.id); await reload(); }}>${say('read')}</button></div></section>`;
};

/** Waiting shows each thing that is not sent, and what the server did not take, with what to do. */
export const Waiting = () => {
  const s = useNow();
  const at = (/** @type {number} */ t) => dayShort(t + s.skew) + ' ' + clock(t + s.skew);
  const ids = new Set(s.queue.map((q) => q.id));
  const n = s.queue.filter((q) => !q.aside).length + s.files.length;
  const about = (/** @type {import('./db.js').Queued} */ q) => [q.visit && !q.secret ? who(q.visit, s.visits) : '', at(q.at)].filter(Boolean).join(' · ');
  const how = (/** @type {import('./db.js').Queued} */ q) => s.doing[q.id] || (q.depends_on?.some((id) => ids.has(id)) ? 'after' : s.net === 'ok' ? 'waits' : s.net);
  return html`<${Back} to="#/" word=${say('nav.today')} /><h1 class="title">${say('nav.waiting')}</h1>
    <div class="stack">
      <p class="quiet" role="status">${n ? say('net.' + s.net) : say(s.queue.length ? 'aside.not' : 'all.sent')}${s.sending ? ' · ' + say('busy') : ''}</p>
      ${s.queue.filter((q) => q.aside).map((q) => html`<${Aside} key=${q.id} q=${q} about=${about(q)} />`)}
      ${n > 0 && html`<button class="btn primary wide" onClick=${() => sync()}>${say('send.now')}</button>`}
      ${s.queue.filter((q) => !q.aside).map((q) => html`<${Thing} key=${q.id} words=${say(q.label)} about=${about(q)}
        how=${how(q)} retry=${() => again(q.id)} />`)}
      ${s.files.map((f) => html`<${Thing} key=${f.id} words=${say('file.' + f.kind)} about=${[f.visit && who(f.visit, s.visits), at(f.at)].filter(Boolean).join(' · ')}
        how=${s.doing[f.id] || (s.net === 'ok' ? 'waits' : s.net)} retry=${() => spare('files', () => sendFiles(f.id))} />`)}
      ${s.answers.length > 0 && html`<h2 class="title">${say('answers')}</h2>`}
      ${s.answers.map((a) => html`<${Answer} key=${a.id} a=${a} link />`)}
    </div>`;
};
