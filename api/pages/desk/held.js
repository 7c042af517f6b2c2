import { useEffect, useState } from 'preact/hooks';
import { html } from '../app/html.js';
import { spare } from '../app/net.js';
import { change, key, pulse, Refused, said, send, state, useNow } from './state.js';
import { say } from './words.js';

/**
 * A move that others feel, that is one tap, and of which the server cannot be asked first, is kept back for ten seconds: until then nobody
 * is told, and undoing it leaves nothing to unsay. It is kept in this browser, without words or names, so that it survives a reload; whichever
 * tab is open sends it, once. What lay longer, because the browser was closed, is not done behind anybody's back: it is said.
 * @typedef {{id: string, user: string, path: string, body: any, what: string, at: number, failed?: string}} Held
 */
const wait = 10_000, stale = 60_000, at = 'doorstep-held';

/** @returns {Held[]} */
const all = () => JSON.parse(localStorage.getItem(at) || '[]');
const keep = (/** @type {Held[]} */ list) => { localStorage.setItem(at, JSON.stringify(list)); change({}); };
const mine = () => all().filter((h) => h.user === state.me?.id);
const drop = (/** @type {string} */ id) => keep(all().filter((h) => h.id !== id));

/** hold keeps a move back. what is the key of the sentence that says what it is. @param {string} path @param {any} body @param {string} what */
export const hold = (path, body, what) => keep([...all(), { id: key(), user: state.me?.id || '', path, body, what, at: Date.now() + wait }]);

/** isHeld reports whether a move waits, so that its button does not stand there for a second one. @param {string} path */
export const isHeld = (path) => mine().some((h) => h.path === path && !h.failed);

/** sends what is due, or all of it. @param {boolean} [now] */
const go = (now = false) => spare('held', async () => {
  for (const h of mine()) {
    if (h.failed || !now && h.at > Date.now()) continue;
    let failed = Date.now() - h.at > stale ? say('held.late') : '';
    try {
      if (!failed) await send('POST', h.path, h.body, h.id);
    } catch (e) {
      if (!(e instanceof Refused)) return; // it waits for the network
      failed = said(e);
    }
    if (failed) keep(all().map((x) => (x.id === h.id ? { ...x, failed } : x)));
    else drop(h.id);
    pulse();
  }
});

/** flush sends all that waits, before whoever decided it signs out. */
export const flush = () => go(true);

/** HeldMoves stand over the page: what will be done, in how long, and how to undo it. */
export const HeldMoves = () => {
  const s = useNow(), [, again] = useState(0), list = s.me ? mine() : [];
  useEffect(() => {
    const timer = setInterval(() => { if (mine().length) { go(); again((n) => n + 1); } }, 500), other = (/** @type {StorageEvent} */ e) => { if (e.key === at) again((n) => n + 1); };
    addEventListener('storage', other);
    return () => { clearInterval(timer); removeEventListener('storage', other); };
  }, [s.me?.id]);
  return list.length ? html`<div class="held">${list.map((h) => html`<div key=${h.id} class=${'spread card' + (h.failed ? ' danger' : ' warn')} role=${h.failed ? 'alert' : 'status'}>
    <span>${h.failed ? `△ ${say('held.failed', { what: say(h.what), why: h.failed })}` : html`${say(h.what)} <b>${say('held.quiet')}</b> <span class="number" aria-hidden="true">${Math.max(0, Math.ceil((h.at - Date.now()) / 1000))} s</span>`}</span>
    <button class="btn small" onClick=${() => { drop(h.id); pulse(); }}>${say(h.failed ? 'held.seen' : 'held.undo')}</button></div>`)}</div>` : null;
};
