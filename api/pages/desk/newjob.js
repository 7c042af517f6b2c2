import { useEffect, useState } from 'preact/hooks';
import { html } from '../app/html.js';
import { isPhone } from './search.js';
import { get, key, Refused, send, state, useDraft, useNow } from './state.js';
import { Failed, Field, useMove } from './ui.js';
import { now } from './when.js';
import { known, say } from './words.js';

/** @typedef {import('api').components['schemas']} Schemas */

const categories = ['refrigerator', 'washing_machine', 'air_conditioner', 'dishwasher', 'oven', 'microwave', 'dryer', 'hob', 'water_heater', 'other'];

/** same reports whether two spellings are one number, with and without a country's code. @param {string} known @param {string} typed */
const same = (known, typed) => {
  const [a, b] = [known, typed].map((n) => n.replace(/\D/g, '').replace(/^0+/, ''));
  return b.length >= 8 && (a === b || a.endsWith(b) && a.length - b.length <= 3);
};

/** made registers something, or finds what an answer that was lost had registered. @param {string} path @param {string} id @param {any} body */
const made = (path, id, body) => send('POST', path, { id, ...body }).catch((e) => {
  if (e instanceof Refused && e.code === 'already_exists') return get(`${path}/${id}`);
  throw e;
});

/**
 * NewJob takes a call down: the phone first, which finds the household or makes one; then what is wrong. Registered, the place is the job's, where a
 * time is found and the link goes out.
 * @param {{home?: Schemas['Customer'], appliances?: Schemas['Appliance'][], phone?: string}} p
 */
