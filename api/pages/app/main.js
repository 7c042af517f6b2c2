import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { html } from './html.js';
import * as db from './db.js';
import { begin, change, say, state, useNow } from './state.js';
import { left } from './net.js';
import { follow, grow, hurry, register, sync } from './sync.js';
import { resume, SignIn } from './signin.js';
import { Today } from './today.js';
import { Visit } from './visit.js';
import { Waiting } from './waiting.js';
import { Inbox } from './inbox.js';
import { Me } from './me.js';
import { Rung } from './rung.js';
import { Alarms } from './alarms.js';
import { Flag } from './flag.js';
import { Sos } from './sos_screen.js';
import { go, raise } from './sos.js';
import { pushOn } from './push.js';

/** After so long without a sync nothing of a home is shown any more (docs/product.md section 10). */
const lockAfter = 72 * 3_600_000;

/** useRoute is the screen that the address names, in parts. */
const useRoute = () => {
  const [at, set] = useState(location.hash.slice(2));
  useEffect(() => {
    const on = () => { set(location.hash.slice(2)); scrollTo(0, 0); };
    addEventListener('hashchange', on);
    return () => removeEventListener('hashchange', on);
  }, []);
  return at.split('/');
};

const App = () => {
  const s = useNow();
  const [screen, id, part] = useRoute();
  useEffect(() => { document.getElementById('screen')?.focus({ preventScroll: true }); }, [screen, id, part]);
  if (!s.ready) return html`<p class="start">Doorstep</p>`;
  if (screen === 'sos' && (!id || id === s.sos?.server)) return html`<${Sos} />`;
  if (!s.signedIn) return html`<${SignIn} />`;
  if (screen === 'sos') return html`<${Rung} key=${id} id=${id} />`;
  const locked = s.synced > 0 && s.age > lockAfter;
  if (locked && screen !== 'waiting') return html`<${SignIn} why=${say('ended.sync_too_old')} />`;
  const body = screen === 'visit' ? html`<${Visit} id=${id} part=${part} />` : screen === 'waiting' ? html`<${Waiting} />`
    : screen === 'flag' ? html`<${Flag} key=${id} id=${id} />` : screen === 'inbox' ? html`<${Inbox} />` : screen === 'me' ? html`<${Me} part=${id} />` : html`<${Today} />`;
  const tab = (/** @type {string} */ to, /** @type {string} */ word, /** @type {number} */ n = 0) => html`<a href=${'#/' + to}
    aria-current=${(screen || '') === to ? 'page' : undefined}>${say(word)}${n ? html` <b>${n}</b>` : ''}</a>`;
  const unseen = s.inbox.filter((n) => !n.seen_at).length;
  return html`
    ${s.update && html`<div class="bar-note" role="status">${say('update.ready')} <button class="btn small" onClick=${update}>${say('update.take')}</button></div>`}
    ${s.ended && html`<div class="bar-note warn" role="alert">${say('ended.' + s.ended)} <a class="btn small" href="#/me/signin">${say('signin.again')}</a></div>`}
    ${s.full && html`<div class="bar-note warn" role="alert">${say('storage.full')}</div>`}
    ${s.sos && !s.sos.safe && s.sos.view?.status !== 'resolved' && html`<a class="bar-note danger" href="#/sos">${say('sos.open')}</a>`}
    <${Alarms} s=${s} />
    <main id="screen" tabindex="-1">${body}</main>
    ${screen !== 'visit' && screen !== 'flag' && html`<nav class="foot" aria-label=${say('nav')}><div>
      ${tab('', 'nav.today')}${tab('inbox', 'bar.inbox', unseen)}${tab('waiting', 'bar.waiting', s.queue.length + s.files.length)}${tab('me', 'nav.me')}</div></nav>`}`;
};

/** raiseAsAsked raises an alarm that the standing notification asked for (sw.js); no address can. */
const raiseAsAsked = async () => {
  const asked = await self.caches?.open('asked').catch(() => null), at = await asked?.match('/app/sos');
  if (!at) return;
  await asked?.delete('/app/sos');
  if (Date.now() - Number(await at.text()) < 60_000) { raise(); location.hash = '#/sos'; }
};

const update = async () => {
  const worker = await navigator.serviceWorker.getRegistration('/app');
  worker?.waiting?.postMessage('update');
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload());
};

const start = async () => {
  render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById('app')));
  await begin();
  await grow();
  follow();
  await raiseAsAsked();
  go(); // an alarm and a stop from before, ahead of everything else
  hurry();
  if (await left() && (location.hash === '#/enter' || !state.signedIn && await db.get('installation') === undefined)) await resume();
  sync().then(() => {
    if (!state.signedIn) return;
    register().catch(() => {});
    pushOn(false).catch(() => {});
  });
  if (!('serviceWorker' in navigator)) return;
  navigator.serviceWorker.addEventListener('message', (e) => {
    if (e.data?.go) { location.hash = e.data.go; raiseAsAsked(); }
  });
  const worker = await navigator.serviceWorker.register('/app/sw.js', { scope: '/app' }).catch(() => null);
  if (!worker) return;
  const ready = () => { if (worker.waiting && navigator.serviceWorker.controller) change({ update: true }); };
  ready();
  worker.addEventListener('updatefound', () => worker.installing?.addEventListener('statechange', ready));
};

start();
