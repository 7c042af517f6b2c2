import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { ask, key, left, once, Refused, Unreached } from '../app/net.js';
import * as db from '../app/db.js';
import { follow as events } from './stream.js';
import { served } from './when.js';
import { language, say, speak } from './words.js';

/**
 * What all pages know: who is signed in, whether the server answers, what rings.
 * @typedef {import('api').components['schemas']} Schemas
 * @typedef {{ready: boolean, me: Schemas['User'] | null, was: Schemas['User'] | null, resets: Schemas['Session']['resets'], centres: Schemas['Centre'][], offline: boolean,
 *   pulse: number, alarms: Schemas['SOS'][], demo: {login: string, password: string, role: string, name: string}[], note: string, why: string, pushKey: string | undefined}} State
 */

/** @type {State} */
export const state = { ready: false, me: null, was: null, resets: [], centres: [], offline: false, pulse: 0, alarms: [], demo: [], note: '', why: '', pushKey: undefined };

/** @type {Set<() => void>} */
const watchers = new Set();

let noted = 0; // when what was done was said

/** change shows something. @param {Partial<State>} what */
export const change = (what) => {
  if (what.note) noted = Date.now();
  Object.assign(state, what);
  watchers.forEach((w) => w());
};

/** useNow makes a component follow the state. @returns {State} */
export const useNow = () => {
  const [, again] = useState(0);
  useLayoutEffect(() => {
    const w = () => again((n) => n + 1);
    watchers.add(w);
    return () => { watchers.delete(w); };
  }, []);
  return state;
};

/** pulse makes every page read again what it shows. */
export const pulse = () => change({ pulse: state.pulse + 1 });

const client = { 'Doorstep-Client': 'doorstep-desk/1', get 'Accept-Language'() { return language(); } }; // refusals come in the desk's own language

/** heard keeps what an answer, or none, says of the network and of the session. @template T @param {() => Promise<T>} run @returns {Promise<T>} */
const heard = async (run) => {
  try {
    const out = await run();
    if (state.offline) change({ offline: false });
    return out;
  } catch (e) {
    if (e instanceof Unreached) change({ offline: true });
    else if (e instanceof Refused && e.status === 401 && state.me) leave('session.ended');
    throw e;
  }
};

/** worklist is what a desk's first page reads. @param {string} centre */
export const worklist = (centre) => (centre ? [`/v1/centres/${centre}/board?days=7`, '/v1/inbox?unseen=true&limit=50', `/v1/jobs?limit=100&centre_id=${centre}&status=open`] : []);

/** ahead are reads that were sent before their page was there; each is used once. @type {Map<string, Promise<any>>} */
const ahead = new Map();

/** get reads. @param {string} path @param {number} [within] ms after which nothing is waited for any more @returns {Promise<any>} */
export const get = (path, within) => {
  const sent = ahead.get(path);
  ahead.delete(path);
  return sent || heard(async () => (await ask('GET', path, { headers: client, within })).json);
};

/** send writes once, however often it is tried: id is its Idempotency-Key. @param {string} method @param {string} path @param {any} body
 * @param {string} [id] @param {Record<string, string>} [headers] @returns {Promise<any>} */
export const send = (method, path, body, id = key(), headers = {}) => heard(async () => (await ask(method, path,
  { body, headers: { ...client, 'Idempotency-Key': id, ...headers } })).json);

/**
 * whatIf asks what a move would do, and gives whom it would tell of visits; a refusal comes as it would.
 * @param {string} path @param {any} body @returns {Promise<{kind: string, to: string, n: number}[]>}
 */
export const whatIf = (path, body) => heard(async () => {
  const { headers } = await ask('POST', path, { body, headers: { ...client, 'Idempotency-Key': key(), 'Doorstep-Dry-Run': 'true' } });
  return (headers.get('Doorstep-Would-Tell') || '').split(',').map((item) => /^\s*([\w.]+);to=(\w+);n=(\d+)/.exec(item)).filter((m) => m !== null)
    .map((m) => ({ kind: m[1], to: m[2], n: Number(m[3]) }));
});

