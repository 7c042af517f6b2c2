import { openDB } from 'idb';

/**
 * What the phone keeps, in IndexedDB. The picture is what the server showed; the queue is what was done and not received yet.
 * Neither is ever derived from the other: what the screen shows is the picture with the queue laid over it (moves.js).
 * @typedef {import('api').components['schemas']} Schemas
 * @typedef {Schemas['SyncVisit']} SyncVisit
 * @typedef {{seq?: number, id: string, method: string, path: string, body?: any, label: string, visit?: string, move?: string, at: number,
 *   depends_on?: string[], secret?: boolean, sealed?: {iv: Uint8Array, data: ArrayBuffer}, timer?: string, urgent?: boolean,
 *   when?: string, aside?: {said: string, code: string, status: number}}} Queued
 * @typedef {{seq?: number, id: string, visit: string, kind: string, blob?: Blob, asked: boolean, agreed: boolean, at: number,
 *   size?: number, sha256?: string, announced?: boolean, wrong?: number, report?: string, flag?: string, type?: string,
 *   sealed?: {iv: Uint8Array, data: ArrayBuffer}}} QueuedFile
 * @typedef {{id: string, label: string, at: number, said: string, code: string, status: number, visit?: string, move?: string, when?: string, opens?: string}} Answer
 */

/** @type {Promise<import('idb').IDBPDatabase<any>> | undefined} */
let opened;

/** db opens the database, once. A tab with an older version gives way. */
const db = () => {
  opened ||= openDB('doorstep', 1, {
    upgrade(d) {
      d.createObjectStore('kv');
      for (const name of ['visits', 'promises', 'inbox', 'answers']) d.createObjectStore(name, { keyPath: 'id' });
      for (const name of ['queue', 'files']) d.createObjectStore(name, { keyPath: 'seq', autoIncrement: true });
    },
    blocking() { opened?.then((d) => d.close()); opened = undefined; },
    terminated() { opened = undefined; },
  });
  return opened;
};

export const get = async (/** @type {string} */ key) => (await db()).get('kv', key);
export const set = async (/** @type {string} */ key, /** @type {any} */ value) => { await (await db()).put('kv', value, key); };
export const all = async (/** @type {string} */ store) => (await db()).getAll(store);
export const put = async (/** @type {string} */ store, /** @type {any} */ value) => (await db()).put(store, value);
export const drop = async (/** @type {string} */ store, /** @type {any} */ key) => { await (await db()).delete(store, key); };

/** sealer is a key that can be used here and never be read. Pages without TLS have none. */
const sealer = async () => {
  if (!crypto.subtle) return null;
  let key = await get('sealer');
  if (!key) await set('sealer', key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']));
  return key;
};

/** sealBlob keeps a recording like that. @param {Blob} blob */
export const sealBlob = async (blob) => {
  const key = await sealer();
  if (!key) return { blob };
  const iv = crypto.getRandomValues(new Uint8Array(12));
  return { sealed: { iv, data: await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, await blob.arrayBuffer()) } };
};

/** blobOf is a recording as it is sent. @param {QueuedFile} f */
export const blobOf = async (f) => (f.sealed ? new Blob([await crypto.subtle.decrypt({ name: 'AES-GCM', iv: /** @type {any} */ (f.sealed.iv) }, await sealer(), f.sealed.data)], { type: f.type })
  : /** @type {Blob} */ (f.blob));

/** seal keeps a body so that whoever looks into the phone's storage does not read it. @param {any} body */
export const seal = async (body) => {
  const key = await sealer();
  if (!key) return { body };
  const iv = crypto.getRandomValues(new Uint8Array(12));
  return { sealed: { iv, data: await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, new TextEncoder().encode(JSON.stringify(body))) } };
};

/** bodyOf is the body of a request as it is sent. @param {Queued} q */
export const bodyOf = async (q) => {
  if (!q.sealed) return q.body;
  return JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt({ name: 'AES-GCM', iv: /** @type {any} */ (q.sealed.iv) }, await sealer(), q.sealed.data)));
};

/** the stores that hold something of a home. */
const picture = ['visits', 'promises', 'inbox'];

/**
 * keepPage lays one page of the server's answer over the picture, all of it or nothing. A whole picture replaces what was there
 * when its last page has come: what no page held is gone then.
 * @param {Schemas['SyncDown']} page
 */
export const keepPage = async (page) => {
  const tx = (await db()).transaction([...picture, 'kv'], 'readwrite');
  const kv = tx.objectStore('kv');
  /** @type {Set<string>} */
  const seen = page.full ? new Set(await kv.get('seen') || []) : new Set();
  const keep = (/** @type {string} */ store, /** @type {string} */ id, /** @type {any} */ value) => {
    seen.add(store + ' ' + id);
    tx.objectStore(store).put({ id, ...value });
  };
  for (const v of page.visits) keep('visits', v.visit.id, { v });
  for (const p of page.promises) keep('promises', p.id, { p });
  for (const n of page.inbox) keep('inbox', n.id, { n });
  for (const g of page.gone) tx.objectStore({ visit: 'visits', promise: 'promises', notice: 'inbox' }[g.kind] || 'visits').delete(g.id);
  const gone = page.gone.map((g) => g.id), drafts = await kv.get('drafts') || {}, dialled = await kv.get('dialled'), navigated = await kv.get('navigated');
  for (const id of gone) delete drafts[id];
  kv.put(drafts, 'drafts');
  if (dialled && gone.includes(dialled.visit)) kv.delete('dialled');
  if (navigated && gone.includes(navigated.visit)) kv.delete('navigated');
  if (page.me) kv.put(page.me, 'me');
  if (page.lists) kv.put(page.lists, 'lists');
  if (page.full && !page.more) {
    for (const store of picture) {
      for (const id of await tx.objectStore(store).getAllKeys()) if (!seen.has(store + ' ' + id)) tx.objectStore(store).delete(id);
    }
    kv.delete('seen');
  } else if (page.full) kv.put([...seen], 'seen');
  kv.put(page.cursor, 'cursor');
  if (page.as_of) kv.put(Date.parse(page.as_of) - Date.now(), 'skew');
  if (!page.more) {
    kv.put(Date.now(), 'synced');
    kv.delete('age');
  }
  await tx.done;
};

/**
 * received takes a request out of the queue and what it did into the picture, in one: until the server's next picture comes, the
 * screen must not fall back to what was before.
 * @param {Queued} q @param {(v: SyncVisit) => void} lay
 */
export const received = async (q, lay) => {
  const tx = (await db()).transaction(['queue', 'visits'], 'readwrite');
  if (q.seq !== undefined) tx.objectStore('queue').delete(q.seq);
  const row = q.visit && await tx.objectStore('visits').get(q.visit);
  if (row) {
    lay(row.v);
    tx.objectStore('visits').put(row);
  }
  await tx.done;
};

/** forget erases the picture, and with everything the queue and who was signed in, too. */
export const forget = async (everything = false) => {
  const stores = everything ? [...picture, 'kv', 'answers', 'queue', 'files'] : picture;
  const tx = (await db()).transaction([...new Set([...stores, 'kv'])], 'readwrite');
  for (const s of stores) tx.objectStore(s).clear();
  if (!everything) for (const k of ['cursor', 'seen']) tx.objectStore('kv').delete(k);
  await tx.done;
};
