import * as db from './db.js';
import { language } from './words.js';

/** @typedef {import('api').components['schemas']['Problem']} Problem */

/** The server's answer was no. */
export class Refused extends Error {
  /** @param {number} status @param {Problem} problem @param {number} wait seconds until it is worth another try */
  constructor(status, problem, wait) {
    super(problem.detail || problem.title);
    this.status = status;
    this.problem = problem;
    this.code = problem.code;
    this.wait = wait;
  }
}

/** Nothing came, or nothing of ours did: no network, a hotel's page, a server that is gone. */
export class Unreached extends Error {
  /** @param {'off' | 'portal' | 'busy'} how @param {number} [wait] */
  constructor(how, wait = 0) {
    super(how);
    this.how = how;
    this.wait = wait;
  }
}

/**
 * once sends one request as a page of this server. An answer that is no JSON of the contract is no answer (docs/phone.md, Retrying).
 * @param {string} method @param {string} path
 * @param {{body?: any, raw?: Blob, headers?: Record<string, string>, by?: 'cookie' | 'device', within?: number}} [o]
 * @returns {Promise<{status: number, json: any, headers: Headers}>}
 */
export const once = async (method, path, o = {}) => {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), o.within || 20_000);
  /** @type {Record<string, string>} */
  const headers = { Accept: 'application/json', 'Doorstep-Session': o.by || 'cookie', 'Doorstep-Client': 'doorstep-app/1',
    'Accept-Language': language(), ...o.headers };
  if (o.body !== undefined) headers['Content-Type'] = 'application/json';
  try {
    const res = await fetch(path, { method, headers, body: o.raw ?? (o.body === undefined ? undefined : JSON.stringify(o.body)),
      signal: stop.signal, redirect: 'error', cache: 'no-store', credentials: 'same-origin' }).catch(() => { throw new Unreached('off'); });
    const kind = res.headers.get('Content-Type') || '';
    const ours = /^application\/(problem\+)?json/.test(kind);
    if (res.status === 204 || res.status === 304 || method === 'HEAD') {
      if (!res.headers.get('X-Request-Id')) throw new Unreached('portal');
      if (res.status >= 500) throw new Unreached('busy');
      if (res.status >= 400) throw new Refused(res.status, /** @type {any} */ ({ code: 'unknown', title: '', detail: '' }), 0);
      return { status: res.status, json: null, headers: res.headers };
    }
    if (!ours && res.status === 413) throw new Refused(413, /** @type {any} */ ({ code: 'too_large', title: '', detail: '' }), 0); // of a proxy in between
    if (!ours) throw new Unreached(res.status >= 500 ? 'busy' : 'portal');
    const json = await res.json().catch(() => { throw new Unreached('portal'); });
    if (!res.ok) {
      const wait = Number(res.headers.get('Retry-After')) || 0;
      if (res.status >= 500 || !json.code) throw new Unreached('busy', wait);
      throw new Refused(res.status, json, wait);
    }
    return { status: res.status, json, headers: res.headers };
  } finally {
    clearTimeout(timer);
  }
};

/** spare is alone, but passes where another does it already. @param {string} name @param {() => Promise<void>} run */
export const spare = (name, run) => (navigator.locks ? navigator.locks.request('doorstep-' + name, { ifAvailable: true }, async (lock) => { if (lock) await run(); })
  : run());

/** alone runs one at a time over all tabs. @param {string} name @param {() => Promise<void>} run @returns {Promise<void>} */
export const alone = async (name, run) => { await (navigator.locks ? navigator.locks.request('doorstep-' + name, run) : run()); };

/** renew trades the session for its successor, one at a time over all tabs. */
const renew = async () => {
  const before = await db.get('renewed');
  await alone('renew', async () => {
    if (await db.get('renewed') !== before) return; // another tab did
    await once('POST', '/v1/session/refresh');
    await db.set('renewed', Date.now());
  });
};

/** ask sends a request and renews the session where it has to. @type {typeof once} */
export const ask = async (method, path, o = {}) => {
  try {
    return await once(method, path, o);
  } catch (e) {
    if (!(e instanceof Refused) || e.status !== 401 || e.code !== 'unauthenticated') throw e;
  }
  await renew();
  return once(method, path, o);
};

/**
 * urgent is ask for an SOS and a stop: where the session has ended it goes by the credential of the device.
 * @type {typeof once}
 */
export const urgent = async (method, path, o = {}) => {
  try {
    return await ask(method, path, { within: 8_000, ...o });
  } catch (e) {
    if (!(e instanceof Refused) || e.status !== 401) throw e;
    return once(method, path, { within: 8_000, ...o, by: 'device' });
  }
};

/** left ends what is left of a session that somebody signed out of, and reports whether it did. */
export const left = async () => {
  if (!localStorage.getItem('doorstep-leaving')) return true;
  return once('DELETE', '/v1/session', { within: 5_000 }).then(() => { localStorage.removeItem('doorstep-leaving'); return true; }, () => false);
};

/** key is a fresh Idempotency-Key or id; pages without TLS have no randomUUID. */
export const key = () => {
  if (crypto.randomUUID) return crypto.randomUUID();
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = (b[6] & 15) | 64;
  b[8] = (b[8] & 63) | 128;
  return [...b].map((n, i) => ([4, 6, 8, 10].includes(i) ? '-' : '') + n.toString(16).padStart(2, '0')).join('');
};
