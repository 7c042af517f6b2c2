import { useEffect, useState } from 'preact/hooks';
import { html } from '../app/html.js';
import { names } from './job.js';
import { change, get, key, send, state, useLoad, whatIf } from './state.js';
import { Empty, Failed, Field, useMove, Waiting } from './ui.js';
import { clock, day as dayWords, dayOf, now, partOf, span } from './when.js';
import { known, say } from './words.js';
import { Link, sendLink } from './link.js';

/** @typedef {import('api').components['schemas']} Schemas */

/** why says in a few words what speaks for an offer. @param {Schemas['SlotOffer']} o */
const why = (o) => [o.parts.continuity > 0 && say('slot.before'), o.travel_minutes != null && say('slot.travel', { n: o.travel_minutes })].filter(Boolean).join(' · ');

/** most windows of a list; what is best stands first. */
const most = 6, parts = ['morning', 'afternoon', 'evening'];

/**
 * Slots are the windows with who can come: the best of all days, or those of a day by its parts; one tap chooses, one books and has the link
 * delivered. What the household asked for is looked at first. Moving a visit that it has agreed to says that it is asked again. An agent books and
 * the centre chooses who goes.
 * @param {{job: Schemas['Job'], visit: string, zone: string, home: Schemas['Customer'], called?: boolean, wish?: {date: string, part: string}, done: () => void}} p
 */
export const Slots = ({ job, visit, zone, home, called = false, wish, done }) => {
  const [days, setDays] = useState(7), [pick, setPick] = useState(''), [agreed, setAgreed] = useState(false), [reason, setReason] = useState(wish ? say('wish.reason') : ''), [booked, setBooked] = useState('');
  const [date, setDate] = useState(wish?.date || ''), [part, setPart] = useState(wish && wish.part !== 'any' ? wish.part : '');
  const list = useLoad(async () => {
    const asked = wish ? Date.parse(wish.date + 'T00:00:00Z') : 0, from = now(), last = Math.max(from.getTime() + days * 86_400_000, asked + 2 * 86_400_000);
    const to = new Date(Math.min(last, from.getTime() + 30 * 86_400_000));
    const at = (/** @type {Date} */ t) => encodeURIComponent(t.toISOString());
    const [slots, who, was] = await Promise.all([get(`/v1/jobs/${job.id}/slots?from=${at(from)}&to=${at(to)}${visit && '&visit_id=' + visit}`), names(job.centre_id),
      visit ? get('/v1/visits/' + visit) : null]);
    return { slots: /** @type {Schemas['Slots']} */ (slots), who, was: /** @type {Schemas['Visit'] | null} */ (was) };
  }, [job.id, visit, days]);
  const d = list.data;
  const free = (d?.slots.items || []).filter((w) => w.offers.length), dayIn = (/** @type {Schemas['SlotWindow']} */ w) => dayOf(new Date(w.window_start), zone);
  const dates = [...new Set(free.map(dayIn))].sort();
  const fits = free.filter((w) => (!date || dayIn(w) === date) && (!part || partOf(w.window_start, zone) === part));
  const offers = date ? fits.sort((a, b) => a.window_start.localeCompare(b.window_start)) : fits.slice(0, most);
  const best = fits.reduce((/** @type {Schemas['SlotWindow'] | undefined} */ a, b) => (a && a.score >= b.score ? a : b), undefined);
  const at = (/** @type {Schemas['SlotWindow']} */ w) => w.window_start + w.offers[0].crew.join();
  const one = pick ? offers.find((w) => at(w) === pick) : best && offers.includes(best) ? best : offers[0], gone = pick && d && free.length > 0 && !free.some((w) => at(w) === pick);
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
    : html`<form class="stack" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); book.go(); }}>
      <div class="two"><${Field} label=${say('slot.day')} value=${date} set=${(/** @type {string} */ v) => { setDate(v); setPick(''); }} options=${[/** @type {[string, string]} */ (['', say('slot.best.days')]),
        ...[...new Set([...dates, ...(date ? [date] : [])])].sort().map((k) => /** @type {[string, string]} */ ([k, dayWords(free.find((w) => dayIn(w) === k)?.window_start || k + 'T06:00:00Z', zone)]))]} />
      <${Field} label=${say('caller.part')} value=${part} set=${(/** @type {string} */ v) => { setPart(v); setPick(''); }} options=${[/** @type {[string, string]} */ (['', say('part.any')]), ...parts.map((x) => /** @type {[string, string]} */ ([x, say('part.' + x)]))]} /></div>
      ${offers.length === 0 ? html`<${Empty} words=${say(date || part ? 'slot.none.then' : 'slot.none')} />` : html`<fieldset class="slots"><legend class="label">${say('slot.when')}</legend>${offers.map((w, i) => html`
        ${date && (i === 0 || partOf(offers[i - 1].window_start, zone) !== partOf(w.window_start, zone)) ? html`<p class="label">${say('part.' + partOf(w.window_start, zone))}</p>` : ''}
        <label key=${w.window_start} class=${'slot' + (w === one ? ' on' : '')}>
        <input type="radio" name="slot" checked=${w === one} onChange=${() => setPick(at(w))} /><b>${date ? `${clock(w.window_start, zone)}–${clock(w.window_end, zone)}` : span(w.window_start, w.window_end, zone)}</b>
        <span>${w.offers[0].crew.map((id) => d.who.get(id) || say('somebody')).join(', ')} <span class="quiet">${why(w.offers[0])}</span></span>${w === best ? html`<span class="pill info">${say('slot.best')}</span>` : ''}</label>`)}</fieldset>`}
      ${days <= 7 && html`<button type="button" class="btn small" onClick=${() => setDays(21)}>${say('slot.more')}</button>`}
      <label class="row"><input type="checkbox" checked=${agreed} onChange=${(/** @type {any} */ e) => setAgreed(e.target.checked)} /> <span>${say('slot.agreed')}</span></label>
      ${visit && html`<${Field} label=${say('visit.why')} value=${reason} set=${setReason} more=${{ required: true, maxLength: 300 }} />
        ${d.was?.confirmation === 'confirmed' && !agreed && html`<p class="card warn">${say('visit.asked.again')}</p>`}`}
      ${would.length > 0 && html`<ul class="known" aria-label=${say('would')}>${would.map((w) => html`<li key=${w.kind + w.to}>${known('would.' + w.kind, '') || say('would.' + w.to, { n: w.n })}</li>`)}</ul>`}
      ${gone && html`<p class="card warn" role="alert">${say('slot.gone')}</p>`}<${Failed} error=${book.error || no} />
      <button class="btn primary wide" disabled=${book.busy || !one || !!no}>${say(visit ? 'slot.move' : 'slot.book')}</button></form>`}`;
};
