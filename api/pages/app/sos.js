import * as db from './db.js';
import { ask, key, Refused, urgent } from './net.js';
import { place, shown, underWay } from './moves.js';
import { change, reload, say, state } from './state.js';

/**
 * An alarm of one's own, until it is resolved. It waits behind nothing: it is sent at once and again every few seconds until the server
 * has it, by the session or by the device's credential, and the numbers to call stand on the screen from the first moment.
 */

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** raise begins an alarm; a second tap is the same one. */
export const raise = async () => {
  if (!state.sos || state.sos.safe || state.sos.view?.status === 'resolved') {
    const visit = shown().find((v) => underWay(v.visit.status));
    const sos = { id: key(), at: Date.now(), visit: visit?.visit.id || null, sent: false, view: null, points: [] };
    change({ sos });
    await db.set('sos', sos).catch(() => {}); // storage that is full stops no alarm
  }
  navigator.vibrate?.(state.settings.discreet ? [80, 60, 80] : 400);
  go();
};

/** go sends what is not sent, and asks who answered, until the alarm is over. */
export const go = () => {
  clearTimeout(timer);
  turn().finally(() => {
    const s = state.sos;
    if (!s || s.view?.status === 'resolved') return;
    timer = setTimeout(go, document.hidden ? 60_000 : s.sent ? 10_000 : 4_000);
  });
};

const turn = async () => {
  const s = state.sos;
  if (!s || s.view?.status === 'resolved') return;
  try {
    if (!s.sent) await send(s);
    await trail(s);
    const { json } = await urgent('GET', '/v1/sos/' + s.server);
    s.view = json;
  } catch (e) {
    if (e instanceof Refused && s.sent && s.view && e.status === 401) return; // the session has ended: the alarm stands all the same
  }
  change({ sos: { ...s } });
  await db.set('sos', s).catch(() => {});
};

const send = async (/** @type {any} */ s) => {
  const body = { id: s.id, occurred_at: new Date(s.at).toISOString(), ...(s.visit ? { visit_id: s.visit } : {}) };
  // The place is not waited for: it comes with the trail.
  const { json } = await urgent('POST', '/v1/sos', { body, headers: { 'Idempotency-Key': s.id, 'Doorstep-Sent-At': new Date().toISOString() } });
  s.sent = true;
  s.server = json.id;
  s.view = json;
  change({ sos: { ...s } });
};

const trail = async (/** @type {any} */ s) => {
  const at = await place(3_000);
  const battery = await /** @type {any} */ (navigator).getBattery?.().catch(() => null);
  if (at.lat !== undefined) s.place = at;
  if (at.lat === undefined && !battery) return;
  s.points.push({ at: new Date().toISOString(), ...(at.lat === undefined ? {} : { lat: at.lat, lon: at.lon, accuracy_m: at.accuracy_m }),
    ...(battery ? { battery: Math.round(battery.level * 100) } : {}) });
  s.points = s.points.slice(-200);
  const { json } = await urgent('POST', `/v1/sos/${s.server}/trail`, { body: { points: s.points }, headers: { 'Idempotency-Key': key(), 'Doorstep-Sent-At': new Date().toISOString() } });
  s.points = [];
  if (json.status === 'resolved') s.view = { ...s.view, status: json.status }; // also where no session is left to ask by
};

/** helpers are whom to call, with the one that the phone's owner chose last. @returns {{name: string, role: string, phone: string}[]} */
export const helpers = () => [...(state.me?.help?.people || []), ...(state.settings.contact?.phone ? [{ ...state.settings.contact, role: 'own' }] : [])];

/** message is the text of an SMS, with the place where it is known. @param {string} words */
export const message = (words) => {
  const at = state.sos?.place;
  return words + (at?.lat !== undefined ? ` https://maps.google.com/?q=${at.lat.toFixed(5)},${at.lon.toFixed(5)}` : '');
};

/**
 * safe says that its raiser is safe, with their code where one is set. It ends nothing, and the phone goes on to tell of itself until somebody who
 * answers ends it: whichever code it was, nothing here differs. It gives what was wrong, or nothing.
 * @param {string} code
 */
export const safe = async (code) => {
  const s = state.sos;
  try {
    await ask('POST', `/v1/sos/${s.server}/safe`, { within: 8_000, body: code ? { code } : {}, headers: { 'Idempotency-Key': key(), 'Doorstep-Sent-At': new Date().toISOString() } });
  } catch (e) {
    return e instanceof Refused ? e.message : say('net.needed');
  }
  s.safe = true;
  change({ sos: { ...s } });
  await db.set('sos', s).catch(() => {});
  return '';
};

/** end forgets an alarm that is over. */
export const end = async () => {
  clearTimeout(timer);
  await db.set('sos', null);
  await reload();
};
