import { useEffect, useState } from 'preact/hooks';
import { html } from '../app/html.js';
import * as db from '../app/db.js';
import { key, pulse, send, state, useNow } from './state.js';
import { Failed, useMove } from './ui.js';
import { language, say } from './words.js';

/** on is kept in this browser: whoever signs in here next is woken by it too. */
const on = 'doorstep-wake';

/** able is what this browser lets us do: nothing, not any more, what nobody asked for yet, or what runs. @returns {'none' | 'denied' | 'off' | 'on'} */
const able = () => {
  if (!state.pushKey || !('Notification' in self) || !('PushManager' in self) || !navigator.serviceWorker) return 'none';
  if (Notification.permission === 'denied') return 'denied';
  return Notification.permission === 'granted' && localStorage.getItem(on) === 'yes' ? 'on' : 'off';
};

/** worker is at /desk/, where it serves no page (sw.js). @returns {Promise<ServiceWorkerRegistration>} */
const worker = async () => {
  const reg = await navigator.serviceWorker.register('/desk/sw.js');
  const young = reg.active ? null : reg.installing || reg.waiting;
  if (young) await new Promise((r) => { young.addEventListener('statechange', () => { if (young.state === 'activated') r(null); }); if (reg.active) r(null); });
  return reg;
};

/** register tells the server which browser wakes whoever is signed in. */
const register = async () => {
  const reg = await worker(), applicationServerKey = Uint8Array.from(atob((state.pushKey || '').replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
  let sub = await reg.pushManager.getSubscription();
  const kept = sub?.options.applicationServerKey;
  if (sub && (!kept || String(new Uint8Array(kept)) !== String(applicationServerKey))) { await sub.unsubscribe(); sub = null; } // of another key
  sub ||= await reg.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
  let id = await db.get('desk.installation');
  if (!id) await db.set('desk.installation', id = key());
  await send('PUT', '/v1/devices/' + id, { token: JSON.stringify(sub), platform: 'web', language: language() });
};

/** rest ends it, here and at the server. */
const rest = async () => {
  localStorage.removeItem(on);
  const id = await db.get('desk.installation'), reg = await navigator.serviceWorker?.getRegistration('/desk/');
  if (id) await send('DELETE', '/v1/devices/' + id, undefined);
  await (await reg?.pushManager?.getSubscription())?.unsubscribe();
};

navigator.serviceWorker?.addEventListener('message', (e) => {
  if (e.data === 'push') pulse();
  if (e.data?.go) location.hash = e.data.go;
});

/** useWake is whether this browser wakes, and how to begin and to end it. */
const useWake = () => {
  const s = useNow(), [, again] = useState(0);
  const go = useMove(async () => {
    if (await Notification.requestPermission() === 'granted') {
      localStorage.setItem(on, 'yes');
      await register().catch((e) => { localStorage.removeItem(on); throw e; });
    }
    again((n) => n + 1);
  });
  const end = useMove(async () => { await rest(); again((n) => n + 1); });
  return { is: s.pushKey === undefined ? '' : able(), go, end };
};

/** Wake asks once, of whoever is rung, in plain words; whoever says no finds it in their menu. */
export const Wake = () => {
  const s = useNow(), { is, go } = useWake(), [later, setLater] = useState(localStorage.getItem(on) === 'later');
  useEffect(() => { if (s.me && able() === 'on') register().catch(() => {}); }, [s.me?.id, s.pushKey]);
  if (is !== 'off' || later || !s.me || s.me.role === 'agent' || s.me.role === 'admin') return null;
  return html`<section class="card spread wake"><p>${say('wake.ask')}</p><div class="row"><button class="btn small primary" disabled=${go.busy} onClick=${() => go.go()}>${say('wake.go')}</button>
    <button class="btn small plain" onClick=${() => { localStorage.setItem(on, 'later'); setLater(true); }}>${say('wake.later')}</button></div><${Failed} error=${go.error} /></section>`;
};

/** WakeState says in the menu how it stands, and changes it. */
export const WakeState = () => {
  const { is, go, end } = useWake();
  if (!is) return null;
  return html`<div class="stack wake"><p class="quiet dense">${say('wake.' + is)}</p>
    ${is === 'off' && html`<button class="btn small" disabled=${go.busy} onClick=${() => go.go()}>${say('wake.go')}</button>`}
    ${is === 'on' && html`<button class="btn small" disabled=${end.busy} onClick=${() => end.go()}>${say('wake.end')}</button>`}
    <${Failed} error=${go.error || end.error} /></div>`;
};