/** said is what a failure means, in words that say what to do. @param {any} e */
export const said = (e) => {
  if (e instanceof Refused) {
    const fields = (e.problem.errors || []).map((/** @type {any} */ f) => f.detail).filter(Boolean);
    return e.message + (fields.length ? ' ' + fields.join('; ') + '.' : '');
  }
  return e instanceof Unreached ? say('net.' + e.how) : say('failed');
};

/**
 * useLoad reads what a page shows and reads it again at every pulse; what was there stays until then.
 * @template T @param {() => Promise<T>} load @param {any[]} deps what it is about: changed, nothing of before stays @param {T} [first] what is shown until the first answer
 * @param {any[]} [again] what makes it read again, while what was there stays
 * @returns {{data: T | undefined, error: any, reload: () => Promise<void>}}
 */
export const useLoad = (load, deps, first, again = []) => {
  const [s, set] = useState(/** @type {{data: T | undefined, error: any}} */ ({ data: first, error: null }));
  /** @type {{current: T | undefined}} */
  const before = useRef(first);
  const turn = useRef(0), now = useNow().pulse;
  const reload = useCallback(async () => {
    const mine = ++turn.current;
    try {
      const data = await load();
      if (mine === turn.current) set({ data, error: null });
    } catch (error) {
      if (mine === turn.current) set((was) => ({ data: was.data, error }));
    }
  }, [...deps, ...again]);
  useEffect(() => { set({ data: before.current, error: null }); before.current = undefined; reload(); return () => { turn.current++; }; }, deps);
  /** @type {{current: boolean}} */
  const begun = useRef(false);
  useEffect(() => { if (begun.current) reload(); begun.current = true; }, again);
  useEffect(() => { if (now) reload(); }, [now]);
  return { ...s, reload };
};

const drafts = 'doorstep-draft:';

/**
 * useDraft keeps what is being written through a reload, in this tab alone and until it was sent, or somebody signs out.
 * @template {Record<string, any>} T @param {string} name @param {() => T} fresh
 * @returns {[T, (what: Partial<T>) => void, () => void]} the draft, how to write into it, how to drop it
 */
export const useDraft = (name, fresh) => {
  const [value, set] = useState(() => {
    try {
      return /** @type {T} */ ({ ...fresh(), ...JSON.parse(sessionStorage.getItem(drafts + name) || '{}') });
    } catch { return fresh(); }
  });
  /** @type {{current: T}} */
  const last = useRef(value);
  const put = (/** @type {Partial<T>} */ what) => {
    last.current = { ...last.current, ...what };
    set(last.current);
    try { sessionStorage.setItem(drafts + name, JSON.stringify(last.current)); } catch { /* it is kept while the page is open */ }
  };
  return [value, put, () => sessionStorage.removeItem(drafts + name)];
};

/** forgetTab erases what anybody was writing in this tab, and what it showed. */
const forgetTab = () => { for (const name of Object.keys(sessionStorage)) if (name.startsWith(drafts) || name === shown) sessionStorage.removeItem(name); };

const shown = 'doorstep-shown', shownFor = 15 * 60_000;

/**
 * keepShown remembers in this tab the rows that its first page shows, so that a tab opened again shows them at once while it asks: neither a number nor
 * an address is among them. They go when somebody signs out, when the session has ended, and after a quarter of an hour.
 * @param {any} rows
 */
export const keepShown = (rows) => {
  const { me } = state;
  if (!me) return;
  try {
    sessionStorage.setItem(shown, JSON.stringify({ at: Date.now(), rows, me: { id: me.id, name: me.name, role: me.role, centre_id: me.centre_id, language: me.language },
      centres: state.centres.map(({ id, name, zone, country }) => ({ id, name, zone, country })) }));
  } catch { /* there is no room: the page asks as ever */ }
};

