import { useState } from 'preact/hooks';
import { html } from '../app/html.js';
import { change, get, send, state, useLoad, useNow, zone } from './state.js';
import { Failed, Field, Phone, useMove, Waiting } from './ui.js';
import { length, when } from './when.js';
import { known, say } from './words.js';

/** @typedef {import('api').components['schemas']} Schemas @typedef {Schemas['SOS']} SOS */

/** @type {AudioContext | null} */
let sound = null;
// A browser lets a page sound only after it was touched.
const arm = () => {
  sound ||= 'AudioContext' in self ? new AudioContext() : null;
  change({});
};
for (const kind of ['pointerdown', 'keydown']) document.addEventListener(kind, arm, { once: true });

const ring = () => {
  navigator.vibrate?.([400, 200, 400, 200, 400]);
  if (!sound) return;
  sound.resume().catch(() => {});
  for (const at of [0, 0.4, 0.8]) {
    const o = sound.createOscillator();
    o.frequency.value = 880;
    o.connect(sound.destination);
    o.start(sound.currentTime + at);
    o.stop(sound.currentTime + at + 0.25);
  }
};

/** watchAlarms asks for open alarms, and sounds for each that nobody is on until somebody is. It gives how to stop. */
export const watchAlarms = () => {
  let rung = '', over = false;
  const look = async () => {
    const open = await get('/v1/sos?limit=20&status=open', 3_000).catch(() => null);
    if (over || !open) return;
    /** @type {SOS[]} */
    const alarms = open.items;
    const loud = alarms.filter((a) => a.status === 'raised' && !a.silent).map((a) => a.id + a.round).join();
    if (loud && loud !== rung) ring();
    rung = loud;
    if (JSON.stringify(alarms.map((a) => [a.id, a.version])) !== JSON.stringify(state.alarms.map((a) => [a.id, a.version]))) change({ alarms });
  };
  look();
  const timer = setInterval(look, 5_000), bell = setInterval(() => { if (rung) ring(); }, 20_000);
  return () => { over = true; clearInterval(timer); clearInterval(bell); };
};

/** SosBanner stands over every page while an alarm is open. */
export const SosBanner = () => {
  const s = useNow();
  return s.alarms.length ? html`<div class="alarm" role="alert">${s.alarms.map((a) => html`<a key=${a.id} href=${'/#/sos/' + a.id}>■ ${say(a.status === 'raised' ? 'sos.raised' : 'sos.on', { when: when(a.recorded_at, zone(a.centre_id)) })} ›</a>`)}
    ${!sound && html`<button class="btn small" onClick=${arm}>${say('sos.mute')}</button>`}</div>` : null;
};

/** Point is a place in words and as a link that opens the phone's or the desk's map. @param {{p: Schemas['SOSPoint'], zone: string}} p */
const Point = ({ p, zone: z }) => html`<span>${p.lat != null && p.lon != null ? html`<a href=${`geo:${p.lat},${p.lon}`}>${p.lat.toFixed(5)}, ${p.lon.toFixed(5)}</a>` : ''}
  ${p.accuracy_m ? ` ± ${p.accuracy_m} m` : ''} · ${when(p.at, z)}${p.battery != null ? ` · ${say('battery', { n: p.battery })}` : ''}${p.sound ? ` · ${known('sound.' + p.sound, p.sound)}` : ''}</span>`;

/**
 * away says in words how far a place is from a home, and in which direction; on these distances the earth is flat.
 * @param {{lat: number | null, lon: number | null}} at @param {Schemas['Site'] | undefined} home
 */
const away = (at, home) => {
  if (at.lat == null || at.lon == null || home?.lat == null || home.lon == null) return '';
  const north = (at.lat - home.lat) * 111_320, east = (at.lon - home.lon) * 111_320 * Math.cos(home.lat * Math.PI / 180), m = Math.hypot(north, east);
  if (m < 40) return say('sos.there');
  const way = ['n', 'ne', 'e', 'se', 's', 'sw', 'w', 'nw'][Math.round(Math.atan2(east, north) * 4 / Math.PI + 8) % 8];
  return say('sos.away', { how: m < 1_000 ? `${Math.round(m / 10) * 10} m` : `${(m / 1_000).toFixed(1)} km`, way: say('way.' + way) });
};

