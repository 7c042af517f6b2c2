import { once } from './net.js';
import { register } from './sync.js';

/**
 * pushOn lets this browser be woken, if its user allowed it; ask says that it may be asked now. It gives what came of it.
 * @param {boolean} ask @returns {Promise<'on' | 'denied' | 'none'>}
 */
export const pushOn = async (ask) => {
  if (!('Notification' in self) || !('PushManager' in self) || !navigator.serviceWorker) return 'none';
  if (Notification.permission === 'default' && ask) await Notification.requestPermission();
  if (Notification.permission !== 'granted') return Notification.permission === 'denied' ? 'denied' : 'none';
  const { json } = await once('GET', '/app/config.json');
  if (!json.push_key) return 'none';
  const key = Uint8Array.from(atob(json.push_key.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
  const worker = await navigator.serviceWorker.ready;
  const sub = await worker.pushManager.getSubscription() || await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  await register(JSON.stringify(sub));
  return 'on';
};

/** standing keeps a silent notification during a visit, from which an SOS is one press away; none shows outside one. @param {boolean} on @param {string} title @param {string} word */
export const standing = async (on, title, word) => {
  if (!('Notification' in self) || Notification.permission !== 'granted' || !navigator.serviceWorker) return;
  const worker = await navigator.serviceWorker.ready;
  const there = await worker.getNotifications({ tag: 'standing' });
  if (!on) { there.forEach((n) => n.close()); return; }
  if (there.length) return;
  await worker.showNotification(title, /** @type {any} */ ({ tag: 'standing', silent: true, requireInteraction: true, icon: '/app/icon-192.png', data: { sos: true },
    actions: [{ action: 'sos', title: word }, { action: 'open', title: 'Doorstep' }] }));
};