/** shownBefore is what this tab showed a short while ago to whom it remembers, or what another one shows. @returns {{at: number, rows: any, me: Schemas['User'], centres: Schemas['Centre'][]} | null} */
export const shownBefore = () => {
  try {
    const was = JSON.parse(sessionStorage.getItem(shown) || 'null');
    return was && was.me.role === remembered()?.role && Date.now() - was.at < shownFor ? was : null;
  } catch { return null; }
};

/** shownThere asks the other tabs of this browser, whose session is the same, for what they show; they answer soon or not at all. */
const shownThere = () => new Promise((done) => {
  if (!tabs) return done(null);
  const end = () => { tabs.removeEventListener('message', take); done(null); };
  const take = (/** @type {MessageEvent} */ e) => {
    if (!e.data?.rows) return;
    try { sessionStorage.setItem(shown, e.data.rows); } catch { /* there is no room: the page asks as ever */ }
    end();
  };
  setTimeout(end, 300);
  tabs.addEventListener('message', take);
  tabs.postMessage('rows?');
});

/** remembered is who was signed in last: no more of it than lets their page be asked for before they are known. */
const remembered = () => /** @type {{role: string, centre: string} | null} */ (JSON.parse(localStorage.getItem('doorstep-desk') || 'null'));

/** enter takes over the session that has begun. @param {{user: Schemas['User'], resets?: Schemas['Session']['resets']}} session @param {Schemas['Centre'][]} [centres] */
export const enter = async (session, centres) => {
  if (session.user.role === 'technician') {
    location.assign('/app#/enter');
    return;
  }
  const before = state.was || state.me;
  if (before && before.id !== session.user.id) { // what the other one was writing is not theirs
    forgetTab();
    location.reload();
    return;
  }
  localStorage.setItem('doorstep-desk', JSON.stringify({ role: session.user.role, centre: session.user.centre_id || '' }));
  await speak(localStorage.getItem('doorstep-language') || session.user.language || 'en');
  change({ me: session.user, was: null, resets: session.resets || [], why: '', centres: centres || (await get('/v1/centres?limit=100')).items, ready: true });
  follow();
};

/** leave shows the sign-in; where a session only ended, over what was being written. @param {string} why */
export const leave = (why) => {
  unfollow?.();
  if (!why) forgetTab();
  else sessionStorage.removeItem(shown);
  localStorage.removeItem('doorstep-desk');
  change({ me: null, was: why ? state.me : null, alarms: [], resets: [], why });
};

/** speaks changes the language of the pages, and with it that of the account: reasons and pushes come in it then. @param {string} to */
export const speaks = async (to) => {
  localStorage.setItem('doorstep-language', to);
  await speak(to);
  change({});
  if (!state.me || state.me.language === to) return;
  try {
    change({ me: await send('PATCH', '/v1/users/' + state.me.id, { language: to }, key(), { 'If-Match': `"${state.me.version}"` }) });
    pulse();
  } catch (e) { if (!(e instanceof Refused || e instanceof Unreached)) throw e; } // the pages speak it all the same
};

/** signOut ends the session, in every tab. */
export const signOut = async () => {
  localStorage.setItem('doorstep-leaving', '1'); // without network its cookies are still there: they end with the next start
  await left();
  tabs?.postMessage('out');
  leave('');
};

/** configured reads what the server says of itself to anybody: its clock, by which days are called, and whom the demo lets in. */
const configured = async () => {
  const config = await fetch('/desk/config.json', { cache: 'no-store' }).then((r) => r.json()).catch(() => ({}));
  if (config.now) served(config.now);
  return config;
};

const tabs = 'BroadcastChannel' in self ? new BroadcastChannel('doorstep-desk') : null;

let begun = false; // the older pages read and ring by these modules, and sign in by themselves

