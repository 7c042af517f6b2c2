import { useEffect, useState } from 'preact/hooks';
import { html } from '../app/html.js';
import { names } from './job.js';
import { change, get, key, send, state, useLoad, whatIf } from './state.js';
import { Empty, Failed, Field, useMove, Waiting } from './ui.js';
import { now, span } from './when.js';
import { known, say } from './words.js';
import { Link, sendLink } from './link.js';

/** @typedef {import('api').components['schemas']} Schemas */

/** why says in a few words what speaks for an offer. @param {Schemas['SlotOffer']} o */
const why = (o) => [o.parts.continuity > 0 && say('slot.before'), o.travel_minutes != null && say('slot.travel', { n: o.travel_minutes })].filter(Boolean).join(' · ');

/**
 * Slots are the windows with who can come, best first; one tap chooses, one books and has the link delivered. Moving a visit that
 * the household has agreed to says that they are asked again. An agent books and the centre chooses who goes.
 * @param {{job: Schemas['Job'], visit: string, zone: string, home: Schemas['Customer'], called?: boolean, done: () => void}} p
 */
export const Slots = ({ job, visit, zone, home, called = false, done }) => {
  const [days, setDays] = useState(7), [pick, setPick] = useState(''), [agreed, setAgreed] = useState(false), [reason, setReason] = useState(''), [booked, setBooked] = useState('');
  const list = useLoad(async () => {
    const from = now(), to = new Date(from.getTime() + days * 86_400_000);
    const at = (/** @type {Date} */ t) => encodeURIComponent(t.toISOString());
    const [slots, who, was] = await Promise.all([get(`/v1/jobs/${job.id}/slots?from=${at(from)}&to=${at(to)}${visit && '&visit_id=' + visit}`), names(job.centre_id),
      visit ? get('/v1/visits/' + visit) : null]);
    return { slots: /** @type {Schemas['Slots']} */ (slots), who, was: /** @type {Schemas['Visit'] | null} */ (was) };
  }, [job.id, visit, days]);
  const d = list.data;
  const offers = (d?.slots.items || []).filter((w) => w.offers.length).slice(0, days > 7 ? 40 : 6);
  const at = (/** @type {Schemas['SlotWindow']} */ w) => w.window_start + w.offers[0].crew.join();
  const one = pick ? offers.find((w) => at(w) === pick) : offers[0], gone = pick && d && !one;
  const path = visit ? `/v1/visits/${visit}/reschedule` : `/v1/jobs/${job.id}/visits`;
  const body = (/** @type {Schemas['SlotWindow']} */ w, /** @type {string} */ why) => ({ window_start: w.window_start, window_end: w.window_end, planned_start: w.offers[0].planned_start,
    planned_minutes: d?.slots.planned_minutes, ...(state.me?.role === 'agent' ? {} : { crew: w.offers[0].crew }), ...(visit ? { reason: why } : {}),
    ...(agreed ? { contact: { channel: 'phone', direction: called ? 'inbound' : 'outbound', outcome: 'reached', contact_id: job.contact_id || undefined }, said: 'phone' } : {}) });
  const [would, setWould] = useState(/** @type {Awaited<ReturnType<typeof whatIf>>} */ ([])), [no, setNo] = useState(/** @type {any} */ (null));
  useEffect(() => {
    if (!one) return undefined;
    let over = false;
    const late = setTimeout(() => whatIf(path, body(one, '…' + say('visit.why'))).then((w) => { if (!over) { setWould(w); setNo(null); } }, (e) => { if (!over) { setWould([]); setNo(e); } }), 150);
    return () => { over = true; clearTimeout(late); };
  }, [one && at(one), agreed, d?.slots.from]);
  const book = useMove(async (id) => {
    if (one) await send('POST', path, body(one, reason), id);
    try {
      change({ note: say('booked') + ' ' + await sendLink(job.id, key()) });
      done();
    } catch (e) {
      setBooked(say('booked'));
      throw e;
    }
  });
  if (booked) return html`<p class="card" role="status">✓ ${booked}</p><${Failed} error=${book.error} /><${Link} job=${job} home=${home} /><button class="btn small" onClick=${done}>${say('close')}</button>`;
  return html`<${Failed} error=${list.error} again=${list.reload} />${!d ? !list.error && html`<${Waiting} />` : d.slots.refused ? html`<p class="card danger" role="alert">■ ${d.slots.refused.detail}</p>`
    : offers.length === 0 ? html`<${Empty} words=${say('slot.none')} />` : html`<form class="stack" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); book.go(); }}>
      <fieldset class="slots"><legend class="label">${say('slot.when')}</legend>${offers.map((w, i) => html`<label key=${w.window_start} class=${'slot' + (w === one ? ' on' : '')}>
        <input type="radio" name="slot" checked=${w === one} onChange=${() => setPick(at(w))} /><b>${span(w.window_start, w.window_end, zone)}</b>
        <span>${w.offers[0].crew.map((id) => d.who.get(id) || say('somebody')).join(', ')} <span class="quiet">${why(w.offers[0])}</span></span>${i === 0 ? html`<span class="pill info">${say('slot.best')}</span>` : ''}</label>`)}</fieldset>
      ${days <= 7 && html`<button type="button" class="btn small" onClick=${() => setDays(21)}>${say('slot.more')}</button>`}
      <label class="row"><input type="checkbox" checked=${agreed} onChange=${(/** @type {any} */ e) => setAgreed(e.target.checked)} /> <span>${say('slot.agreed')}</span></label>
      ${visit && html`<${Field} label=${say('visit.why')} value=${reason} set=${setReason} more=${{ required: true, maxLength: 300 }} />
        ${d.was?.confirmation === 'confirmed' && !agreed && html`<p class="card warn">${say('visit.asked.again')}</p>`}`}
      ${would.length > 0 && html`<ul class="known" aria-label=${say('would')}>${would.map((w) => html`<li key=${w.kind + w.to}>${known('would.' + w.kind, say('would.' + w.to, { n: w.n }))}</li>`)}</ul>`}
      ${gone && html`<p class="card warn" role="alert">${say('slot.gone')}</p>`}<${Failed} error=${book.error || no} />
      <button class="btn primary wide" disabled=${book.busy || !one || !!no}>${say(visit ? 'slot.move' : 'slot.book')}</button></form>`}`;
};