export const NewJob = ({ home, appliances = [], phone = '' }) => {
  const s = useNow();
  const [f, put, drop] = useDraft('new:' + (home?.id || ''), () => ({ number: phone || home?.contacts.flatMap((k) => k.phones)[0] || '', name: '', address: '', landmark: '', postal: '', fault: '', category: appliances[0]?.category || 'refrigerator',
    appliance: appliances[0]?.id || '', tried: '', result: '', matters: '', urgent: false, critical: false, speaks: 'en', centre: s.me?.centre_id || s.centres[0]?.id || '', customer: key(), job: key() }));
  const set = (/** @type {string} */ name) => (/** @type {any} */ v) => put({ [name]: v });
  const { number, name, address, landmark, postal, fault, category, appliance, tried, result, matters, urgent, critical, speaks, centre } = f;
  const [found, setFound] = useState(/** @type {Schemas['Customer'] | null} */ (home || null)), [asked, setAsked] = useState(!!home);
  const [likely, setLikely] = useState(/** @type {Schemas['Customer'][]} */ ([])), [again, setAgain] = useState(0), [lost, setLost] = useState(/** @type {any} */ (null));
  useEffect(() => { if (phone && phone !== number) put({ number: phone }); }, [phone]);
  useEffect(() => {
    if (home) return undefined;
    setFound(null); // what was found was found for another number
    setLikely([]);
    setAsked(false);
    setLost(null);
    if (!isPhone(number)) return undefined;
    let over = false;
    const late = setTimeout(() => get(`/v1/customers?limit=10&q=${encodeURIComponent(number.replace(/[\s().-]/g, ''))}`).then(({ items }) => {
      if (over) return;
      const all = /** @type {Schemas['Customer'][]} */ (items).filter((c) => c.contacts.some((k) => k.phones.some((n) => same(n, number))));
      setLikely(all);
      setFound(all.length === 1 ? all[0] : null);
      setAsked(true);
    }, (e) => { if (!over) { setLost(e); setAsked(true); } }), 300);
    return () => { over = true; clearTimeout(late); };
  }, [number, again]);
  const make = useMove(async () => {
    let who = found;
    if (!who) {
      const place = state.centres.find((c) => c.id === centre);
      who = /** @type {Schemas['Customer']} */ (await made('/v1/customers', f.customer, { name: name.trim(), language: speaks, country: place?.country || undefined,
        contacts: [{ name: name.trim(), phones: [number.trim()], language: speaks }],
        sites: [{ address: address.trim(), landmark: landmark.trim() || undefined, postal_code: postal.trim() || undefined, zone: place?.zone }] }));
      setFound(who);
    }
    const registered = /** @type {Schemas['Job']} */ (await made('/v1/jobs', f.job, { customer_id: who.id, fault: fault.trim(), category, what_matters: matters.trim() || undefined,
      ...(appliance ? { appliance_id: appliance } : {}), ...(state.me?.centre_id ? {} : { centre_id: centre }), priority: urgent || critical ? 'urgent' : 'normal', safety_critical: critical,
      ...(tried.trim() ? { tried_steps: [{ what: tried.trim(), at: now().toISOString(), watched_by: 'nobody', result: result.trim() || say('tried.nochange') }] } : {}) }));
    drop();
    location.replace(`#/household/${who.id}?job=${registered.id}&do=${encodeURIComponent('slots - - - called')}`);
  });
  const own = (/** @type {string} */ id) => { const a = appliances.find((x) => x.id === id); put({ appliance: id, ...(a ? { category: a.category } : {}) }); };
  return html`${!home && html`<h1 class="title head">${say('new.title')}</h1>`}<form class="stack new" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); make.go(); }}>
    ${!home && html`<${Field} label=${say('new.phone')} value=${number} set=${set('number')} more=${{ type: 'tel', autocomplete: 'off', required: true, maxLength: 30 }} />`}
    <${Failed} error=${lost} again=${() => setAgain(again + 1)} />
    ${!home && likely.length > 0 && html`<fieldset class="slots"><legend class="label">${say('new.who')}</legend>${likely.map((c) => html`<label key=${c.id} class=${'slot' + (found === c ? ' on' : '')}>
      <input type="radio" name="who" checked=${found === c} onChange=${() => setFound(c)} /><b>${c.name}</b><span class="quiet">${c.sites[0]?.address || ''} ${c.may_be_known ? say('known.checked') : ''}</span></label>`)}
      <label class=${'slot' + (found ? '' : ' on')}><input type="radio" name="who" checked=${!found} onChange=${() => setFound(null)} /><b>${say('new.somebody')}</b><span></span></label></fieldset>
      ${found && html`<a class="btn small plain" href=${`#/household/${found.id}?do=new`}>${say('household.open')}</a>`}`}
    ${found ? '' : asked && html`${!likely.length && html`<p class="quiet" role="status">${say('new.unknown')}</p>`}
      <${Field} label=${say('new.name')} value=${name} set=${set('name')} more=${{ required: true, maxLength: 200, autocomplete: 'off' }} />
      <${Field} label=${say('new.address')} value=${address} set=${set('address')} more=${{ required: true, maxLength: 300, autocomplete: 'off' }} />
      <div class="two"><${Field} label=${say('new.landmark')} value=${landmark} set=${set('landmark')} more=${{ maxLength: 200, autocomplete: 'off' }} />
      <${Field} label=${say('new.postal')} value=${postal} set=${set('postal')} more=${{ maxLength: 20, autocomplete: 'off' }} /></div>
      <${Field} label=${say('new.language')} value=${speaks} set=${set('speaks')} options=${/** @type {[string, string][]} */ ([['en', 'English'], ['hi', 'हिन्दी'], ['mr', 'मराठी']])} />`}
    ${!s.me?.centre_id && s.centres.length > 1 && html`<${Field} label=${say('new.centre')} value=${centre} set=${set('centre')} options=${s.centres.map((c) => /** @type {[string, string]} */ ([c.id, c.name]))} />`}
    <${Field} label=${say('new.fault')} value=${fault} set=${set('fault')} lines=${2} more=${{ required: true, maxLength: 2000 }} />
    ${appliances.length > 0 ? html`<${Field} label=${say('new.appliance')} value=${appliance} set=${own} options=${[...appliances.map((a) => /** @type {[string, string]} */ ([a.id, [known('category.' + a.category, a.category), a.serial].filter(Boolean).join(', ')])), /** @type {[string, string]} */ (['', say('new.another')])]} />` : ''}
    ${!appliance && html`<${Field} label=${say('new.category')} value=${category} set=${set('category')} options=${categories.map((c) => /** @type {[string, string]} */ ([c, known('category.' + c, c)]))} />`}
    <div class="two"><${Field} label=${say('new.tried')} value=${tried} set=${set('tried')} more=${{ maxLength: 300 }} /><${Field} label=${say('new.result')} value=${result} set=${set('result')} more=${{ maxLength: 300 }} /></div>
    <${Field} label=${say('new.matters')} value=${matters} set=${set('matters')} more=${{ maxLength: 1000 }} />
    <div class="row"><label class="row"><input type="checkbox" checked=${urgent} onChange=${(/** @type {any} */ e) => put({ urgent: e.target.checked })} /> ${say('urgent')}</label>
      <label class="row"><input type="checkbox" checked=${critical} onChange=${(/** @type {any} */ e) => put({ critical: e.target.checked })} /> ${say('critical.ask')}</label></div>
    <${Failed} error=${make.error} /><button class="btn primary wide" disabled=${make.busy || !home && !asked}>${say('new.times')}</button></form>`;
};
