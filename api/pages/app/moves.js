import * as db from './db.js';
import { keepVoice } from './files.js';
import { key } from './net.js';
import { guarded, reload, state } from './state.js';
import { now } from './when.js';

/** @typedef {import('./db.js').SyncVisit} SyncVisit */
/** @typedef {import('./db.js').Queued} Queued */

/** What a move makes of a visit until the server says so. @type {Record<string, {status?: string, at?: string}>} */
const effects = {
  'en-route': { status: 'en_route', at: 'en_route_at' }, arrive: { status: 'arrived', at: 'arrived_at' }, start: { status: 'in_progress', at: 'started_at' },
  complete: { status: 'completed', at: 'ended_at' }, partial: { status: 'partial', at: 'ended_at' }, 'no-access': { status: 'no_access', at: 'ended_at' },
  stop: { status: 'stopped_unsafe', at: 'ended_at' }, decline: { status: 'given_back' },
};

/** lay lays what was done over a visit. @param {any} visit @param {Queued} q @param {number} skew @param {string} me */
export const lay = (visit, q, skew, me) => {
  const effect = effects[q.move || ''];
  if (effect) {
    visit.status = effect.status;
    if (effect.at) visit[effect.at] = new Date(q.at + skew).toISOString();
  }
  if (q.move === 'take-back') visit.status = 'scheduled';
  if (q.move === 'plan-seen') visit.plan_seen = [...visit.plan_seen, me];
};

/** the big move that comes next, by state. @type {Record<string, string>} */
export const nextMove = { scheduled: 'en-route', en_route: 'arrive', arrived: 'start', in_progress: 'complete' };

export const underWay = (/** @type {string} */ status) => ['en_route', 'arrived', 'in_progress'].includes(status);
export const ahead = (/** @type {string} */ status) => status === 'scheduled' || underWay(status);

/**
 * shown is the picture with what waits in the queue laid over it. An answer to a ping is not: only the server ends a question.
 * @returns {(SyncVisit & {waits: number})[]}
 */
export const shown = () => state.visits.map((v) => {
  const waiting = state.queue.filter((q) => q.visit === v.visit.id);
  const visit = { ...v.visit };
  for (const q of waiting) lay(visit, q, state.skew, state.me?.user.id);
  return { ...v, visit, waits: waiting.length };
});

/**
 * enqueue keeps a request until the server has it. Moves of one visit wait for each other, so that none overtakes the one before.
 * Nothing is said to be done before it is kept: false means that the storage is full. What is urgent goes by itself, at once.
 * @param {{path: string, body?: any, label: string, visit?: string, move?: string, secret?: boolean, method?: string, plain?: boolean, seal?: boolean,
 *   timer?: string, urgent?: boolean, voice?: Blob}} q
 */
export const enqueue = async (q) => {
  const at = Date.now();
  const before = q.move && !q.urgent ? state.queue.filter((x) => x.visit === q.visit && x.move).map((x) => x.id).slice(-1) : [];
  const body = q.plain ? q.body : { ...q.body, occurred_at: new Date(at).toISOString() };
  const when = state.visits.find((v) => v.visit.id === q.visit)?.visit.window_start;
  const row = { id: key(), method: q.method || 'POST', path: q.path, label: q.label, visit: q.visit, move: q.move, secret: q.secret, timer: q.timer,
    urgent: q.urgent, when, at, depends_on: before };
  if (q.voice && !await keepVoice(row.id, q.voice)) return false;
  const kept = await guarded(async () => db.put('queue', { ...row, ...(q.secret || q.seal ? await db.seal(body) : { body }) }));
  await reload();
  const { soon, hurry } = await import('./sync.js');
  if (q.urgent) hurry(kept ? [] : [{ ...row, body }]); // storage that is full stops nobody who leaves
  if (kept) soon();
  return kept;
};

/** move is a move of a visit. @param {SyncVisit} v @param {string} what @param {any} [body] */
export const move = (v, what, body = {}) => enqueue({ path: `/v1/visits/${v.visit.id}/${what}`, body, label: 'did.' + what, visit: v.visit.id, move: what });

/** place is where the phone is, if it says so in time. @param {number} [within] ms @returns {Promise<{lat?: number, lon?: number, accuracy_m?: number}>} */
export const place = (within = 4_000) => new Promise((done) => {
  if (!navigator.geolocation) { done({}); return; }
  const late = setTimeout(() => done({}), within);
  navigator.geolocation.getCurrentPosition((p) => {
    clearTimeout(late);
    done({ lat: p.coords.latitude, lon: p.coords.longitude, accuracy_m: Math.round(p.coords.accuracy) });
  }, () => { clearTimeout(late); done({}); }, { enableHighAccuracy: true, timeout: within, maximumAge: 10_000 });
});

/** the visit that is next, or under way. */
export const current = (/** @type {ReturnType<typeof shown>} */ list) => list.find((v) => underWay(v.visit.status) && Date.parse(v.visit.window_start) < now() + 12 * 3_600_000) ||
  list.find((v) => v.visit.status === 'scheduled' && Date.parse(v.visit.window_end) > now() - 2 * 3_600_000);

/** contacts of a visit's household, the job's own first, with numbers that were not struck. @param {SyncVisit} v */
export const people = (v) => (v.customer?.contacts || []).map((c) => ({ ...c, phones: c.phones.filter((p) => !c.struck_phones.includes(p)) }))
  .sort((a, b) => Number(b.id === v.job.contact_id) - Number(a.id === v.job.contact_id));

export const site = (/** @type {SyncVisit} */ v) => v.customer?.sites.find((s) => s.id === v.job.site_id) || v.customer?.sites[0];
