import { useState } from 'preact/hooks';
import { html } from './html.js';
import { leads } from './leads.js';
import { enqueue } from './moves.js';
import { Field, SosButton } from './parts.js';
import { Answers, Told, told } from './ping.js';
import { say, useNow } from './state.js';
import { clock, dayShort, now } from './when.js';

/** pause is where an offer of a pause is answered; empty: the notice is another one. @param {any} n */
const pause = (n) => (n.kind !== 'break.offered' ? '' : n.data?.flag_id ? `/v1/flags/${n.data.flag_id}/cool-off` : n.data?.attempt_id ? `/v1/attempts/${n.data.attempt_id}/cool-off` : '');

/** NextPerson asks a reporter what the next person must know; what they say leaves no readable copy here. @param {{flag: string, done: () => void}} p */
const NextPerson = ({ flag, done }) => {
  const s = useNow(), [words, setWords] = useState(''), path = `/v1/flags/${flag}/next-person`;
  if (s.queue.some((q) => q.path === path)) return html`<span class="pill good">✓ ${say('did.answered')}</span>`;
  const go = async () => { if (await enqueue({ path, body: { words: words.trim() }, label: 'did.answered', secret: true })) done(); };
  return html`<details><summary>${say('answer')}</summary><div class="stack"><${Field} id=${'next' + flag} label=${say('next.person')} value=${words} set=${setWords} lines=${3} more=${{ maxLength: 2000 }} />
    <button class="btn small" disabled=${!words.trim()} onClick=${go}>${say('send.now')}</button></div></details>`;
};

/** Ping is answered here once the visit is another's: what was asked of somebody ends by their own answer alone. @param {{n: any, visit: string, done: () => void}} p */
const Ping = ({ n, visit, done }) => {
  const { waits, refused } = told(useNow(), visit), open = !n.seen_at || !!waits || !!refused;
  return html`<details open=${open}><summary>${say('timer.asked')}</summary><div class="stack"><${Told} visit=${visit} /><${Answers} visit=${visit} asked done=${done} /></div></details>`;
};

/** asks reports whether a notice wants an answer, or somebody's help: it is read by itself. @param {any} n */
const asks = (n) => /^(sos|timer|home_safe)\.|^flag\.(next_person|hearing)$|^break\.offered$/.test(n.kind);

/** Inbox is everything that was pushed, newest first. */
export const Inbox = () => {
  const s = useNow(), [busy, setBusy] = useState(false), at = (/** @type {any} */ n) => n.visit_id || n.data?.visit_id;
  const to = (/** @type {any} */ n) => {
    const hash = leads(n.kind, { ...n.data, ...(at(n) ? { visit_id: at(n) } : {}) });
    return hash === '#/inbox' || hash.startsWith('#/visit/') && !s.visits.some((v) => v.visit.id === at(n)) ? '' : hash;
  };
  const seen = async (/** @type {any} */ n) => { if (!n.seen_at && !s.queue.some((q) => q.path.includes(n.id))) await enqueue({ path: `/v1/inbox/${n.id}/seen`, body: undefined, plain: true, label: 'did.seen' }); };
  const plain = s.inbox.filter((n) => !n.seen_at && !asks(n) && !s.queue.some((q) => q.path.includes(n.id)));
  const all = async () => { setBusy(true); for (const n of plain) await seen(n); setBusy(false); };
  return html`<header class="top"><h1 class="title">${say('nav.inbox')}</h1><${SosButton} /></header><div class="stack">
    ${plain.length > 3 && html`<button class="btn wide" disabled=${busy} onClick=${all}>${say('read.all')}</button>`}
    ${!s.inbox.length && html`<p class="empty card">${say('inbox.none')}</p>`}
    ${s.inbox.map((n) => html`<article key=${n.id} class=${'card' + (n.seen_at ? ' done' : '')}><div class="label">${dayShort(n.created_at)} ${clock(n.created_at)}</div>
      <b>${n.title}</b><p class="dense">${n.body}</p><div class="row">
      ${to(n) && html`<a class=${'btn small' + (n.kind.startsWith('sos.') ? ' danger' : '')} href=${to(n)} onClick=${() => seen(n)}>${say('open')}</a>`}
      ${n.kind === 'timer.ping' && at(n) && Date.parse(n.created_at) > now() - 12 * 3_600_000 && !s.visits.some((v) => v.visit.id === at(n)) && html`<${Ping} n=${n} visit=${at(n)} done=${() => seen(n)} />`}
      ${n.kind === 'flag.next_person' && n.data?.flag_id && html`<${NextPerson} flag=${n.data.flag_id} done=${() => seen(n)} />`}
      ${pause(n) && !n.seen_at && [true, false].map((yes) => html`<button key=${yes} class="btn small" onClick=${() => { enqueue({ path: pause(n), body: { accept: yes }, label: yes ? 'did.pause' : 'did.seen' }); seen(n); }}>${say(yes ? 'pause.take' : 'pause.not')}</button>`)}
      ${n.kind === 'sos.drill' && n.data?.drill_id && html`<button class="btn small" onClick=${() => { enqueue({ path: `/v1/me/drills/${n.data.drill_id}/heard`, body: undefined, plain: true, label: 'did.heard' }); seen(n); }}>${say('drill.heard')}</button>`}
      ${!n.seen_at && html`<button class="btn small plain" onClick=${() => seen(n)}>${say('read')}</button>`}</div></article>`)}</div>`;
};