/** Sos is the one screen for whoever is rung: who, where, whom to call, who is on it, and how it ends. @param {{id: string}} p */
export const Sos = ({ id }) => {
  const alarm = useLoad(async () => {
    const a = /** @type {SOS} */ (await get('/v1/sos/' + id));
    const [raiser, owner, visit, trail] = await Promise.all([get('/v1/users/' + a.raiser_id).catch(() => null), a.owner_id ? get('/v1/users/' + a.owner_id).catch(() => null) : null,
      a.visit_id ? get('/v1/visits/' + a.visit_id).catch(() => null) : null, get(`/v1/sos/${id}/trail?limit=50`).catch(() => ({ items: [] }))]);
    const home = visit ? await get('/v1/customers/' + visit.customer_id).catch(() => null) : null;
    const staff = a.actions.includes('hand-over') ? await get('/v1/users?limit=100').catch(() => ({ items: [] })) : { items: [] };
    return { a, raiser: /** @type {Schemas['User'] | null} */ (raiser), owner: /** @type {Schemas['User'] | null} */ (owner), home: /** @type {Schemas['Customer'] | null} */ (home),
      trail: /** @type {Schemas['SOSPoint'][]} */ (trail.items), staff: /** @type {Schemas['User'][]} */ (staff.items) };
  }, [id]);
  const [words, setWords] = useState(''), [outcome, setOutcome] = useState('real'), [to, setTo] = useState('');
  const on = useMove(async (key) => { await send('POST', `/v1/sos/${id}/acknowledge`, {}, key); alarm.reload(); });
  const end = useMove(async (key) => { await send('POST', `/v1/sos/${id}/resolve`, { words: words.trim(), outcome }, key); alarm.reload(); });
  const over = useMove(async (key) => { await send('POST', `/v1/sos/${id}/hand-over`, { user_id: to }, key); alarm.reload(); });
  const d = alarm.data;
  if (!d) return html`<${Failed} error=${alarm.error} again=${alarm.reload} />${!alarm.error && html`<${Waiting} />`}`;
  const { a } = d, z = zone(a.centre_id), can = (/** @type {any} */ what) => a.actions.includes(what), site = d.home?.sites[0];
  return html`<${Failed} error=${alarm.error} again=${alarm.reload} />
    <section class=${'card sosbox' + (a.status === 'resolved' ? '' : ' danger')}><div class="spread"><h1 class="big">■ ${d.raiser?.name || say('somebody')}</h1><span class="pill danger">${known('sos.status.' + a.status, a.status)}</span></div>
      <p>${say('sos.since', { when: when(a.occurred_at, z), how: length(a.age_seconds * 1_000) })} · ${known('sos.source.' + a.source, a.source)}</p>
      ${a.silent && html`<p class="card warn">△ ${say('sos.silent')}</p>`}${a.note && html`<p class="strong">${a.note}</p>`}${a.advice && html`<p>${a.advice}</p>`}
      <div class="answers two">${d.raiser?.phone && !a.silent ? html`<a class="btn danger" href=${'tel:' + d.raiser.phone}>☏ ${say('sos.call', { who: d.raiser.name })}</a>` : ''}
        <a class="btn" href=${'tel:' + a.emergency_number}>☏ ${a.emergency_number}</a></div>
      ${can('acknowledge') && html`<button class="btn primary wide" disabled=${on.busy} onClick=${() => on.go()}>${say('sos.take')}</button><${Failed} error=${on.error} />`}
      <p><b>${say('sos.who')}</b> ${d.owner ? html`${d.owner.name} ${d.owner.phone ? html`<${Phone} number=${d.owner.phone} name=${d.owner.name} />` : ''}` : say('sos.nobody')}</p></section>
    <section class="card"><h2 class="label">${say('sos.where')}</h2>
      ${a.last_seen ? html`<p><b>${away(a.last_seen, site)}</b> <${Point} p=${a.last_seen} zone=${z} /></p>` : a.lat != null && a.lon != null ? html`<p><b>${away(a, site)}</b> <a href=${`geo:${a.lat},${a.lon}`}>${a.lat.toFixed(5)}, ${a.lon.toFixed(5)}</a></p>` : html`<p class="quiet">${say('sos.noplace')}</p>`}
      ${d.home && html`<p>${d.home.name}, ${site ? [site.address, site.landmark, site.postal_code].filter(Boolean).join(', ') : ''}</p>`}
      ${d.trail.length > 1 && html`<details><summary>${say('sos.trail', { n: d.trail.length })}</summary><ol>${d.trail.map((p) => html`<li key=${p.at}><${Point} p=${p} zone=${z} /></li>`)}</ol></details>`}</section>
    ${can('hand-over') && html`<form class="card stack" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); over.go(); }}><h2 class="label">${say('sos.handover')}</h2>
      <${Field} label=${say('sos.handover.to')} value=${to} set=${setTo} more=${{ required: true }} options=${[/** @type {[string, string]} */ (['', say('choose.please')]), ...d.staff.filter((u) => u.role !== 'technician' && u.id !== state.me?.id && !u.disabled).map((u) => /** @type {[string, string]} */ ([u.id, `${u.name}, ${known('role.' + u.role, u.role)}`]))]} />
      <${Failed} error=${over.error} /><button class="btn small" disabled=${over.busy}>${say('sos.handover.go')}</button></form>`}
    ${can('resolve') && html`<form class="card stack" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); end.go(); }}><h2 class="label">${say('sos.end')}</h2>
      <${Field} label=${say('sos.outcome')} value=${outcome} set=${setOutcome} options=${['real', 'false_alarm', 'test'].map((o) => /** @type {[string, string]} */ ([o, say('sos.outcome.' + o)]))} />
      <${Field} label=${say('sos.words')} value=${words} set=${setWords} lines=${2} more=${{ required: true, maxLength: 1000 }} />
      <${Failed} error=${end.error} /><button class="btn small" disabled=${end.busy}>${say('sos.end.go')}</button></form>`}
    ${a.status === 'resolved' && html`<p class="card">${say('sos.ended', { when: a.resolved_at ? when(a.resolved_at, z) : '', words: a.words })}</p>`}
    <p class="quiet dense">${a.disclaimer}</p>`;
};
