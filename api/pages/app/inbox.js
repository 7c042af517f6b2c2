import { html } from './html.js';
import { enqueue } from './moves.js';
import { SosButton } from './parts.js';
import { say, useNow } from './state.js';
import { clock, dayShort } from './when.js';

/** Inbox is everything that was pushed, newest first. */
export const Inbox = () => {
  const s = useNow();
  const seen = (/** @type {any} */ n) => { if (!n.seen_at && !s.queue.some((q) => q.path.includes(n.id))) enqueue({ path: `/v1/inbox/${n.id}/seen`, body: undefined, plain: true, label: 'did.seen' }); };
  return html`<header class="top"><h1 class="title">${say('nav.inbox')}</h1><${SosButton} /></header><div class="stack">
    ${!s.inbox.length && html`<p class="empty card">${say('inbox.none')}</p>`}
    ${s.inbox.map((n) => html`<article key=${n.id} class=${'card' + (n.seen_at ? ' done' : '')}><div class="label">${dayShort(n.created_at)} ${clock(n.created_at)}</div>
      <b>${n.title}</b><p class="dense">${n.body}</p><div class="row">
      ${n.visit_id && s.visits.some((v) => v.visit.id === n.visit_id) && html`<a class="btn small" href=${'#/visit/' + n.visit_id} onClick=${() => seen(n)}>${say('open')}</a>`}
      ${n.kind.startsWith('drill.') && n.data?.drill_id && html`<button class="btn small" onClick=${() => { enqueue({ path: `/v1/me/drills/${n.data.drill_id}/heard`, body: undefined, plain: true, label: 'did.heard' }); seen(n); }}>${say('drill.heard')}</button>`}
      ${!n.seen_at && html`<button class="btn small plain" onClick=${() => seen(n)}>${say('read')}</button>`}</div></article>`)}</div>`;
};
