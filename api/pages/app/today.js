import * as db from './db.js';
import { html } from './html.js';
import { ahead, current, move, nextMove, people, shown, site } from './moves.js';
import { Sent, SosButton, State } from './parts.js';
import { Told } from './ping.js';
import { reload, say, useNow } from './state.js';
import { known } from './words.js';
import { clock, day, dayKey, dayShort, now, opened, within } from './when.js';

const apple = /iPhone|iPad|Macintosh/.test(navigator.userAgent);

/** map opens the phone's own map app at a place (RFC 5870); no website learns of it. @param {any} s */
export const map = (s) => {
  const words = encodeURIComponent([s?.address, s?.postal_code].filter(Boolean).join(', '));
  const at = s?.lat != null ? `${s.lat},${s.lon}` : '';
  return apple ? `maps:?daddr=${at || words}` : `geo:${at || '0,0'}?q=${at || words}`;
};

/** Navigate opens the map; on return there is one question. @param {{v: ReturnType<typeof shown>[0], children: any}} p */
export const Navigate = ({ v, children }) => html`<a class="btn" href=${map(site(v))} onClick=${async () => {
  await db.set('navigated', { visit: v.visit.id, at: Date.now() }).catch(() => {});
  await reload();
}}>${children}</a>`;

/** OnMyWay is that question, while the move is open. @param {{of: ReturnType<typeof shown>}} p */
export const OnMyWay = ({ of }) => {
  const s = useNow(), n = s.navigated, v = n && of.find((x) => x.visit.id === n.visit);
  if (!v || nextMove[v.visit.status] !== 'en-route' || !v.visit.actions.includes('en-route') || !opened(v.visit.window_start) || dayKey(n.at + s.skew) !== dayKey(now())) return null;
  const answer = async (/** @type {boolean} */ yes) => {
    if (yes && !await move(v, 'en-route')) return;
    await db.set('navigated', null).catch(() => {});
    await reload();
  };
  return html`<section class="card stack warn" role="status"><b class="big">${say('onmyway', { who: v.customer?.name || '' })}</b>
    <button class="btn primary wide tall" onClick=${() => answer(true)}>${say('onmyway.yes')}</button><button class="btn plain wide" onClick=${() => answer(false)}>${say('onmyway.no')}</button></section>`;
};

const greeting = () => {
  const h = Number(clock(now()).slice(0, 2));
  return say(h < 12 ? 'morning' : h < 17 ? 'afternoon' : 'evening');
};

export const Today = () => {
  const s = useNow();
  const list = shown();
  const today = dayKey(now());
  const next = current(list);
  const rest = list.filter((v) => v !== next && dayKey(v.visit.window_start) === today);
  const coming = list.filter((v) => v !== next && dayKey(v.visit.window_start) > today && ahead(v.visit.status));
  const first = (s.me?.user.name || '').split(' ')[0];
  return html`<header class="top"><div><div class="label">${day(now())}</div><h1 class="title">${greeting()}${first && ', ' + first}</h1></div><${SosButton} /></header>
    <div class="stack">
      <${Sent} />
      ${list.filter((v) => v.timer && v.timer.status !== 'armed' && v.timer.status !== 'ended').map((v) => html`<a key=${v.visit.id} class="card warn stack" href=${'#/visit/' + v.visit.id}>
        <b class="big">${say('timer.asked')}</b><span>${v.customer?.name}</span><${Told} visit=${v.visit.id} /></a>`)}
      <${OnMyWay} of=${list} />
      ${!list.length && (s.synced ? html`<p class="empty card">${say('today.none')}</p>` : html`<p class="empty card" role="status">${say(s.net === 'ok' ? 'loading' : 'today.never')}</p>`)}
      ${next && html`<${Next} v=${next} />`}
      ${rest.length > 0 && html`<section><h2 class="label">${say('today.rest')}</h2><${List} of=${rest} /></section>`}
      ${coming.length > 0 && html`<section><h2 class="label">${say('today.coming')}</h2><${List} of=${coming} days /></section>`}
      ${s.promises.length > 0 && html`<section class="card stack"><h2 class="label">${say('promises')}</h2>
        ${s.promises.map((p) => html`<p key=${p.id} class="dense"><b>${p.what}</b> <span class="quiet">${say('until', { at: dayShort(p.due_at) + ' ' + clock(p.due_at) })}</span></p>`)}</section>`}
    </div>`;
};

/** Next is the one thing that matters. @param {{v: ReturnType<typeof shown>[0]}} p */
const Next = ({ v }) => {
  const at = site(v), far = Date.parse(v.visit.window_start) - now();
  const doing = v.visit.status !== 'scheduled';
  const label = doing ? say('status.' + v.visit.status) : dayKey(v.visit.window_start) !== dayKey(now()) ? dayShort(v.visit.window_start)
    : far > 0 ? say('next.in', { within: within(far) }) : say('next.now');
  const phone = people(v).flatMap((c) => c.phones)[0];
  return html`<section class="card next stack">
    <a class="whole" href=${'#/visit/' + v.visit.id}><div class="label">${label}</div>
      <div class="big">${clock(v.visit.window_start)} ${v.customer?.name || ''}</div>
      <div class="quiet">${[at?.address, at?.landmark].filter(Boolean).join(', ')}</div></a>
    <p>${v.job.fault}${v.job.what_matters && html` <strong>${v.job.what_matters}</strong>`}</p>
    ${v.visit.plan.length > 0 && html`<p><span class="pill warn">▲ ${v.visit.plan.map((/** @type {string} */ p) => say('plan.' + p)).join(', ')}</span></p>`}
    <div class="acts">
      ${phone && html`<a class="btn" href=${'#/visit/' + v.visit.id + '/reach'}>${say('call')}</a>`}
      <${Navigate} v=${v}>${say('navigate')}<//></div>
    ${nextMove[v.visit.status] === 'en-route' && opened(v.visit.window_start) ? html`<button class="btn wide light" onClick=${() => { move(v, 'en-route'); }}>${say('do.en-route')}</button>`
    : html`<a class="btn wide light" href=${'#/visit/' + v.visit.id}>${say('open')}</a>`}
  </section>`;
};

/** @param {{of: ReturnType<typeof shown>, days?: boolean}} p */
const List = ({ of, days = false }) => html`<div class="list">${of.map((v) => html`<a key=${v.visit.id} href=${'#/visit/' + v.visit.id}
  class=${ahead(v.visit.status) ? '' : 'done'}><b>${clock(v.visit.window_start)}</b><span>${v.customer?.name || ''}<br /><span class="label">${days ? dayShort(v.visit.window_start) + ' · ' : ''}${
  v.waits ? say('wait', { n: v.waits }) + ' · ' : ''}${known('category.' + v.job.category) || v.job.category}</span></span><${State} visit=${v.visit} /></a>`)}</div>`;
