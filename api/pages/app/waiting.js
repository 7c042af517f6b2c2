import * as db from './db.js';
import { html } from './html.js';
import { Back } from './parts.js';
import { reload, say, useNow } from './state.js';
import { sync } from './sync.js';
import { clock, dayShort } from './when.js';

/** @param {string} visit */
const who = (visit, /** @type {any[]} */ visits, /** @type {string | undefined} */ when = undefined) => visits.find((v) => v.visit.id === visit)?.customer?.name
  || (when ? dayShort(when) + ' ' + clock(when) : '');

/** Waiting shows each thing that is not sent, and what the server did not take, with what to do. */
export const Waiting = () => {
  const s = useNow();
  const at = (/** @type {number} */ t) => dayShort(t + s.skew) + ' ' + clock(t + s.skew);
  const dismiss = async (/** @type {string} */ id) => { await db.drop('answers', id); await reload(); };
  return html`<${Back} to="#/" word=${say('nav.today')} /><h1 class="title">${say('nav.waiting')}</h1>
    <div class="stack">
      <p class="quiet" role="status">${s.queue.length + s.files.length ? say('net.' + s.net) : say('all.sent')}${s.sending ? ' · ' + say('busy') : ''}</p>
      ${s.queue.length + s.files.length > 0 && html`<button class="btn primary wide" onClick=${() => sync()}>${say('send.now')}</button>`}
      ${s.queue.map((q) => html`<section key=${q.id} class="card row"><span aria-hidden="true">△</span><div><b>${say(q.label)}</b>
        <div class="dense quiet">${[q.visit && !q.secret ? who(q.visit, s.visits) : '', at(q.at)].filter(Boolean).join(' · ')}</div></div></section>`)}
      ${s.files.map((f) => html`<section key=${f.id} class="card row"><span aria-hidden="true">△</span><div><b>${say('file.' + f.kind)}</b>
        <div class="dense quiet">${who(f.visit, s.visits)} · ${at(f.at)}</div></div></section>`)}
      ${s.answers.length > 0 && html`<h2 class="title">${say('answers')}</h2>`}
      ${s.answers.map((a) => html`<section key=${a.id} class="card stack"><b>${say(a.code === 'claim_kept' ? 'answer.kept' : 'answer.refused', { what: say(a.label) })}</b>
        <p class="dense">${a.visit ? who(a.visit, s.visits, a.when) + '. ' : ''}${a.said}</p>${a.opens && html`<p><b>${say('answer.opens', { at: dayShort(a.opens) + ' ' + clock(a.opens) })}</b></p>`}<p class="dense quiet">${say(a.code === 'claim_kept' ? 'answer.kept.do' : 'answer.refused.do')}</p>
        <div class="row">${a.visit && s.visits.some((v) => v.visit.id === a.visit) && html`<a class="btn small" href=${'#/visit/' + a.visit + (a.move === 'complete' ? '/done' : '')}>${say('open')}</a>`}
        <button class="btn small" onClick=${() => dismiss(a.id)}>${say('read')}</button></div></section>`)}
    </div>`;
};