/** begin goes on with the session that the browser has, if it has one. @param {boolean} [again] it did not come through before */
export const begin = async (again = false) => {
  begun = true;
  await speak(localStorage.getItem('doorstep-language') || navigator.language.slice(0, 2));
  if (tabs) tabs.onmessage = (e) => {
    if (e.data === 'rows?') { if (state.me && sessionStorage.getItem(shown)) tabs.postMessage({ rows: sessionStorage.getItem(shown) }); } else if (e.data?.rows) return;
    else if (e.data === 'out') leave('');
    else if (!state.me) location.reload();
    else same().catch(() => {});
  };
  const was = remembered(), first = !!was && /^#?\/?(worklist)?$/.test(location.hash);
  if (first) worklist(was.centre).forEach((path) => ahead.set(path, get(path)));
  const known = was ? Promise.all([get('/v1/me'), get('/v1/centres?limit=100')]) : null;
  known?.catch(() => {}); // it is awaited below
  // Last: a browser opens six connections to a server, and the rows come first.
  configured().then((config) => change({ demo: config.demo || [], pushKey: config.push_key || '' }));
  if (first && !shownBefore()) await Promise.race([shownThere(), known?.catch(() => {})]); // the server may be the faster one
  const seen = was && shownBefore();
  if (!was) change({ ready: true }); // the sign-in needs no answer
  else if (seen) change({ me: seen.me, centres: seen.centres, ready: true }); // what this tab showed, until the answers are there
  try {
    if (!await left()) throw new Unreached('off');
    if (known) {
      const [me, centres] = await known;
      await enter(me, centres.items);
      if (again) pulse();
    } else {
      await enter((await once('POST', '/v1/session/refresh', { headers: client })).json);
      await db.set('renewed', Date.now());
    }
  } catch (e) {
    ahead.clear();
    if (e instanceof Unreached) {
      change({ offline: true });
      if (was) setTimeout(() => { if (!state.me || seen) begin(true); }, 3_000);
    } else if (state.me) leave('session.ended');
    else localStorage.removeItem('doorstep-desk');
  }
  change({ ready: true });
};

/** signIn begins a session here and in the other tabs. @param {string} login @param {string} password */
export const signIn = async (login, password) => {
  await enter((await once('POST', '/v1/session', { body: { login, password }, headers: client })).json);
  await db.set('renewed', Date.now());
  localStorage.removeItem('doorstep-leaving');
  tabs?.postMessage('in');
};

/** @type {(() => void) | undefined} */
let unfollow;

/** follow reads the server's events until the session ends; without them the pages read by themselves. */
const follow = () => {
  unfollow?.();
  unfollow = events(client, { changed: pulse, reach: (there) => {
    if (state.offline !== there) return;
    change({ offline: !there });
    if (there) pulse();
  } });
};

addEventListener('offline', () => change({ offline: true }));
// What was done was done there; what led to another page is still said on that one.
addEventListener('hashchange', () => { if (state.note && Date.now() - noted > 1_000) change({ note: '' }); });
addEventListener('online', () => { if (state.me) { follow(); pulse(); } else if (begun && remembered()) location.reload(); });
document.addEventListener('visibilitychange', () => { if (!document.hidden && state.me) configured().then(same).then(pulse, () => {}); });

/** same begins anew where the browser's session is somebody else's by now: another page signed in. */
const same = async () => {
  const { user } = await get('/v1/me');
  if (state.me && user.id !== state.me.id) location.reload();
};
setInterval(() => { if (state.me && !document.hidden) pulse(); }, 60_000);

/** takesCalls reports whether whoever is signed in does a desk's work: an admin reads it. */
export const takesCalls = () => state.me?.role !== 'admin';

/** zone is that of a centre, else of the only one there is, else the browser's. @param {string | null} [centre] */
export const zone = (centre) => (state.centres.find((c) => c.id === (centre || state.me?.centre_id)) || state.centres[0])?.zone
  || Intl.DateTimeFormat().resolvedOptions().timeZone;

export { key, Refused, Unreached };
