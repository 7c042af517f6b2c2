import * as db from './db.js';
import { alone, ask, key, Refused, Unreached } from './net.js';
import { change, guarded, reload, state } from './state.js';
import { sendFiles } from './files.js';
import { lay } from './moves.js';

/** How many requests go up in one batch, and how large it may be (docs/phone.md, Up). */
const batchMost = 50;
const batchBytes = 200_000;

let failures = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** later sets when to try again. In the background nothing runs more often than once a minute. @param {number} ms */
const later = (ms) => {
  clearTimeout(timer);
  timer = setTimeout(sync, document.hidden ? Math.max(ms, 60_000) : ms);
};

/** soon syncs after what is written now. */
export const soon = () => later(150);

/** sync sends what waits and fetches what changed, one at a time over all tabs. */
export const sync = async () => {
  clearTimeout(timer);
  if (!state.signedIn) return;
  change({ sending: true });
  try {
    await alone('sync', async () => {
      await up();
      await down();
      await sendFiles();
    });
    failures = 0;
    change({ net: 'ok', ended: '', sending: false });
    later(state.queue.length ? 5_000 : document.hidden ? 15 * 60_000 : 120_000);
  } catch (e) {
    failures++;
    change({ sending: false });
    if (e instanceof Unreached) {
      change({ net: navigator.onLine ? e.how : 'off' });
    } else if (e instanceof Refused && e.status === 401) {
      await endSession(e);
      return;
    } else if (!(e instanceof Refused)) {
      if (/** @type {any} */ (e)?.name === 'QuotaExceededError') change({ full: true });
      else console.error('sync', e);
    }
    const wait = /** @type {any} */ (e)?.wait || Math.min(300, 2 ** failures);
    later(wait * 1000 * (1 + Math.random() / 2));
  }
};

/** endSession keeps picture and queue and asks to sign in; a phone that was reported lost erases everything. @param {Refused} e */
const endSession = async (e) => {
  if (e.code === 'device_lost') {
    await sealed();
    return;
  }
  change({ ended: e.code === 'sync_too_old' ? 'sync_too_old' : 'signed_out' });
};

/** sealed sends the queue of a phone that was reported lost once more, by its credential, and erases all of it. */
const sealed = async () => {
  const { once } = await import('./net.js');
  const queue = await db.all('queue');
  try {
    if (queue.length) await once('POST', '/v1/sync', { by: 'device', body: { device_time: new Date().toISOString(), more: false, requests: queue.map(request) } });
  } catch (e) {
    if (e instanceof Unreached) { later(60_000); return; } // its queue is not lost
  }
  await db.forget(true);
  await caches.keys().then((names) => Promise.all(names.map((n) => caches.delete(n)))).catch(() => {});
  await reload();
};

/** @param {import('./db.js').Queued} q */
const request = (q) => ({ id: q.id, method: q.method, path: q.path, ...(q.body === undefined ? {} : { body: q.body }),
  ...(q.depends_on?.length ? { depends_on: q.depends_on } : {}) });

const up = async () => {
  for (;;) {
    const queue = await db.all('queue');
    if (!queue.length) return;
    const batch = [];
    let bytes = 200;
    for (const q of queue) {
      const size = new Blob([JSON.stringify(request(q))]).size;
      if (batch.length && (batch.length >= batchMost || bytes + size > batchBytes)) break;
      bytes += size;
      batch.push(q);
    }
    const { json } = await ask('POST', '/v1/sync', { within: 40_000, body: { device_time: new Date().toISOString(), requests: batch.map(request) } });
    let left = 0, wait = 0;
    for (const [i, a] of json.responses.entries()) {
      if (!await settle(batch[i], a)) { left++; wait = Math.max(wait, a.retry_after || 0); }
    }
    await reload();
    if (left === batch.length) throw new Unreached('busy', wait);
    if (left || batch.length === queue.length) return;
  }
};

