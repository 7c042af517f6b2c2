import * as db from './db.js';
import { html } from './html.js';
import { ask, Refused } from './net.js';
import { reload, say, state } from './state.js';
import { clock, now } from './when.js';

/** Alarms of colleagues for which this phone was rung stand over every screen until they are over, also without network. */

/** how long a ring may be ago, ms: an alarm that nobody ended by then is looked at by a manager. */
const stands = 12 * 3_600_000;

/** note keeps what an alarm has become. @param {import('api').components['schemas']['SOS']} a */
export const note = async (a) => {
  const all = await db.get('rung') || {}, was = JSON.stringify(all[a.id]);
  all[a.id] = { status: a.status, who: a.raiser?.name || '', at: a.occurred_at, owner: a.owner?.name || '', mine: a.owner_id === state.me?.user.id };
  if (was === JSON.stringify(all[a.id])) return;
  await db.set('rung', all);
  await reload();
};

/** look asks how it stands with those that are open, after a sync. */
export const look = async () => {
  const rings = new Set(state.inbox.filter((n) => n.kind === 'sos.raised' && n.data?.sos_id && Date.parse(n.created_at) > now() - stands).map((n) => n.data.sos_id));
  const known = await db.get('rung') || {};
  for (const id of Object.keys(known)) if (!rings.has(id)) delete known[id];
  await db.set('rung', known);
  for (const id of rings) {
    if (known[id]?.status === 'resolved') continue;
    try {
      await note((await ask('GET', '/v1/sos/' + id, { within: 8_000 })).json);
    } catch (e) {
      if (!(e instanceof Refused)) throw e; // it may not be read any more; the ring itself stands among the messages
    }
  }
};

/** open are those that are not over. @param {import('./state.js').State} s */
export const open = (s) => Object.entries(s.rung).filter(([id, a]) => a.status !== 'resolved' && id !== s.sos?.server && Date.parse(a.at) > now() - stands);

/** Alarms are one line each. @param {{s: import('./state.js').State}} p */
export const Alarms = ({ s }) => open(s).map(([id, a]) => html`<div key=${id} role="alert"><a class=${'bar-note ' + (a.status === 'raised' ? 'danger' : 'warn')} href=${'#/sos/' + id}>
  ■ ${say('rung.open', { who: a.who || say('rung.somebody'), at: clock(a.at) })} ${onIt(a)}</a></div>`);

/** onIt says whether somebody is on an alarm, and who. @param {{status: string, mine: boolean, owner: string}} a */
export const onIt = (a) => (a.status === 'resolved' ? say('sos.resolved') : a.mine ? say('rung.mine') : a.status !== 'acknowledged' ? say('rung.nobody')
  : a.owner ? say('rung.by', { who: a.owner }) : say('rung.taken'));
