import * as db from './db.js';
import { alone, ask, key, left as ended, once, Refused, spare, Unreached, urgent } from './net.js';
import { change, guarded, reload, state } from './state.js';
import { sendFiles, toReport } from './files.js';
import { lay } from './moves.js';
import { look, open } from './alarms.js';

/** How many requests go up in one batch, and how large it may be (docs/phone.md, Up). */
const batchMost = 50;
const batchBytes = 200_000;

let failures = 0;
let notBefore = 0; // what the server asked for
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let waits = false; // it is set

/** later sets when to try again. In the background nothing runs more often than once a minute. @param {number} ms */
const later = (ms) => {
  clearTimeout(timer);
  waits = true;
  timer = setTimeout(sync, document.hidden ? Math.max(ms, 60_000) : ms);
};

/** soon syncs after what is written now. */
export const soon = () => later(150);

/** sync sends what waits and fetches what changed, one at a time over all tabs. */
export const sync = async () => {
  clearTimeout(timer);
  waits = false;
  await grow();
  if (!state.signedIn) return;
  change({ sending: true });
  try {
    await alone('sync', async () => {
      await up();
      await down();
    });
    await speakAlike();
    await look();
    spare('files', sendFiles).catch(() => {}); // which nothing waits for; what is left goes with the next sync
    health().catch(() => {});
    failures = 0;
    change({ net: 'ok', ended: '', sending: false });
    later(stays(state.queue).size < state.queue.length ? 5_000 : open(state).length ? 20_000 : document.hidden ? 15 * 60_000 : 120_000);
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
    const asked = /** @type {any} */ (e)?.wait || 0, wait = (asked || Math.min(300, 2 ** failures)) * 1000 * (1 + Math.random() / 2);
    if (asked) notBefore = Date.now() + wait;
    later(wait);
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

/** sealed sends the queue of a phone that was reported lost once more, by its credential, in as many batches as it takes, and then erases all of it. */
const sealed = async () => {
  try {
    let wipe = false;
    const send = async (/** @type {any[]} */ batch) => {
      const queue = await db.all('queue'), requests = await Promise.all(batch.map(request));
      const { json } = await once('POST', '/v1/sync', { by: 'device', within: 40_000,
        body: { device_time: new Date().toISOString(), more: batch.length < queue.length, requests } });
      for (const [i, a] of json.responses.entries()) {
        if (a.status !== 429 && a.status < 500) await db.drop('queue', batch[i].seq);
        else throw new Unreached('busy');
      }
      wipe = json.wipe;
    };
    for (let queue = await db.all('queue'); queue.length && !wipe; queue = await db.all('queue')) {
      await halved(await pack(queue), send, (q) => db.drop('queue', q.seq)); // what nobody can read keeps no lost phone from erasing
    }
  } catch (e) {
    // Told to erase, or refused for good: what is of homes does not stay for a queue that nobody takes.
    if (!(e instanceof Refused) || e.status !== 401) { later(60_000); return; }
  }
  await db.forget(true);
  await caches.keys().then((names) => Promise.all(names.map((n) => caches.delete(n)))).catch(() => {});
  await reload();
};

/** @param {import('./db.js').Queued} q */
const request = async (q) => {
  const body = await db.bodyOf(q);
  return { id: q.id, method: q.method, path: q.path, ...(body === undefined ? {} : { body }), ...(q.depends_on?.length ? { depends_on: q.depends_on } : {}) };
};

/** pack takes as much of the queue as one batch holds. @param {import('./db.js').Queued[]} queue */
const pack = async (queue) => {
  const batch = [];
  let bytes = 200;
  for (const q of queue) {
    const size = new Blob([JSON.stringify(await request(q))]).size;
    if (batch.length && (batch.length >= batchMost || bytes + size > batchBytes)) break;
    bytes += size;
    batch.push(q);
  }
  return batch;
};

/**
 * halved sends a batch. One that is refused as such, because of something in it that cannot be read or because it is too large, is halved until
 * the culprit stands by itself; all others go. What the halves throw is thrown when both were sent.
 * @param {any[]} batch @param {(batch: any[]) => Promise<void>} send @param {(q: any, e: Refused) => Promise<void>} culprit
 * @returns {Promise<void>}
 */
const halved = async (batch, send, culprit) => {
  try {
    await send(batch);
    return;
  } catch (e) {
    if (!(e instanceof Refused) || ![400, 413, 422].includes(e.status)) throw e;
    if (batch.length === 1) { await culprit(batch[0], e); return; }
  }
  const half = Math.ceil(batch.length / 2);
  /** @type {any} */
  let later = null;
  await halved(batch.slice(0, half), send, culprit).catch((e) => { if (!(e instanceof Unreached) || e.how !== 'busy') throw e; later = e; });
  await halved(batch.slice(half), send, culprit);
  if (later) throw later;
};

/** stays is what of a queue is not sent: what the server could not read, until its user says so, and what depends on that. @param {any[]} queue */
const stays = (queue) => {
  /** @type {Set<string>} */
  const ids = new Set();
  for (const q of queue) if (q.aside || q.depends_on?.some((/** @type {string} */ id) => ids.has(id))) ids.add(q.id);
  return ids;
};

/** aside keeps what the server could not read, with what it said: nothing waits behind it, and its user says what becomes of it. @param {any} q @param {Refused} e */
const aside = async (q, e) => {
  await db.put('queue', { ...q, aside: { said: q.secret ? '' : e.message, code: e.code, status: e.status } });
  doing([q], '');
  await reload();
};

/** doing says of each request what is done with it. @param {any[]} rows @param {'sending' | 'busy' | ''} how */
const doing = (rows, how) => {
  const all = { ...state.doing };
  for (const r of rows) {
    if (how) all[r.id] = how;
    else delete all[r.id];
  }
  change({ doing: all });
};

/** up sends the queue, or of it only what some ids need. @param {Set<string>} [only] */
const up = async (only) => {
  const send = async (/** @type {any[]} */ whole) => {
    const not = stays(await db.all('queue')), batch = whole.filter((q) => !not.has(q.id)); // what went before may have put some aside
    if (!batch.length) return;
    doing(batch, 'sending');
    try {
      const { json } = await ask('POST', '/v1/sync', { within: 40_000, body: { device_time: new Date().toISOString(), requests: await Promise.all(batch.map(request)) } });
      let left = 0, wait = 0;
      doing(batch, '');
      for (const [i, a] of json.responses.entries()) {
        if (await settle(batch[i], a) === 'later') { doing([batch[i]], 'busy'); left++; wait = Math.max(wait, a.retry_after || 0); }
      }
      await reload();
      if (left) throw new Unreached('busy', wait);
    } catch (e) {
      if (!(e instanceof Unreached && e.how === 'busy')) doing(batch, '');
      throw e;
    }
  };
  for (;;) {
    const queue = await db.all('queue'), not = stays(queue), go = queue.filter((q) => !not.has(q.id) && (!only || only.has(q.id)));
    if (!go.length) return;
    await halved(await pack(go), send, aside);
  }
};

/** leaveOut gives up what the server could not read; what waited behind it goes by itself. @param {any} q */
export const leaveOut = async (q) => {
  await settle(q, { status: q.aside.status, body: { code: q.aside.code, detail: q.aside.said } });
  await reload();
  soon();
};

/** again tries one request now, with what it waits for; whatever stands beside it in the queue is left alone. @param {string} id */
export const again = async (id) => {
  for (const q of await db.all('queue')) if (q.id === id && q.aside) await db.put('queue', { ...q, aside: undefined });
  const queue = await db.all('queue'), need = new Set([id]);
  for (const q of [...queue].reverse()) if (need.has(q.id)) for (const d of q.depends_on || []) need.add(d);
  change({ sending: true });
  try {
    await alone('sync', () => up(need));
    change({ net: 'ok', sending: false });
  } catch (e) {
    change({ sending: false, ...(e instanceof Unreached ? { net: navigator.onLine ? e.how : 'off' } : {}) });
    if (e instanceof Refused && e.status === 401) await endSession(e);
  }
};

/** speakAlike makes the language that was chosen here that of the account: the lists and the notices come in it then. */
const speakAlike = async () => {
  const to = state.settings.language, me = state.me?.user;
  if (!to || !me || me.language === to || state.settings.languageNot === to) return;
  try {
    const { json } = await ask('PATCH', '/v1/users/' + me.id, { body: { language: to }, headers: { 'If-Match': `"${me.version}"` } });
    await db.set('me', { ...state.me, user: json });
    await down();
  } catch (e) {
    if (!(e instanceof Refused) || e.status === 412 || e.status === 401 || e.status === 429) return; // the next sync
    await db.set('settings', { ...state.settings, languageNot: to }); // the server does not speak it
  }
  await reload();
};

const page = key(); // other tabs count too
/** When this page last looked at the clocks, and whether it was in sight ever since. */
let looked = { wall: 0, ran: 0, seen: false };

/**
 * grow counts how old the picture is. The clock on the wall alone does not lock an app (docs/decisions/0048): between two looks at most a day
 * is counted, and at least what the page itself ran for. A step of the clock while the page was in sight all the time is no time that
 * passed, and what it is on the server's clock does not follow it.
 */
export const grow = async () => {
  const wall = Date.now(), ran = performance.now(), was = looked;
  looked = { wall, ran, seen: !document.hidden };
  const kept = await db.get('age').catch(() => null), synced = state.synced;
  if (!synced) return;
  const here = was.wall && kept?.page === page ? ran - was.ran : 0, passed = wall - (kept?.wall || synced);
  const step = wall - was.wall - (ran - was.ran), stepped = was.wall && was.seen && !document.hidden && Math.abs(step) > 120_000 ? step : 0;
  const ms = (kept?.ms || 0) + Math.max(here, Math.min(passed - stepped, 86_400_000), 0);
  await db.set('age', { ms, wall, page }).catch(() => {});
  if (stepped) await db.set('skew', state.skew - stepped).catch(() => {});
  change({ age: ms, ...(stepped ? { skew: state.skew - stepped } : {}) });
};

/** @type {ReturnType<typeof setTimeout> | undefined} */
let hurried;

/**
 * hurry sends what is urgent by itself, beside whatever else is under way, by the session or by the device's credential, until the server has it.
 * @param {any[]} [more] what could not be kept
 */
export const hurry = async (more = []) => {
  clearTimeout(hurried);
  /** @type {any[]} */
  const unsent = [];
  const all = [...(await db.all('queue').catch(() => [])).filter((x) => x.urgent), ...more];
  if (!all.length) return;
  for (const q of all) {
    try {
      const { json, status } = await urgent(q.method, q.path, { body: await db.bodyOf(q), headers: { 'Idempotency-Key': q.id, 'Doorstep-Sent-At': new Date().toISOString() } });
      await settle(q, { status, body: json });
    } catch (e) {
      if (e instanceof Refused && ![401, 429].includes(e.status)) await settle(q, { status: e.status, body: e.problem }).catch(() => {});
      else if (e instanceof Refused || e instanceof Unreached) unsent.push(q);
      else if (!q.seq) change({ full: false }); // it is there, whatever this phone can keep of that
    }
  }
  await reload();
  if (unsent.length) hurried = setTimeout(() => hurry(unsent.filter((q) => !q.seq)), document.hidden ? 60_000 : 4_000);
};

/**
 * settle takes a request out of the queue if its answer is the last word on it. What depended on one that was kept otherwise or refused goes again
 * by itself (docs/phone.md, Up): it was done, and the server judges it.
 * @param {any} q @param {any} a @returns {Promise<'done' | 'later' | 'again'>}
 */
const settle = async (q, a) => {
  const ok = a.status >= 200 && a.status < 300;
  if (a.status === 401) throw new Refused(401, a.body, 0);
  if (a.status === 429 || a.status >= 500) return 'later';
  if (a.status === 424 && q.depends_on?.length) {
    const waiting = new Set((await db.all('queue')).map((x) => x.id));
    const still = q.depends_on.filter((/** @type {string} */ id) => waiting.has(id));
    await db.put('queue', { ...q, depends_on: still });
    return still.length ? 'later' : 'again';
  }
  if (!ok) { // of a report nothing readable stays
    await db.put('answers', { id: q.id, label: q.label, at: Date.now(), said: q.secret ? '' : a.body?.detail || a.body?.title || '', code: a.body?.code || '',
      status: a.status, ...(q.secret ? {} : { visit: q.visit, move: q.move, when: q.when, ...(a.body?.opens_at ? { opens: a.body.opens_at } : {}) }) });
    if (['complete', 'partial'].includes(q.move) && a.body?.code !== 'claim_kept') await typedAgain(q);
  }
  if (ok && q.secret && a.body?.id) await toReport(q.id, a.body.id);
  await db.received(q, (v) => {
    if (!ok) return;
    lay(v.visit, q, state.skew, state.me?.user.id);
    if (q.timer && a.body?.due_at) v.timer = a.body;
  });
  return 'done';
};

/** typedAgain gives what was refused back to the form that it was typed in. @param {any} q */
const typedAgain = async (q) => {
  const drafts = await db.get('drafts') || {};
  await db.set('drafts', { ...drafts, [q.visit]: { ...drafts[q.visit], findings: q.body?.findings || '', work_done: q.body?.work_done || '',
    parts: (q.body?.parts || []).join(', '), tested: q.body?.tested || '' } });
};

const down = async () => {
  for (let turn = 0; turn < 200; turn++) {
    const cursor = await db.get('cursor'), tag = await db.get('tag');
    try {
      const { status, json, headers } = await ask('GET', '/v1/sync?limit=50' + (cursor ? '&cursor=' + encodeURIComponent(cursor) : ''),
        { headers: tag && tag.cursor === cursor ? { 'If-None-Match': tag.tag } : {} });
      if (status === 304) {
        await db.set('synced', Date.now());
        await db.set('age', null);
        change({ synced: Date.now(), age: 0 });
        return;
      }
      await guarded(() => db.keepPage(json));
      if (state.full) return;
      await db.set('tag', { cursor: json.cursor, tag: headers.get('ETag') });
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
  const language = ['en', 'hi', 'mr'].includes(document.documentElement.lang) ? document.documentElement.lang : 'en';
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
  localStorage.setItem('doorstep-leaving', '1'); // without network its cookies are still there: they end with the next start
  if (id) await ask('DELETE', '/v1/devices/' + id, { within: 5_000, headers: { 'Idempotency-Key': key() } }).catch(() => {});
  await ended();
  const worker = await navigator.serviceWorker?.getRegistration('/app');
  await worker?.pushManager?.getSubscription().then((s) => s?.unsubscribe()).catch(() => {});
  (await worker?.getNotifications() || []).forEach((n) => n.close());
  await db.forget(true);
  await reload();
};

/** health tells the server what it can know of this phone, at most every ten minutes unless something has just changed. */
export const health = async (changed = false) => {
  const last = await db.get('health') || 0, id = await db.get('installation');
  if (!id || !changed && Date.now() - last < 600_000) return;
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
  const wake = () => {
    failures = 0;
    hurry();
    if (Date.now() < notBefore) later(notBefore - Date.now());
    else sync();
  };
  addEventListener('online', wake);
  addEventListener('offline', () => change({ net: 'off' }));
  document.addEventListener('visibilitychange', () => {
    looked.seen = false; // what passed meanwhile is not known
    if (!document.hidden) wake();
    else if (waits) later(0); // at the pace of the background
  });
  navigator.serviceWorker?.addEventListener('message', (e) => { if (e.data === 'sync') wake(); });
};
