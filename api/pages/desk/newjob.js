import { useEffect, useState } from 'preact/hooks';
import { html } from '../app/html.js';
import { isPhone } from './search.js';
import { get, key, Refused, send, state, useNow, zone } from './state.js';
import { Slots } from './slots.js';
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
 * NewJob takes a call down: the phone first, which finds the household or makes one; then what is wrong; then a time, and the link goes out.
 * @param {{home?: Schemas['Customer'], appliances?: Schemas['Appliance'][], phone?: string, done?: () => void}} p
 */
export const NewJob = ({ home, appliances = [], phone = '', done }) => {
  const s = useNow();
  const [number, setNumber] = useState(phone || home?.contacts.flatMap((k) => k.phones)[0] || ''), [found, setFound] = useState(/** @type {Schemas['Customer'] | null} */ (home || null));
  const [asked, setAsked] = useState(!!home), [name, setName] = useState(''), [address, setAddress] = useState(''), [landmark, setLandmark] = useState(''), [postal, setPostal] = useState('');
  const [fault, setFault] = useState(''), [category, setCategory] = useState(appliances[0]?.category || 'refrigerator'), [appliance, setAppliance] = useState(appliances[0]?.id || '');
  const [tried, setTried] = useState(''), [result, setResult] = useState(''), [matters, setMatters] = useState(''), [urgent, setUrgent] = useState(false), [critical, setCritical] = useState(false);
  const [speaks, setSpeaks] = useState('en'), [centre, setCentre] = useState(s.me?.centre_id || s.centres[0]?.id || ''), [ids] = useState(() => ({ customer: key(), job: key() }));
  const [job, setJob] = useState(/** @type {Schemas['Job'] | null} */ (null));
  const [likely, setLikely] = useState(/** @type {Schemas['Customer'][]} */ ([])), [again, setAgain] = useState(0), [lost, setLost] = useState(/** @type {any} */ (null));
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
      who = /** @type {Schemas['Customer']} */ (await made('/v1/customers', ids.customer, { name: name.trim(), language: speaks, country: place?.country || undefined,
        contacts: [{ name: name.trim(), phones: [number.trim()], language: speaks }],
        sites: [{ address: address.trim(), landmark: landmark.trim() || undefined, postal_code: postal.trim() || undefined, zone: place?.zone }] }));
      setFound(who);
    }
    const registered = /** @type {Schemas['Job']} */ (await made('/v1/jobs', ids.job, { customer_id: who.id, fault: fault.trim(), category, what_matters: matters.trim() || undefined,
      ...(appliance ? { appliance_id: appliance } : {}), ...(state.me?.centre_id ? {} : { centre_id: centre }), priority: urgent || critical ? 'urgent' : 'normal', safety_critical: critical,
      ...(tried.trim() ? { tried_steps: [{ what: tried.trim(), at: now().toISOString(), watched_by: 'nobody', result: result.trim() || say('tried.nochange') }] } : {}) }));
    setJob(registered);
  });
  const finish = () => { location.hash = `#/household/${found?.id}`; done?.(); };
  if (job && found) return html`<p class="card good" role="status">✓ ${say('new.made', { ref: job.external_ref || known('category.' + category, category) })}</p>
    ${job.may_be_known && html`<p class="card warn">△ ${say('known.say')}</p>`}<${Slots} job=${job} visit="" zone=${found.sites[0]?.zone || zone(job.centre_id)} home=${found} called=${true} done=${finish} />
    <a class="btn small plain" href=${'#/household/' + found.id} onClick=${() => done?.()}>${say('new.later')}</a>`;
  const own = (/** @type {string} */ id) => { setAppliance(id); const a = appliances.find((x) => x.id === id); if (a) setCategory(a.category); };
  return html`${!home && html`<h1 class="title head">${say('new.title')}</h1>`}<form class="stack new" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); make.go(); }}>
    ${!home && html`<${Field} label=${say('new.phone')} value=${number} set=${setNumber} more=${{ type: 'tel', autocomplete: 'off', required: true, maxLength: 30 }} />`}
    <${Failed} error=${lost} again=${() => setAgain(again + 1)} />
    ${!home && likely.length > 0 && html`<fieldset class="slots"><legend class="label">${say('new.who')}</legend>${likely.map((c) => html`<label key=${c.id} class=${'slot' + (found === c ? ' on' : '')}>
      <input type="radio" name="who" checked=${found === c} onChange=${() => setFound(c)} /><b>${c.name}</b><span class="quiet">${c.sites[0]?.address || ''} ${c.may_be_known ? say('known.checked') : ''}</span></label>`)}
      <label class=${'slot' + (found ? '' : ' on')}><input type="radio" name="who" checked=${!found} onChange=${() => setFound(null)} /><b>${say('new.somebody')}</b><span></span></label></fieldset>
      ${found && html`<a class="btn small plain" href=${`#/household/${found.id}?do=new`}>${say('household.open')}</a>`}`}
    ${found ? '' : asked && html`${!likely.length && html`<p class="quiet" role="status">${say('new.unknown')}</p>`}
      <${Field} label=${say('new.name')} value=${name} set=${setName} more=${{ required: true, maxLength: 200, autocomplete: 'off' }} />
      <${Field} label=${say('new.address')} value=${address} set=${setAddress} more=${{ required: true, maxLength: 300, autocomplete: 'off' }} />
      <div class="two"><${Field} label=${say('new.landmark')} value=${landmark} set=${setLandmark} more=${{ maxLength: 200, autocomplete: 'off' }} />
      <${Field} label=${say('new.postal')} value=${postal} set=${setPostal} more=${{ maxLength: 20, autocomplete: 'off' }} /></div>
      <${Field} label=${say('new.language')} value=${speaks} set=${setSpeaks} options=${/** @type {[string, string][]} */ ([['en', 'English'], ['hi', 'हिन्दी'], ['mr', 'मराठी']])} />`}
    ${!s.me?.centre_id && s.centres.length > 1 && html`<${Field} label=${say('new.centre')} value=${centre} set=${setCentre} options=${s.centres.map((c) => /** @type {[string, string]} */ ([c.id, c.name]))} />`}
    <${Field} label=${say('new.fault')} value=${fault} set=${setFault} lines=${2} more=${{ required: true, maxLength: 2000 }} />
    ${appliances.length > 0 ? html`<${Field} label=${say('new.appliance')} value=${appliance} set=${own} options=${[...appliances.map((a) => /** @type {[string, string]} */ ([a.id, [known('category.' + a.category, a.category), a.serial].filter(Boolean).join(', ')])), /** @type {[string, string]} */ (['', say('new.another')])]} />` : ''}
    ${!appliance && html`<${Field} label=${say('new.category')} value=${category} set=${setCategory} options=${categories.map((c) => /** @type {[string, string]} */ ([c, known('category.' + c, c)]))} />`}
    <div class="two"><${Field} label=${say('new.tried')} value=${tried} set=${setTried} more=${{ maxLength: 300 }} /><${Field} label=${say('new.result')} value=${result} set=${setResult} more=${{ maxLength: 300 }} /></div>
    <${Field} label=${say('new.matters')} value=${matters} set=${setMatters} more=${{ maxLength: 1000 }} />
    <div class="row"><label class="row"><input type="checkbox" checked=${urgent} onChange=${(/** @type {any} */ e) => setUrgent(e.target.checked)} /> ${say('urgent')}</label>
      <label class="row"><input type="checkbox" checked=${critical} onChange=${(/** @type {any} */ e) => setCritical(e.target.checked)} /> ${say('critical.ask')}</label></div>
    <${Failed} error=${make.error} /><button class="btn primary wide" disabled=${make.busy || !home && !asked}>${say('new.times')}</button></form>`;
};
