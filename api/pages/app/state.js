import { useLayoutEffect, useState } from 'preact/hooks';
import * as db from './db.js';
import { say, speak } from './words.js';

/**
 * What the screens show, read from the database; whoever changes that calls reload, in every tab.
 * @typedef {import('./db.js').Queued} Queued
 * @typedef {{
 *   ready: boolean, signedIn: boolean, ended: string, me: any, lists: any, visits: import('./db.js').SyncVisit[], promises: any[], inbox: any[],
 *   queue: Queued[], files: import('./db.js').QueuedFile[], answers: import('./db.js').Answer[], synced: number, skew: number,
 *   net: 'ok' | 'off' | 'portal' | 'busy', sending: boolean, sos: any, settings: any, full: boolean, dialled: any, update: boolean,
 *   drafts: Record<string, any>, navigated: any, doing: Record<string, 'sending' | 'busy'>, age: number,
 *   rung: Record<string, {status: string, who: string, at: string, owner: string, mine: boolean}>,
 * }} State
 */

/** @type {State} */
export const state = {
  ready: false, signedIn: false, ended: '', me: null, lists: null, visits: [], promises: [], inbox: [], queue: [], files: [], answers: [],
  synced: 0, skew: 0, net: 'ok', sending: false, sos: null, settings: {}, full: false, dialled: null, update: false, drafts: {}, navigated: null, doing: {}, age: 0, rung: {},
};

/** @type {Set<() => void>} */
const watchers = new Set();
const tabs = 'BroadcastChannel' in self ? new BroadcastChannel('doorstep') : null;

const show = () => watchers.forEach((w) => w());

/** change shows something that no other tab needs to know. @param {Partial<State>} what */
export const change = (what) => {
  Object.assign(state, what);
  show();
};

const read = async () => {
  const [me, lists, visits, promises, inbox, queue, files, answers, synced, skew, sos, settings, signedIn, dialled, drafts, navigated, age, rung] = await Promise.all([
    db.get('me'), db.get('lists'), db.all('visits'), db.all('promises'), db.all('inbox'), db.all('queue'), db.all('files'), db.all('answers'),
    db.get('synced'), db.get('skew'), db.get('sos'), db.get('settings'), db.get('signedIn'), db.get('dialled'), db.get('drafts'),
    db.get('navigated'), db.get('age'), db.get('rung')]);
  const lang = settings?.language || me?.user.language || navigator.language.slice(0, 2);
  await speak(lang);
  change({
    ready: true, signedIn: !!signedIn, me: me || null, lists: lists || null, queue, files, answers: answers.sort((a, b) => b.at - a.at),
    visits: visits.map((r) => r.v).sort((a, b) => a.visit.window_start.localeCompare(b.visit.window_start)), promises: promises.map((r) => r.p),
    inbox: inbox.map((r) => r.n).sort((a, b) => b.created_at.localeCompare(a.created_at)), synced: synced || 0, skew: skew || 0, sos: sos || null,
    settings: settings || {}, dialled: dialled || null, drafts: drafts || {}, navigated: navigated || null, age: age?.ms || 0, rung: rung || {},
  });
};

/** reload reads again, here and in the other tabs. */
export const reload = async () => {
  await read();
  tabs?.postMessage('changed');
};

/** begin shows the first state and follows the other tabs. */
export const begin = async () => {
  if (tabs) tabs.onmessage = () => { read(); };
  await read();
};

/** useNow makes a component follow the state. @returns {State} */
export const useNow = () => {
  const [, again] = useState(0);
  useLayoutEffect(() => { // at once, not after painting: what changes in between would never be shown
    const w = () => again((n) => n + 1);
    watchers.add(w);
    return () => { watchers.delete(w); };
  }, []);
  return state;
};

/** guarded says what the phone itself could not do: storage that is full loses nothing silently. @param {() => Promise<any>} run */
export const guarded = async (run) => {
  const was = state.full; // what began before the storage was full says nothing of it
  try {
    await run();
    if (was) change({ full: false });
    return true;
  } catch (e) {
    if (/** @type {any} */ (e)?.name !== 'QuotaExceededError') throw e;
    change({ full: true });
    return false;
  }
};

export { say };
