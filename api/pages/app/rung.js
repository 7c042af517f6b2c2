import { useEffect, useState } from 'preact/hooks';
import { note, onIt } from './alarms.js';
import { html } from './html.js';
import { ask, key, Refused } from './net.js';
import { Field } from './parts.js';
import { say, useNow } from './state.js';
import { map } from './today.js';
import { clock } from './when.js';

/** Rung is the alarm of somebody else, for whoever is rung for it: call them, go there, say that one is on it, end it. @param {{id: string}} p */
export const Rung = ({ id }) => {
  const s = useNow();
  const [a, setA] = useState(/** @type {import('api').components['schemas']['SOS'] | null} */ (null));
  const [wrong, setWrong] = useState(''), [words, setWords] = useState(''), [busy, setBusy] = useState(false), [turn, setTurn] = useState(0);
  useEffect(() => {
    let over = false, wait = 0;
    const look = async () => {
      try {
        const { json } = await ask('GET', '/v1/sos/' + id, { within: 8_000 });
        if (over) return;
        setA(json);
        note(json).catch(() => {});
        setWrong('');
        if (json.status === 'resolved') return;
      } catch (e) {
        if (!over) setWrong(e instanceof Refused ? e.message : say('net.needed'));
      }
      if (!over) wait = setTimeout(look, document.hidden ? 60_000 : 10_000);
    };
    look();
    return () => { over = true; clearTimeout(wait); };
  }, [id, turn]);
  const go = async (/** @type {string} */ what, /** @type {any} */ body) => {
    setBusy(true);
    try {
      await ask('POST', `/v1/sos/${id}/${what}`, { within: 8_000, body, headers: { 'Idempotency-Key': key() } });
      setWrong('');
    } catch (e) {
      setWrong(e instanceof Refused ? e.message : say('net.needed'));
    }
    setBusy(false);
    setTurn(turn + 1);
  };
  const at = a?.last_seen?.lat != null ? a.last_seen : a?.lat != null ? a : null, mine = a?.owner_id === s.me?.user.id, own = a?.raiser_id === s.me?.user.id, who = a?.raiser;
  return html`<main id="screen" tabindex="-1" class="sosscreen stack"><header class="top"><a class="btn plain small" href="#/">‹ ${say('back')}</a><h1 class="title">${say(own ? 'sos' : 'rung')}</h1></header>
    <p role="alert" class="wrong">${wrong}</p>
    ${!a && !wrong && html`<p class="empty card" role="status">${say('loading')}</p>`}
    ${a && html`<section class=${'card stack ' + (a.status === 'raised' ? 'danger' : a.status === 'acknowledged' ? 'good' : '')} role="status" aria-live="assertive"><b class="big">${own ? s.me?.user.name : who?.name || say('rung.somebody')}</b>
        <p>${onIt({ status: a.status, mine, owner: a.owner?.name || '' })}</p>
        <p class="dense">${say('sos.since', { at: clock(a.occurred_at) })}${a.last_seen?.battery != null ? ` · ${a.last_seen.battery} %` : ''}</p>${a.note && html`<p>${a.note}</p>`}${a.advice && html`<p class="dense">${a.advice}</p>`}</section>
      ${a.actions.includes('acknowledge') && html`<button class="btn primary wide tall" disabled=${busy} onClick=${() => go('acknowledge', {})}>${say('rung.on')}</button>`}
      ${who?.phone && html`<a class="btn wide tall" href=${'tel:' + who.phone}>☎ ${say('sos.number', { n: who.name })}</a>`}
      ${a.status !== 'resolved' && html`<a class="btn danger wide tall" href=${'tel:' + a.emergency_number}>☎ ${say('sos.number', { n: a.emergency_number })}</a>`}
      ${at ? html`<a class="btn wide" href=${map(at)}>➤ ${say('rung.there')}</a>` : html`<p class="quiet">${say('rung.noplace')}</p>`}
      ${a.actions.includes('resolve') && html`<form class="card stack" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); go('resolve', { words: words.trim(), outcome: 'real' }); }}>
        <${Field} id="rungwords" label=${say('rung.words')} value=${words} set=${setWords} lines=${2} more=${{ maxLength: 2000 }} />
        <button class="btn wide" disabled=${busy || !words.trim()}>${say('rung.end')}</button></form>`}`}
    <p class="dense quiet">${say('sos.disclaimer')}</p></main>`;
};