/** settle takes a request out of the queue if its answer is the last word on it. @param {any} q @param {any} a */
const settle = async (q, a) => {
  const ok = a.status >= 200 && a.status < 300;
  if (a.status === 401) throw new Refused(401, a.body, 0);
  if (a.status === 424 && (await db.all('queue')).some((x) => q.depends_on?.includes(x.id))) return false;
  if (a.status === 429 || a.status >= 500) return false;
  if (!ok && !q.secret) {
    await db.put('answers', { id: q.id, label: q.label, at: Date.now(), said: a.body?.detail || a.body?.title || '', code: a.body?.code || '',
      status: a.status, visit: q.visit });
  } else if (!ok) { // of a report nothing readable stays
    await db.put('answers', { id: q.id, label: q.label, at: Date.now(), said: '', code: a.body?.code || '', status: a.status });
  }
  await db.received(q, (visit) => { if (ok) lay(visit, q, state.skew, state.me?.user.id); });
  return true;
};

const down = async () => {
  for (let turn = 0; turn < 200; turn++) {
    const cursor = await db.get('cursor');
    try {
      const { status, json } = await ask('GET', '/v1/sync?limit=50' + (cursor ? '&cursor=' + encodeURIComponent(cursor) : ''));
      if (status === 304) return;
      await guarded(() => db.keepPage(json));
      if (state.full) return;
      await reload();
      if (!json.more) return;
    } catch (e) {
      if (!(e instanceof Refused) || e.code !== 'cursor_gone') throw e;
      await db.forget();
      await reload();
    }
  }
};

/** register tells the server of this phone, and asks for what outlives the session. @param {string} [token] of Web Push */
export const register = async (token) => {
  let id = await db.get('installation');
  if (!id) await db.set('installation', id = key());
  const known = token || await db.get('pushToken') || 'none ' + id;
  const language = ['en', 'hi'].includes(document.documentElement.lang) ? document.documentElement.lang : 'en';
  const told = [id, known, language].join(' '), was = await db.get('registered');
  if (was?.told === told && Date.now() - was.at < 86_400_000) return;
  await ask('PUT', '/v1/devices/' + id, { body: { token: known, platform: 'web', language }, headers: { 'Idempotency-Key': key() } });
  await db.set('pushToken', known);
  await ask('PUT', '/v1/session/device', { body: { installation_id: id } });
  await db.set('registered', { told, at: Date.now() });
};

/** leave ends the session and the pushes to this phone, as far as there is network, and erases everything here. */
export const leave = async () => {
  const id = await db.get('installation');
  if (id) await ask('DELETE', '/v1/devices/' + id, { within: 5_000, headers: { 'Idempotency-Key': key() } }).catch(() => {});
  await ask('DELETE', '/v1/session', { within: 5_000 }).catch(() => {});
  const worker = await navigator.serviceWorker?.getRegistration('/app');
  await worker?.pushManager?.getSubscription().then((s) => s?.unsubscribe()).catch(() => {});
  (await worker?.getNotifications() || []).forEach((n) => n.close());
  await db.forget(true);
  await reload();
};

/** health tells the server what it can know of this phone, at most every ten minutes. */
export const health = async () => {
  const last = await db.get('health') || 0, id = await db.get('installation');
  if (!id || Date.now() - last < 600_000) return;
  const battery = await /** @type {any} */ (navigator).getBattery?.().catch(() => null);
  const oldest = state.queue[0];
  await ask('PUT', `/v1/devices/${id}/health`, { headers: { 'Idempotency-Key': key() }, body: {
    ...(battery ? { battery: Math.round(battery.level * 100), charging: battery.charging } : {}),
    notifications: 'Notification' in self && Notification.permission === 'granted' ? 'allowed' : 'blocked',
    queue_length: state.queue.length, ...(oldest ? { queue_oldest: new Date(oldest.at).toISOString() } : {}), app_version: 'web' } });
  await db.set('health', Date.now());
};

/** follow syncs when something says that it is worth it. */
export const follow = () => {
  const wake = () => { failures = 0; sync(); };
  addEventListener('online', wake);
  addEventListener('offline', () => change({ net: 'off' }));
  document.addEventListener('visibilitychange', () => { if (!document.hidden) wake(); });
  navigator.serviceWorker?.addEventListener('message', (e) => { if (e.data === 'sync') wake(); });
};
