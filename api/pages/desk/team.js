import { useState } from 'preact/hooks';
import { html } from '../app/html.js';
import { change, get, send, state, useLoad, zone } from './state.js';
import { Drawer, Empty, Failed, Field, Phone, useMove, VisitState, Waiting } from './ui.js';
import { clock, now, when } from './when.js';
import { known, say } from './words.js';

/** @typedef {import('api').components['schemas']} Schemas @typedef {{person: Schemas['User'], phone: Schemas['Phone'] | undefined, day: Schemas['BoardVisit'][], away: Schemas['BoardLeave'][]}} Member */

/** reads is who may read what a lost phone told. */
const reads = () => state.me?.role === 'area_manager' || state.me?.role === 'admin';

/** over are states after which nobody of the crew goes there any more. */
const over = ['completed', 'partial', 'no_access', 'stopped_unsafe', 'missed', 'cancelled', 'rescheduled'];

/** Team is who works at a centre today: whose phone will not ring first. */
export const Team = () => {
  const [chosen, choose] = useState(''), centre = chosen || state.me?.centre_id || state.centres[0]?.id || '', z = zone(centre), [ill, setIll] = useState(/** @type {Member | null} */ (null)), [told, setTold] = useState(/** @type {Member | null} */ (null));
  const team = useLoad(async () => {
    const [people, board, phones] = await Promise.all([get(`/v1/technicians?limit=100&centre_id=${centre}`), get(`/v1/centres/${centre}/board`), get(`/v1/centres/${centre}/phones`).catch(() => ({ items: [] }))]);
    /** @type {Member[]} */
    const list = people.items.filter((/** @type {Schemas['User']} */ p) => !p.disabled || reads()).map((/** @type {Schemas['User']} */ person) => ({ person,
      phone: phones.items.find((/** @type {Schemas['Phone']} */ x) => x.user_id === person.id),
      day: board.visits.filter((/** @type {Schemas['BoardVisit']} */ v) => v.crew.includes(person.id)).sort((/** @type {any} */ a, /** @type {any} */ b) => a.planned_start.localeCompare(b.planned_start)),
      away: board.technicians.find((/** @type {Schemas['BoardPerson']} */ t) => t.id === person.id)?.away || [] }));
    return list.sort((a, b) => Number(a.person.disabled) - Number(b.person.disabled) || Number(!!b.phone && !b.phone.rings) - Number(!!a.phone && !a.phone.rings) || b.day.length - a.day.length || a.person.name.localeCompare(b.person.name));
  }, [centre]);
  return html`<h1 class="title head">${say('nav.team')}</h1>
    ${state.centres.length > 1 && html`<${Field} label=${say('new.centre')} value=${centre} set=${choose} options=${state.centres.map((c) => [c.id, c.name])} />`}<${Failed} error=${team.error} again=${team.reload} />
    ${!team.data ? !team.error && html`<${Waiting} />` : team.data.length === 0 ? html`<${Empty} words=${say('team.none')} />`
      : html`<ul class="grid plain">${team.data.map((m) => html`<${Card} key=${m.person.id} member=${m} zone=${z} ill=${() => setIll(m)} told=${() => setTold(m)} />`)}</ul>`}
    ${told && html`<${Drawer} title=${say('told.title', { who: told.person.name })} close=${() => setTold(null)}><${Told} member=${told} zone=${z} /><//>`}
    ${ill && html`<${Drawer} title=${say('ill.title', { who: ill.person.name })} close=${() => setIll(null)}><${Ill} member=${ill} zone=${z} done=${() => { setIll(null); team.reload(); }} /><//>`}`;
};

/** Card is one technician: a number to call, the day, and what ails the phone. @param {{member: Member, zone: string, ill: () => void, told: () => void}} p */
const Card = ({ member: { person, phone, day, away }, zone: z, ill, told }) => html`<li class="card"><div class="spread"><h2>${person.name}</h2>
    ${person.disabled ? html`<span class="pill mute">– ${say('team.gone')}</span>` : phone && (phone.rings ? html`<span class="pill good">✓ ${say('rings')}</span>` : html`<span class="pill danger">△ ${say('rings.not')}</span>`)}</div>
  <p>${person.phone && html`<${Phone} number=${person.phone} name=${person.name} />`} <span class="quiet">${person.skills.map((s) => known('category.' + s, s)).join(', ')}</span></p>
  ${phone && phone.faults.length > 0 && html`<p class="quiet">${phone.faults.map((f) => known('fault.' + f, f)).join(' · ')}${phone.last_contact ? ` · ${say('fault.heard', { when: when(phone.last_contact, z) })}` : ''}</p>`}
  ${away.map((a) => html`<p key=${a.from}><span class="pill warn">◌ ${say('leave.away')}</span> ${when(a.from, z)} – ${when(a.to, z)}</p>`)}
  ${day.length === 0 ? !person.disabled && html`<p class="quiet">${say('team.free')}</p>` : html`<ol class="day">${day.map((v) => html`<li key=${v.id}><span class="number">${clock(v.planned_start, z)}</span> <span>${v.household}</span> <${VisitState} visit=${v} /></li>`)}</ol>`}
  <div class="row acts">${day.some((v) => !over.includes(v.status)) && html`<button class="btn small" onClick=${ill} aria-label=${say('ill.who', { who: person.name })}>${say('ill')} …</button>`}
    ${reads() && html`<button class="btn small" onClick=${told} aria-label=${say('told.who', { who: person.name })}>${say('told')}</button>`}</div></li>`;

/** Told lists what a phone sent that was reported lost, or whose account ended, and that is about no visit: nothing came of it by itself. @param {{member: Member, zone: string}} p */
const Told = ({ member: { person }, zone: z }) => {
  const list = useLoad(async () => /** @type {Schemas['SealedRequest'][]} */ ((await get(`/v1/users/${person.id}/sealed-requests?limit=100`)).items), [person.id]);
  return html`<div class="stack"><p class="quiet">${say('told.why')}</p><${Failed} error=${list.error} again=${list.reload} />
    ${!list.data ? !list.error && html`<${Waiting} />` : list.data.length === 0 ? html`<${Empty} words=${say('told.none')} />`
      : html`<ul class="stack plain">${list.data.map((r) => html`<li key=${r.id} class="card"><div class="spread"><b>${known('sealed.' + r.operation, r.operation)}</b> <span class="quiet">${when(r.created_at, z)}</span></div>
        <dl class="facts">${facts(r.body).map(([name, v]) => html`<dt>${known('sealed.field.' + name, name)}</dt><dd>${name === 'kind' ? known('leave.' + v, String(v)) : String(v).replace(/^(\d{4}-\d\d-\d\d)T/, '$1 ')}</dd>`)}</dl></li>`)}</ul>`}</div>`;
};

const first = ['kind', 'starts_at', 'ends_at'];

/** facts are the fields of a request that can be read, in the order in which they are. @param {Record<string, unknown>} body */
const facts = (body) => Object.entries(body).filter(([, v]) => ['string', 'number', 'boolean'].includes(typeof v))
  .sort(([a], [b]) => (first.indexOf(a) + 1 || 9) - (first.indexOf(b) + 1 || 9) || a.localeCompare(b));

/** Ill asks first: which visits lose their technician, and that the households are told. @param {{member: Member, zone: string, done: () => void}} p */
const Ill = ({ member: { person, day }, zone: z, done }) => {
  const lost = day.filter((v) => !over.includes(v.status));
  const go = useMove(async (id) => {
    const date = new Intl.DateTimeFormat('en-CA', { timeZone: z, dateStyle: 'short' }).format(now());
    const out = /** @type {Schemas['FreedDay']} */ (await send('POST', `/v1/technicians/${person.id}/sick`, { date }, id));
    change({ note: say('ill.done', { n: out.freed.length }) });
    done();
  });
  return html`<div class="stack"><p>${say('ill.lose', { n: lost.length })}</p><ol class="day">${lost.map((v) => html`<li key=${v.id}><span class="number">${clock(v.planned_start, z)}</span> <span>${v.household}</span> <${VisitState} visit=${v} /></li>`)}</ol>
    <p class="quiet">${say('ill.then')}</p><${Failed} error=${go.error} /><button class="btn danger wide" disabled=${go.busy} onClick=${go.go}>${say('ill.go', { n: lost.length })}</button></div>`;
};
