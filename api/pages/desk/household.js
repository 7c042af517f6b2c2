import { useEffect } from 'preact/hooks';
import { html } from '../app/html.js';
import { Caller, Contact, EndCall } from './contact.js';
import { JobCard } from './job.js';
import { NewJob } from './newjob.js';
import { Slots } from './slots.js';
import { get, takesCalls, useLoad, zone } from './state.js';
import { Timeline } from './timeline.js';
import { Drawer, Failed, Phone, refOf, Waiting } from './ui.js';
import { known, say } from './words.js';

/** @typedef {import('api').components['schemas']} Schemas */

const ended = (/** @type {Schemas['Job']} */ j) => j.status === 'closed' || j.status === 'cancelled';

/**
 * Household is one home on one page: what matters first, numbers, jobs, what was promised, what happened.
 * @param {{id: string, job: string, panel: string}} p
 */
export const Household = ({ id, job, panel }) => {
  const home = useLoad(async () => {
    const [customer, jobs, appliances] = await Promise.all([get('/v1/customers/' + id), get(`/v1/jobs?limit=20&customer_id=${id}`),
      get(`/v1/appliances?limit=20&customer_id=${id}`).catch(() => ({ items: [] }))]);
    /** @type {Schemas['Job'][]} */
    const list = jobs.items;
    list.sort((a, b) => Number(ended(a)) - Number(ended(b)) || b.opened_at.localeCompare(a.opened_at));
    return { customer: /** @type {Schemas['Customer']} */ (customer), jobs: list, appliances: /** @type {Schemas['Appliance'][]} */ (appliances.items) };
  }, [id]);
  const d = home.data, listed = !!d?.jobs.some((j) => j.id === job);
  const other = useLoad(async () => /** @type {Schemas['Job'] | null} */ (job && d && !listed ? await get('/v1/jobs/' + job) : null), [job, !!d]); // registered since, or long over
  const one = other.data && other.data.id === job && other.data.customer_id === id ? other.data : null;
  const jobs = d ? listed || !one ? d.jobs : [one, ...d.jobs] : [], current = jobs.find((j) => j.id === job) || (job && !listed && !other.error && other.data === undefined ? undefined : jobs[0]);
  const open = panel, setOpen = (/** @type {string} */ to) => location.replace(`#/household/${id}${[current && 'job=' + current.id, to && 'do=' + encodeURIComponent(to)].filter(Boolean).map((q, i) => (i ? '&' : '?') + q).join('')}`);
  const close = () => setOpen('');
  useEffect(() => {
    const typed = (/** @type {KeyboardEvent} */ e) => {
      if (e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(/** @type {HTMLElement} */ (e.target).tagName)) return;
      const to = /** @type {Record<string, string>} */ ({ c: 'contact', n: 'new', v: 'caller' })[e.key];
      if (to && takesCalls()) { e.preventDefault(); setOpen(to); }
    };
    addEventListener('keydown', typed);
    return () => removeEventListener('keydown', typed);
  }, [current?.id]);
  if (!d) return html`<${Failed} error=${home.error} again=${home.reload} />${!home.error && html`<${Waiting} />`}`;
  const c = d.customer, site = c.sites[0], z = site?.zone || zone(current?.centre_id);
  const matters = [...new Set(jobs.filter((j) => !ended(j)).map((j) => j.what_matters).filter(Boolean))];
  const slots = open.split(' ').map((x) => (x === '-' ? '' : x)); // slots, a visit to move, a day and part that were asked for, a call
  slots[1] ||= '';
  const voice = c.contacts.find((k) => k.voice_only);
  const done = () => { close(); home.reload(); };
  return html`<${Failed} error=${home.error} again=${home.reload} />
    <div class="spread head"><div><h1 class="big">${c.name}</h1>
      <p class="quiet">${[site && [site.address, site.landmark, site.postal_code].filter(Boolean).join(', '), known('language.' + c.language, c.language)].filter(Boolean).join(' · ')}</p></div>
      ${takesCalls() && html`<div class="row acts">${current && html`<button class="btn small" onClick=${() => setOpen('caller')}>${say('caller.title')} <kbd>v</kbd></button>
        <button class="btn small" onClick=${() => setOpen('contact')}>${say('contact.title')} <kbd>c</kbd></button>`}
        <button class="btn small primary" onClick=${() => setOpen('new')}>${say('new.title')} <kbd>n</kbd></button></div>`}</div>
    ${c.may_be_known && html`<p class="card warn">△ ${say('known.say')}</p>`}
    ${c.merged_into && html`<p class="card warn"><a href=${'#/household/' + c.merged_into}>${say('merged')}</a></p>`}
    ${(matters.length > 0 || voice) && html`<section class="card matters"><h2 class="label">${say('matters')}</h2>
      ${matters.map((m) => html`<p key=${m} class="strong">${m}</p>`)}${voice && html`<p class="quiet">${say('voice.only', { who: voice.name })}</p>`}</section>`}
    <section class="card people" aria-label=${say('numbers')}>${c.contacts.map((k) => html`<span key=${k.id}>${k.name}${k.relation && k.relation !== 'self' ? ` (${known('relation.' + k.relation, k.relation)})` : ''}
      ${k.phones.map((n) => html` <${Phone} key=${n} number=${n} name=${k.name} />`)}${k.struck_phones.map((n) => html` <s key=${n} class="quiet">${n}</s>`)}</span>`)}
      ${d.appliances.length > 0 && html`<span class="quiet">${d.appliances.map((a) => [known('category.' + a.category, a.category), a.brand, a.model, a.serial].filter(Boolean).join(' ')).join(' · ')}</span>`}</section>
    ${jobs.length === 0 && html`<p class="empty">${say('household.nojobs')}</p>`}
    <div class="grid">${jobs.filter((j) => !ended(j) || j === current).map((j) => html`<${JobCard} key=${j.id} job=${j} zone=${z} current=${j === current}
      home=${c} act=${setOpen} />`)}</div>
    ${jobs.filter(ended).length > 0 && html`<details class="earlier"><summary>${say('earlier', { n: jobs.filter(ended).length })}</summary>
      <ul class="rows">${jobs.filter(ended).map((j) => html`<li key=${j.id}><a href=${`#/household/${id}?job=${j.id}`}><b>${known('category.' + j.category, j.category)}</b>
        <span class="quiet">${j.fault}</span><span>${refOf(j)}</span></a></li>`)}</ul></details>`}
    ${current && html`<${Timeline} job=${current.id} zone=${z} />`}
    ${open === 'new' && html`<${Drawer} title=${say('new.title')} close=${close}><${NewJob} home=${c} appliances=${d.appliances} /><//>`}
    ${current && open === 'contact' && html`<${Drawer} title=${say('contact.title')} close=${close}><${Contact} job=${current} home=${c} done=${done} to=${setOpen} /><//>`}
    ${current && open === 'caller' && html`<${Drawer} title=${say('caller.title')} close=${close}><${Caller} job=${current} home=${c} zone=${z} done=${done} to=${setOpen} /><//>`}
    ${current && open === 'end' && html`<${Drawer} title=${say('end.title')} close=${close}><${EndCall} job=${current} zone=${z} done=${done} /><//>`}
    ${current && slots[0] === 'slots' && html`<${Drawer} title=${say('slots.title')} close=${close}>${slots[4] === 'called' && html`<p class="card good" role="status">✓ ${say('new.made', { ref: refOf(current) })}</p>
      ${current.may_be_known && html`<p class="card warn">△ ${say('known.say')}</p>`}`}<${Slots} key=${current.id + open} job=${current} visit=${slots[1]} zone=${z} home=${c} called=${slots[4] === 'called'} wish=${slots[2] ? { date: slots[2], part: slots[3] || 'any' } : undefined} done=${done} /><//>`}`;
};
